//! `completions`: the scripts work in their shells, with what the configuration has.

#![cfg(target_os = "linux")]

use std::{
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    pty::Pty,
    sandbox::{Outcome, Sandbox},
};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// The shells in which completions are run.
const RUN: [&str; 3] = ["bash", "fish", "zsh"];

/// Calls the function that bash calls.
const BASH: &str = r#"
source "$1"
COMP_WORDS=($3)
[[ $3 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_TYPE=9
registered=$(complete -p "$2")
function=${registered#*-F }
"${function%% *}" "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"#;

/// Completes a line as fish does, and leaves out the descriptions.
const FISH: &str = r#"
source $argv[1]
complete -C "$argv[3]" | string replace -r '\t.*' ''
"#;

/// Makes TAB show what is offered, between two marks. Nothing of zsh is replaced, and nothing waits: the marks are
/// written before and after the list.
const ZSH: &str = r"
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit
compinit -u -D
bindkey -e
function offer() {
  print -rn -- $'\n<offered>\n'
  zle list-choices
  zle -R
  print -rn -- $'\n</offered>\n'
}
zle -N offer
bindkey '^I' offer
# It never asks whether to show a long list.
LISTMAX=100000
PROMPT='<ready>'
";

/// A user's folder with the program and its scripts.
struct Place {
    sandbox: Sandbox,
    program: &'static str,
}

impl Place {
    fn new(program: &'static str, configuration: &str) -> Self {
        let sandbox = Sandbox::with(configuration);
        std::fs::create_dir(sandbox.path("bin")).unwrap();
        let binary = sandbox.path("bin").join(program);
        symlink(env!("CARGO_BIN_EXE_authn"), &binary).unwrap();
        for shell in RUN {
            let script = Command::new(&binary).args(["completions", shell]).output().unwrap();
            let script = Outcome::of(script).done();
            sandbox.file(&format!("{shell}/_{program}"), script);
        }
        sandbox.file("zsh/.zshrc", ZSH);
        Self { sandbox, program }
    }

    /// Returns the words that a shell proposes for the last word of a line, in alphabetical order.
    fn proposed(&self, shell: &str, line: &str) -> Vec<String> {
        let (flags, code): (&[&str], _) = match shell {
            "bash" => (&["--norc", "--noprofile", "-c"], BASH),
            "fish" => (&["--no-config", "-c"], FISH),
            _ => return self.typed_in_zsh(line),
        };
        let mut command = Command::new(shell);
        command.args(flags).arg(code);
        if shell == "bash" {
            command.arg(shell);
        }
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.sandbox.path("bin").display());
        let script: PathBuf = self.sandbox.path(shell).join(format!("_{}", self.program));
        command
            .arg(script)
            .args([self.program, line])
            .current_dir(self.sandbox.path("repo"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.sandbox.path("home"))
            .env("XDG_CONFIG_HOME", self.sandbox.path("home/.config"))
            .stdin(Stdio::null());
        let outcome = Outcome::of(command.output().expect(shell));
        // `compopt` complains outside of a completion.
        let complaints = outcome.stderr.lines().filter(|line| !line.contains("compopt"));
        assert_eq!(complaints.count(), 0, "{shell}, {line}: {outcome:?}");
        let mut words: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
        words.sort();
        words
    }

    /// Types a line and TAB in a terminal, and returns the words of the list.
    fn typed_in_zsh(&self, line: &str) -> Vec<String> {
        let mut command = Command::new("zsh");
        command
            .args(["-d", "-i"])
            .current_dir(self.sandbox.path("repo"))
            .env("BIN", self.sandbox.path("bin"))
            .env("ZDOTDIR", self.sandbox.path("zsh"))
            .env("HOME", self.sandbox.path("home"))
            .env("XDG_CONFIG_HOME", self.sandbox.path("home/.config"));
        // Large enough for each description and for the longest list.
        let script = "stty rows 5000 cols 1000; PATH=$BIN:$PATH; exec \"$@\"";
        let mut terminal = Pty::start(script, &command);
        terminal.wait_for("<ready>");
        terminal.type_in(&format!("{line}\t"));
        terminal.wait_for("<offered>");
        let list = terminal.wait_for("</offered>");
        terminal.type_in("\u{15}exit\r");
        terminal.end();
        let lines = list.lines().filter(|line| !line.starts_with("<ready>"));
        let words = lines.filter_map(|line| line.split(" -- ").next());
        let mut words: Vec<String> =
            words.flat_map(str::split_whitespace).map(str::to_owned).collect();
        words.sort();
        words
    }

    #[track_caller]
    fn proposes(&self, line: &str, expected: &[&str]) {
        for shell in RUN {
            assert_eq!(self.proposed(shell, line), expected, "{shell}: {line}");
        }
    }
}

const CONFIGURATION: &str = "\
default_profile = 'production'

[credentials]
domain = 'a.test'

[profile.production.credentials.oauth]
issuer_url = 'https://idp.test'
client_id = 'app'
client_secret = { command = ['touch', 'ran'] }

[profile.preview.credentials.basic]
username = 'ann'
password = { file = '/nowhere' }
";

#[test]
fn each_shell_completes_commands_flags_and_words() {
    let place = Place::new("authn", CONFIGURATION);
    place.proposes("authn stat", &["status"]);
    place.proposes("authn config che", &["check"]);
    place.proposes("authn -p production config check --net", &["--network"]);
    place.proposes("authn --color al", &["always"]);
    place.proposes("authn completions z", &["zsh"]);
    for shell in RUN {
        let all = place.proposed(shell, "authn ");
        for command in ["config", "doctor", "header", "man", "options", "providers", "token"] {
            assert!(all.contains(&command.to_owned()), "{shell}, {command}: {all:?}");
        }
    }
}

#[test]
fn each_shell_completes_profiles_keys_sections_and_providers() {
    let place = Place::new("authn", CONFIGURATION);
    place.proposes("authn -p pr", &["preview", "production"]);
    place.proposes("authn token --profile prod", &["production"]);
    place.proposes("authn providers api", &["api_key"]);
    place.proposes("authn config init oa", &["oauth", "oauth1"]);
    place.proposes("authn options ht", &["http"]);
    place.proposes("authn options http.time", &["http.timeout"]);
    place.proposes("authn config set http.t", &["http.timeout"]);
    // Those of the active provider, and of another one if its key is typed.
    place.proposes("authn config set credentials.oauth.client_i", &["credentials.oauth.client_id"]);
    place.proposes(
        "authn config set credentials.basic.pass",
        &[
            "credentials.basic.password",
            "credentials.basic.password.env",
            "credentials.basic.password.file",
        ],
    );
    place.proposes(
        "authn -p preview config show credentials.basic.user",
        &["credentials.basic.username"],
    );
    place.proposes("authn config unset credentials.d", &["credentials.domain"]);
    place.proposes("authn config unset http", &[]);
    place.proposes("authn config set credentials.oauth.grant_type client", &["client_credentials"]);
    place.proposes("authn config set credentials.oauth.preset gith", &["github"]);
    place.proposes("authn config set default_profile pre", &["preview"]);
    place.proposes("authn token --set http.user", &["http.user_agent="]);
    place.proposes(
        "authn token --set credentials.oauth.client_sec",
        &["credentials.oauth.client_secret.env=", "credentials.oauth.client_secret.file="],
    );
    assert!(!place.sandbox.path("repo/ran").exists(), "a command was run");
}

#[test]
fn the_flags_on_the_line_choose_the_configuration() {
    let place = Place::new("authn", CONFIGURATION);
    place.sandbox.file("repo/own.toml", "[profile.own.credentials]\ndomain = 'b.test'\n");
    place.sandbox.file("home/.config/fdt/config.toml", "[profile.theirs.http]\ntimeout = 5\n");
    place.proposes("authn --config own.toml -p o", &["own"]);
    place.proposes("authn --app fdt token -p t", &["theirs"]);
}

#[test]
fn a_broken_configuration_is_no_obstacle() {
    let place = Place::new("authn", "[credentials\n");
    place.proposes("authn stat", &["status"]);
    place.proposes("authn config set http.t", &["http.timeout"]);
    place.proposes("authn -p pr", &[]);
}

#[test]
fn they_complete_the_name_that_the_program_was_started_by() {
    let place = Place::new("corp-cli", CONFIGURATION);
    place.proposes("corp-cli config sh", &["show"]);
    place.proposes("corp-cli -p prev", &["preview"]);
}

#[test]
fn each_shell_has_a_script_that_needs_no_configuration() {
    let sandbox = Sandbox::with("[credentials\n");
    for shell in SHELLS {
        let script = sandbox.run(&["completions", shell]).done();
        for word in ["authn", "_AUTHN_COMPLETE"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(sandbox.run(&["completions", "tcsh"]).code, 2);
}

/// The words that are proposed, and what a script that asks wrongly gets, contain no secret.
#[test]
fn no_secret_is_proposed() {
    const SECRET: &str = "completion-canary";
    let text = format!(
        "[credentials]\ndomain = 'a.test'\n[credentials.basic]\nusername = 'ann'\npassword = '{SECRET}'\n"
    );
    let place = Place::new("authn", &text);
    for line in [
        "authn config show ",
        "authn config set ",
        "authn config unset ",
        "authn --set ",
        "authn config set credentials.basic.password ",
    ] {
        for shell in RUN {
            let words = place.proposed(shell, line).join(" ");
            assert!(!words.contains(SECRET), "{shell}: {line}");
        }
    }
    let mut command = place.sandbox.command(&["--", "authn", "config", "show", ""]);
    let outcome = Outcome::of(command.env("_AUTHN_COMPLETE", "zsh").output().unwrap());
    assert!(!(outcome.stdout + &outcome.stderr).contains(SECRET));
}

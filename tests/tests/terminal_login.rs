//! `login` at a terminal, as a person sees it: links, codes, questions, the time left, and how it ends.
//!
//! The screens are in `tests/snapshots`, and stand in the documentation. With `UPDATE_SNAPSHOTS=1` in the
//! environment they are written instead: look at what changed before you commit it.

#![cfg(unix)]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    terminal::Terminal,
    waiting,
};
use serde_json::Value;

/// As a server gives them, with what is used once.
const LINK: &str = "https://idp.example.com/authorize?response_type=code&client_id=cli\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A41234%2Fcallback&scope=openid+offline_access\
    &state=Zt0yqRkW3y8hQ0mVtTnq2g&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
    &code_challenge_method=S256";
const CODE: &str = "WDJB-MJHT https://idp.example.com/device \
    https://idp.example.com/device?user_code=WDJB-MJHT";
const PAGE: &str = "https://idp.example.com/clients";
const PASTE: &str = "the address that the browser ends at, or the code in it";

/// The windows that are looked at.
const SIZES: [(u16, u16); 2] = [(80, 24), (50, 32)];

/// A user whose provider logs in by steps, and the test that lets it go on.
struct Scene {
    sandbox: Sandbox,
    gate: TcpListener,
}

impl Scene {
    fn new(steps: &[&str]) -> Self {
        Self::with("user = 'alice'", steps)
    }

    fn with(options: &str, steps: &[&str]) -> Self {
        let mut sandbox = Sandbox::new();
        let state = sandbox.home().join(".local/state");
        sandbox.env("XDG_STATE_HOME", state);
        let gate = TcpListener::bind("127.0.0.1:0").expect("a free port");
        gate.set_nonblocking(true).expect("a gate that can be looked at");
        let address = gate.local_addr().expect("the port");
        let text = format!(
            "[credentials]\norigins = ['*']\n[credentials.staged]\naddress = '{address}'\n\
             steps = {steps:?}\n{options}\n[profile.work]\n"
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), text);
        Self { sandbox, gate }
    }

    /// Starts `login` with these arguments.
    fn login(&self, size: (u16, u16), arguments: &[&str]) -> Terminal {
        let program = binary("staged");
        let command = [&[program.to_str().expect("a path in UTF-8"), "login"], arguments].concat();
        Terminal::start(&self.sandbox, size, &command, &[])
    }

    /// Starts a script with the program as `$1`, which outlives an interrupt.
    fn script(&self, script: &str) -> Terminal {
        let program = binary("staged");
        let script = format!("trap : INT\n{script}");
        let command = ["sh", "-c", &script, "sh", program.to_str().expect("a path in UTF-8")];
        Terminal::start(&self.sandbox, (80, 24), &command, &[])
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.sandbox.run(binary("staged"), arguments)
    }

    /// Waits until the login is at its gate. It goes on when what this gives is dropped.
    #[track_caller]
    fn at_the_gate(&self) -> TcpStream {
        waiting::until("the login at its gate", || self.gate.accept().ok()).0
    }

    fn status(&self) -> Value {
        let shown = self.run(&["status", "--json"]).success();
        let mut shown: Value = serde_json::from_str(&shown).expect("a list");
        shown[0].take()
    }
}

/// Plays a scene in each window, with and without colour, and gives the names of its screens.
fn in_each_window(
    name: &str,
    options: &str,
    steps: &[&str],
    play: impl Fn(&Scene, &Terminal, &dyn Fn(&str)),
) {
    for size in SIZES {
        for (colour, suffix) in [("never", ""), ("always", "-colour")] {
            let scene = Scene::with(options, steps);
            let terminal = scene.login(size, &["--color", colour]);
            let check = |moment: &str| {
                let name = format!("login-{name}{moment}-{}{suffix}", size.0);
                let screen = match suffix {
                    "" => terminal.screen(),
                    _ => terminal.screen_with_colours().replace('\u{1b}', "\\e"),
                };
                is_snapshot(&name, &screen);
            };
            play(&scene, &terminal, &check);
        }
    }
}

/// Compares a screen with its file. Time that is left and what turns are the same each time.
#[track_caller]
fn is_snapshot(name: &str, screen: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{name}.txt"));
    let spinner = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
    let screen = frozen(&screen.replace(spinner, "⠋"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for snapshots");
        fs::write(&file, screen).expect("a snapshot");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let file = file.display();
    assert!(screen == expected, "{file} is not what is shown:\n{screen}\nbut\n{expected}");
}

/// Has each time that is left be the same.
fn frozen(screen: &str) -> String {
    let mut parts = screen.split(" left").peekable();
    let mut frozen = String::new();
    while let Some(part) = parts.next() {
        let time = |letter: char| letter.is_ascii_digit() || " ms".contains(letter);
        match parts.peek() {
            Some(_) => frozen.extend([part.trim_end_matches(time), "4m 58s left"]),
            None => frozen.push_str(part),
        }
    }
    frozen
}

#[test]
fn a_browser_is_waited_for() {
    let link = format!("browser {LINK}");
    let steps = [&link, "opened", "waiting 298", "gate", "exchanging", "exchange"];
    in_each_window("browser", "user = 'alice'", &steps, |scene, terminal, check| {
        let gate = scene.at_the_gate();
        terminal.wait_for("waiting for the browser");
        check("");
        drop(gate);
        let gate = scene.at_the_gate();
        terminal.wait_for("asking the server for the tokens");
        drop(gate);
        assert_eq!(terminal.wait_for_end(), 0);
        check("-end");
    });
}

#[test]
fn a_code_is_typed_in_elsewhere() {
    let code = format!("code {CODE}");
    let steps = [&code, "waiting 298", "gate"];
    in_each_window("device", "user = 'alice'", &steps, |scene, terminal, check| {
        let gate = scene.at_the_gate();
        terminal.wait_for("waiting for the code");
        check("");
        drop(gate);
        assert_eq!(terminal.wait_for_end(), 0);
    });
}

#[test]
fn an_address_is_pasted() {
    let (link, ask) = (format!("link {LINK}"), format!("ask {PASTE}"));
    let options = "user = 'alice'\nrefreshes = false";
    in_each_window("console", options, &[&link, &ask, "exchanging"], |_, terminal, check| {
        terminal.wait_for(PASTE.trim_start_matches("the "));
        terminal.send("http://127.0.0.1:41234/callback?code=SplxlOBeZQQYbYS6WxSbIA");
        terminal.wait_for("SplxlOBeZQQYbYS6WxSbIA");
        check("");
        terminal.press("Enter");
        assert_eq!(terminal.wait_for_end(), 0);
        check("-end");
    });
}

#[test]
fn what_is_missing_is_asked_for_and_a_secret_is_not_shown() {
    let id = format!("ask client ID @ {PAGE}");
    let secret = format!("secret client secret @ {PAGE}");
    in_each_window("questions", "user = 'alice'", &[&id, &secret], |_, terminal, check| {
        terminal.wait_for("Client ID:");
        terminal.send("my-client\n");
        terminal.wait_for("Client secret (not shown):");
        terminal.send("s3cr3t");
        check("");
        terminal.press("Enter");
        assert_eq!(terminal.wait_for_end(), 0);
        assert!(!terminal.transcript().contains("s3cr3t"), "{}", terminal.transcript());
    });
}

#[test]
fn what_goes_wrong_is_said() {
    let link = format!("browser {LINK}");
    let steps = [
        &*link,
        "failed the browser could not be started (entity not found)",
        "waiting 298",
        "notice the server can't be reached just now, and is asked again",
        "refused the server refused the login (access_denied); ask whoever runs it",
    ];
    in_each_window("failure", "", &steps, |_, terminal, check| {
        assert_eq!(terminal.wait_for_end(), 5);
        check("");
    });
}

#[test]
fn ctrl_c_gives_up_at_once() {
    for steps in [&["browser x", "waiting 298", "gate"][..], &["other", "gate"], &["ask the name"]]
    {
        let scene = Scene::new(steps);
        let terminal = scene.login((80, 24), &[]);
        let held = steps.contains(&"gate").then(|| scene.at_the_gate());
        terminal.wait_for(if held.is_some() { "Ctrl-C gives up" } else { "The name:" });
        terminal.press("C-c");
        assert_eq!(terminal.wait_for_end(), 130);
        let screen = terminal.screen();
        assert!(screen.ends_with("error: the login was given up; start it again\n"), "{screen}");
        assert!(!screen.contains("Ctrl-C gives up"), "the spinner is gone\n{screen}");
        assert_eq!(scene.status()["has_token"], false);
    }
}

#[test]
fn the_terminal_is_as_before_after_a_secret_was_given_up() {
    let login = "\"$1\" login; echo code $?; stty -a >after";
    // An interrupt that is typed is read with the secret; the other comes from without.
    let child = "sh -c 'echo $$ >pid; exec \"$0\" login' \"$1\"; echo code $?; stty -a >after";
    for (script, keys) in [(login, Some("C-c")), (login, Some("C-d")), (child, None)] {
        let scene = Scene::new(&["secret the password"]);
        let terminal = scene.script(&format!("stty -a >before\n{script}"));
        terminal.wait_for("The password (not shown):");
        if let Some(keys) = keys {
            terminal.send("s3cr3t");
            // Ctrl-D ends what is empty only.
            terminal.press("C-u");
            terminal.press(keys);
        } else {
            let read = |name| fs::read_to_string(scene.sandbox.work().join(name));
            let pid = read("pid").expect("the number of the process");
            scene.sandbox.run("kill", &["-INT", pid.trim()]).success();
        }
        terminal.wait_for("code 130");
        assert_eq!(terminal.wait_for_end(), 0);
        let [before, after] = ["before", "after"]
            .map(|name| fs::read_to_string(scene.sandbox.work().join(name)).expect("the modes"));
        assert!(before.contains(" echo "), "{before}");
        assert_eq!(before, after);
        let screen = terminal.screen();
        assert!(!screen.contains("s3cr3t"), "{screen}");
        assert!(screen.contains("\nerror: the login was given up; start it again\n"), "{screen}");
    }
}

#[test]
fn what_a_server_gives_once_is_waited_for_after_ctrl_c() {
    let scene = Scene::new(&["link x", "exchanging", "exchange"]);
    let terminal = scene.login((80, 24), &[]);
    let gate = scene.at_the_gate();
    terminal.wait_for("asking the server for the tokens");
    terminal.press("C-c");
    terminal.wait_for("interrupted: waiting for the exchange under way");
    drop(gate);
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(scene.status()["has_token"], true);
}

#[test]
fn a_second_ctrl_c_ends_that_too() {
    let scene = Scene::new(&["exchanging", "exchange"]);
    let terminal = scene.login((80, 24), &[]);
    let _gate = scene.at_the_gate();
    terminal.wait_for("asking the server for the tokens");
    terminal.press("C-c");
    terminal.wait_for("interrupted: waiting for the exchange under way");
    terminal.press("C-c");
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(scene.status()["has_token"], false);
}

#[test]
fn the_end_of_the_input_gives_up() {
    let scene = Scene::new(&["ask the name"]);
    let terminal = scene.login((80, 24), &[]);
    terminal.wait_for("The name:");
    terminal.press("C-d");
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(terminal.screen(), "The name:\nerror: the login was given up; start it again\n");
}

#[test]
fn of_two_logins_one_asks() {
    let scene = Scene::new(&["ask the name", "gate"]);
    let one = scene.login((80, 24), &[]);
    one.wait_for("The name:");
    let other = scene.login((80, 24), &[]);
    other.wait_for("waiting for another login (Ctrl-C gives up)");
    one.press("Enter");
    drop(scene.at_the_gate());
    assert_eq!(one.wait_for_end(), 0);
    assert_eq!(other.wait_for_end(), 0);
    assert_eq!(
        other.screen(),
        "Another process has meanwhile logged in as alice.\n\
         Tokens are kept in the file store (~/.local/state/authn/tokens).\n"
    );
}

#[test]
fn nobody_is_asked_where_the_configuration_is_enough() {
    for store in ["file", "memory"] {
        let scene = Scene::with(&format!("store = '{store}'"), &["none"]);
        let terminal = scene.login((80, 24), &[]);
        assert_eq!(terminal.wait_for_end(), 0);
        let screen = terminal.screen();
        assert!(screen.starts_with("There is nobody to log in: "), "{screen}");
        assert!(screen.contains("`authn token` prints one."), "{screen}");
    }
}

#[test]
fn nobody_is_asked_for_a_session_that_ends_with_the_command() {
    for step in ["link x", "code A x", "ask the name"] {
        let scene = Scene::with("store = 'memory'", &[step, "gate"]);
        let terminal = scene.login((100, 24), &[]);
        assert_eq!(terminal.wait_for_end(), 3);
        assert_eq!(
            terminal.screen(),
            "error: the session would end with this command, because its tokens are kept in memory alone\n\
             help: set `credentials.staged.store` to `file`, or to another store that `authn stores` lists\n"
        );
    }
}

#[test]
fn a_simple_terminal_gets_no_control_character() {
    let simple = "TERM=dumb script -qec '\"$0\" login' typescript";
    let logged = "script -qec '\"$0\" -vvv --color never login' typescript";
    for command in [simple, logged] {
        let scene = Scene::new(&[
            "browser https://idp.example.com/authorize",
            "waiting 298",
            "waiting 297",
            "exchanging",
            "gate",
        ]);
        // `script` runs the command by a shell without arguments.
        let program = binary("staged");
        let command = command.replace("$0", program.to_str().expect("a path in UTF-8"));
        let terminal = scene.script(&command);
        drop(scene.at_the_gate());
        assert_eq!(terminal.wait_for_end(), 0);
        let written = fs::read_to_string(scene.sandbox.work().join("typescript")).expect("it");
        let written = written.replace("\r\n", "\n");
        let is_control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!written.contains(is_control), "{written:?}");
        assert_eq!(written.matches("waiting for the browser").count(), 1, "{written}");
        for line in ["asking the server for the tokens", "Logged in as alice."] {
            assert!(written.contains(&format!("\n{line}")), "{written}");
        }
    }
}

#[test]
fn standard_output_stays_empty() {
    let scene = Scene::new(&["browser x", "waiting 298", "ask the name", "exchanging"]);
    let terminal = scene.script("\"$1\" login >stdout");
    terminal.wait_for("The name:");
    terminal.press("Enter");
    terminal.wait_for("Logged in as alice.");
    assert_eq!(terminal.wait_for_end(), 0);
    let stdout = fs::read_to_string(scene.sandbox.work().join("stdout")).expect("a file");
    assert_eq!(stdout, "");
}

#[test]
fn without_a_terminal_it_ends_at_once() {
    let scene = Scene::new(&["gate"]);
    let outcome = scene.run(&["-p", "work", "login", "--browser"]);
    assert_eq!((outcome.code, &*outcome.stdout), (4, ""));
    assert!(outcome.stderr.contains("`staged login --profile work --browser`"), "{outcome:?}");
    let terminal = scene.script("\"$1\" login </dev/null; echo code $?; \"$1\" login 2>said");
    terminal.wait_for("standard input is none");
    assert_eq!(terminal.wait_for_end(), 4);
    assert!(terminal.screen().contains("\ncode 4\n"), "{}", terminal.screen());
    let said = fs::read_to_string(scene.sandbox.work().join("said")).expect("a file");
    assert!(said.contains("standard error is none"), "{said}");
    assert!(scene.gate.accept().is_err(), "nothing was begun");
}

#[test]
fn whoever_must_log_in_is_told_the_exact_command() {
    let scene = Scene::new(&[]);
    for (arguments, command) in [
        (&["token"][..], "staged login"),
        (&["-p", "work", "header", "--url", "https://a.example/"], "staged login --profile work"),
        (&["token", "--no-project", "--min-ttl", "1m"], "staged login --no-project"),
    ] {
        let outcome = scene.run(arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{outcome:?}");
        let said = format!("error: nobody is logged in; log in with `{command}`\n");
        assert_eq!(outcome.stderr, said);
    }
}

//! Starts a browser, never through a shell: the address comes from a server and is passed as one argument.
//!
//! The browser has its own process group, so that Ctrl-C ends only the program. The browser can outlive it.

use std::{
    env,
    ffi::OsStr,
    io,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use authn::{Login, Url, diagnostic::reason, time::Clock};

/// A command that fails within this time has shown nothing, so the next one is started.
const EARLY_EXIT: Duration = Duration::from_secs(5);

/// The result of starting a browser.
pub(crate) enum Browser {
    /// It was started.
    Opened,
    /// It could not be started, or ended with an error. The text is the reason.
    Failed(String),
}

/// Commands that start a browser. They are tried in order, until one exists and does not fail at once.
pub(crate) struct Browsers {
    commands: Vec<Vec<String>>,
    /// The provenance of the commands, for messages.
    from: &'static str,
}

impl Browsers {
    /// Returns the configured command, or else the commands of `BROWSER`, or else the desktop's.
    pub(crate) fn of(configured: Option<&[String]>, login: &Login) -> Self {
        if let Some(command) = configured {
            return Self { commands: vec![command.to_vec()], from: "the command in `browser`" };
        }
        match login.variable("BROWSER") {
            Some(variable) => {
                Self { commands: from_variable(variable), from: "the command in `BROWSER`" }
            }
            None => Self { commands: desktop(login), from: "the desktop's browser" },
        }
    }

    /// Starts a browser with an address in the background, and reports the result.
    pub(crate) fn open(self, url: &Url, clock: Clock, report: impl Fn(Browser) + Send + 'static) {
        let url = url.as_str().to_owned();
        let work = move || {
            if let Err(why) = self.start(&url, &clock, &report) {
                report(Browser::Failed(format!("{} {why}", self.from)));
            }
        };
        // If the thread can't be started, no browser opens; the link is shown anyway.
        drop(thread::Builder::new().name("authn browser".to_owned()).spawn(work));
    }

    /// Starts one command after the other until one does not fail at once. The error is the reason of the last failure.
    fn start(&self, url: &str, clock: &Clock, report: impl Fn(Browser)) -> Result<(), String> {
        let mut failure = None;
        let mut is_reported = false;
        for command in &self.commands {
            let started = clock.now();
            let mut child = match spawn(command, url) {
                Ok(child) => child,
                Err(error) => {
                    failure.get_or_insert_with(|| unstarted(&error));
                    continue;
                }
            };
            if !is_reported {
                report(Browser::Opened);
                is_reported = true;
            }
            // Most commands end at once and leave the browser running. Each is waited for, so that no zombie
            // process is left.
            match child.wait() {
                Ok(status) if !status.success() => {
                    let why = format!("ended with {status}");
                    if clock.now().after(started) > EARLY_EXIT {
                        return Err(why);
                    }
                    failure = Some(why);
                }
                _ => return Ok(()),
            }
        }
        Err(failure.unwrap_or_else(|| unstarted(&io::ErrorKind::NotFound.into())))
    }
}

fn unstarted(error: &io::Error) -> String {
    format!("can't be started ({})", reason(error))
}

/// Parses `BROWSER` like desktops do: colons separate commands, and each has words as in a POSIX shell, where quotes hold
/// spaces and colons together. Nothing is expanded. On Windows a colon is part of a path, and a backslash an ordinary
/// character. A command whose quote is not closed is left out.
fn from_variable(variable: &str) -> Vec<Vec<String>> {
    if cfg!(windows) {
        // No variable contains a NUL, so it can replace the backslashes, which must not escape anything.
        let words = shlex::split(&variable.replace('\\', "\0")).unwrap_or_default();
        let words = words.iter().map(|word| word.replace('\0', "\\")).collect::<Vec<_>>();
        return Some(words).filter(|words| !words.is_empty()).into_iter().collect();
    }
    let mut commands = Vec::new();
    let mut open = String::new();
    for part in variable.split(':') {
        open.push_str(part);
        match shlex::split(&open) {
            Some(words) => {
                commands.push(words);
                open.clear();
            }
            // The colon is within quotes.
            None => open.push(':'),
        }
    }
    commands.retain(|words| !words.is_empty());
    commands
}

fn desktop(login: &Login) -> Vec<Vec<String>> {
    // It passes the address unchanged; `start` and PowerShell would interpret it.
    const WINDOWS: &str = "rundll32.exe url.dll,FileProtocolHandler";
    let is_wsl =
        ["WSL_DISTRO_NAME", "WSL_INTEROP"].into_iter().any(|name| login.variable(name).is_some());
    let commands: &[&str] = if cfg!(windows) {
        &[WINDOWS]
    } else if cfg!(target_os = "macos") {
        &["open"]
    } else if is_wsl {
        &["wslview", WINDOWS, "xdg-open"]
    } else {
        &["xdg-open", "gio open", "sensible-browser", "x-www-browser"]
    };
    commands.iter().map(|command| command.split(' ').map(str::to_owned).collect()).collect()
}

fn spawn(command: &[String], url: &str) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut process = Command::new(program);
    process.args(with_address(arguments, url));
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for (name, _) in env::vars_os().filter(|(name, _)| may_be_secret(name)) {
        process.env_remove(name);
    }
    detach(&mut process);
    process.spawn()
}

/// Returns whether a variable can contain a secret of authn: an option with the prefix of any application, or a token
/// of an H2O Cloud client. A browser needs none of them.
fn may_be_secret(name: &OsStr) -> bool {
    // The tables that contain options.
    const TABLES: [&str; 4] = ["CREDENTIALS__", "PROFILE__", "STORES__", "HTTP__"];
    let name = name.to_string_lossy().to_uppercase();
    name.starts_with("AUTHN_")
        || TABLES.iter().any(|table| name.contains(table))
        || (name.starts_with("H2O_CLOUD_CLIENT_") && name.ends_with("_TOKEN"))
}

/// Replaces `%s` with the address, or appends the address if there is no `%s`.
fn with_address(arguments: &[String], url: &str) -> Vec<String> {
    let mut all: Vec<_> = arguments.iter().map(|argument| argument.replace("%s", url)).collect();
    if !arguments.iter().any(|argument| argument.contains("%s")) {
        all.push(url.to_owned());
    }
    all
}

#[cfg(unix)]
fn detach(process: &mut Command) {
    std::os::unix::process::CommandExt::process_group(process, 0);
}

#[cfg(windows)]
fn detach(process: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(process, CREATE_NEW_PROCESS_GROUP);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use authn::time::{ManualClock, Moment, Sleep, Time};

    use super::*;

    const ADDRESS: &str = "https://i.test/?a=b&c=%20;d";

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn outcomes(commands: Vec<Vec<String>>, url: &str) -> Vec<Browser> {
        // The clock does not move, so that every command ends at once.
        outcomes_at(Clock::custom(ManualClock::new()), commands, url)
    }

    fn outcomes_at(clock: Clock, commands: Vec<Vec<String>>, url: &str) -> Vec<Browser> {
        let (sender, receiver) = mpsc::channel();
        let browsers = Browsers { commands, from: "it" };
        let url = Url::parse(url).unwrap();
        browsers.open(&url, clock, move |browser| drop(sender.send(browser)));
        receiver.iter().collect()
    }

    #[test]
    fn the_address_is_one_argument() {
        assert_eq!(with_address(&words("-a b"), ADDRESS), ["-a", "b", ADDRESS]);
        assert_eq!(with_address(&words("%s -x"), ADDRESS), [ADDRESS, "-x"]);
        let inside = with_address(&words("--app=%s -x"), ADDRESS);
        assert_eq!(inside, [format!("--app={ADDRESS}"), "-x".to_owned()]);
    }

    #[test]
    #[cfg(unix)]
    fn the_variable_is_a_list() {
        assert_eq!(from_variable("a b %s::c"), [words("a b %s"), words("c")]);
        assert!(from_variable(" : ").is_empty());
        for (variable, expected) in [
            ("'/opt/My Browser/it' --new %s", &[&["/opt/My Browser/it", "--new", "%s"][..]][..]),
            ("\"a b\":c", &[&["a b"], &["c"]]),
            ("'a:b' c:d", &[&["a:b", "c"], &["d"]]),
            ("a\\ b", &[&["a b"]]),
            ("a '$HOME'", &[&["a", "$HOME"]]),
            ("a:'b", &[&["a"]]),
        ] {
            assert_eq!(from_variable(variable), expected, "{variable}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_first_command_that_exists_is_started_in_its_own_process_group() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it");
        // The fifth word of the file is the process group; the shell is the test's.
        let script = format!("(cut -d' ' -f1,5 /proc/$$/stat; echo \"$1\") > {}", file.display());
        let command = ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
        let outcomes = outcomes(vec![words("/nowhere/browser"), command], ADDRESS);
        assert!(matches!(outcomes[..], [Browser::Opened]));
        let written = std::fs::read_to_string(file).unwrap();
        let (ids, address) = written.split_once('\n').unwrap();
        let (process, group) = ids.split_once(' ').unwrap();
        assert_eq!(process, group);
        assert_eq!(address.trim_end(), ADDRESS);
    }

    #[test]
    #[cfg(unix)]
    fn a_browser_that_fails_is_reported() {
        let failed = |outcomes: &[Browser]| match outcomes.last() {
            Some(Browser::Failed(why)) => why.clone(),
            _ => panic!("it did not fail"),
        };
        let missing = outcomes(vec![words("/nowhere/browser")], ADDRESS);
        assert_eq!(missing.len(), 1);
        assert!(failed(&missing).contains("can't be started"));
        let ended = outcomes(vec![words("false")], ADDRESS);
        assert_eq!(ended.len(), 2);
        assert!(failed(&ended).contains("exit status: 1"));
        assert!(failed(&outcomes(Vec::new(), ADDRESS)).contains("can't be started"));
    }

    /// A clock on which a minute passes between any two readings.
    #[derive(Debug)]
    struct Fast(ManualClock);

    impl Time for Fast {
        fn now(&self) -> Moment {
            self.0.advance(Duration::from_mins(1));
            self.0.now()
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            self.0.sleep(duration)
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_next_is_started_after_one_that_fails_at_once() {
        let commands = || vec![words("false"), words("true")];
        assert!(matches!(outcomes(commands(), ADDRESS)[..], [Browser::Opened]));
        // A browser that ran for a while was visible, and was closed.
        let late = outcomes_at(Clock::custom(Fast(ManualClock::new())), commands(), ADDRESS);
        assert!(matches!(late[..], [Browser::Opened, Browser::Failed(_)]));
    }

    #[test]
    #[cfg(unix)]
    fn no_secret_of_authn_reaches_the_browser() {
        const FILE: &str = "BROWSER_TEST_FILE";
        const SECRET: [&str; 4] = [
            "AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET",
            "AUTHN_TOKEN",
            "MY_TOOL_PROFILE__A__CREDENTIALS__BEARER__TOKEN",
            "H2O_CLOUD_CLIENT_PLATFORM_TOKEN",
        ];
        const OTHER: [&str; 2] = ["H2O_CLOUD_ENVIRONMENT", "MY_TOOL_HOME"];
        if let Some(file) = env::var_os(FILE) {
            let script = format!("env > '{}'; true", file.to_string_lossy());
            let command = ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
            assert!(matches!(outcomes(vec![command], ADDRESS)[..], [Browser::Opened]));
            return;
        }
        // Variables belong to the process, so this test runs itself in another process.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it");
        let mut again = Command::new(env::current_exe().unwrap());
        again.args([
            "--exact",
            "browser_login::browser::tests::no_secret_of_authn_reaches_the_browser",
        ]);
        again.env(FILE, &file).envs(SECRET.iter().chain(&OTHER).map(|name| (name, "s3cr3t")));
        assert!(again.stdout(Stdio::null()).status().unwrap().success());
        let seen = std::fs::read_to_string(file).unwrap();
        let has = |name: &&str| seen.lines().any(|line| line.starts_with(&format!("{name}=")));
        assert!(OTHER.iter().all(has) && has(&"PATH"), "{seen}");
        assert!(!SECRET.iter().any(has), "{seen}");
    }
}

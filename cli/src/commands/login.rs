//! `login`: logs in the user at the terminal.

mod resource;

use std::{
    cell::Cell,
    future::pending,
    io::{self, IsTerminal as _},
    path::Path,
    sync::Arc,
};

use authn::{
    Credentials, Entry, ErrorKind, Login, LoginMethod, LoginOutcome, Result, SecretString, Status,
    config::Config,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};
use tokio::{select, sync::Notify};

use super::{entry, known_store};
use crate::{
    app::App,
    exit::{Code, Failure},
    log,
    prompt::TerminalPrompt,
    style::{home, short, with_name},
    waiting,
};

/// The arguments of `login`.
#[derive(clap::Args, Debug, Default)]
#[command(after_help = include_str!("login.txt"))]
pub(crate) struct Arguments {
    /// Address of an API to log in to. What it needs is found, shown, and saved as a profile
    #[arg(value_name = "URL", value_hint = clap::ValueHint::Url)]
    resource: Option<String>,

    #[command(flatten)]
    ways: Ways,
}

/// The way to log in.
#[derive(clap::Args, Debug, Default)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, and at most one is given")]
struct Ways {
    /// Log in with a browser on this machine
    #[arg(long)]
    browser: bool,

    /// Like `--browser`, but open the link yourself
    #[arg(long)]
    no_browser: bool,

    /// Log in with a browser anywhere, and paste the address of its last page here
    #[arg(long)]
    console: bool,

    /// Log in with a code on any device, such as a phone, if the server offers it
    #[arg(long)]
    device: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(url) = &arguments.resource {
        return resource::run(app, url, &arguments.ways);
    }
    let (config, credentials) = waiting::load(app)?;
    log_in(app, &config, &credentials, &arguments.ways)
}

/// Logs the user in with these credentials.
fn log_in(
    app: &App,
    config: &Config,
    credentials: &Credentials,
    arguments: &Ways,
) -> Result<(), Failure> {
    if credentials.needs_login() {
        check_terminal(config.login_command(), arguments)?;
    }
    let mut prompt = TerminalPrompt::new().without_cancelling();
    prompt = prompt.with_colour(app.output.stderr_colour());
    if log::is_on() {
        // Log lines would disturb the spinner.
        prompt = prompt.without_spinner();
    }
    let before = waiting::query(credentials.status())?;
    // A provider without our cache decides itself whether it stores the session.
    let is_stored = before.store.is_some() || !entry(config).is_some_and(Entry::is_cached);
    let work = async {
        if !is_stored {
            return login_without_store(app, config, credentials).await;
        }
        let login = arguments.chosen(Login::new(prompt.clone()));
        Ok(credentials.login(login).await?)
    };
    let outcome = wait(credentials, work, &prompt)?;
    if outcome == LoginOutcome::NotNeeded {
        let next = if credentials.gives_tokens() {
            let command = app.command_line("token");
            format!(
                "this provider gets its tokens by the configuration alone. `{command}` prints one."
            )
        } else {
            let command = app.command_line("header");
            format!(
                "this provider authorises requests by the configuration alone. `{command}` prints the headers of one."
            )
        };
        prompt.say(&format!("No login is needed: {next}"));
        return Ok(());
    }
    let done = match outcome {
        LoginOutcome::ByAnother => "Another process has logged in",
        _ => "Logged in",
    };
    let Status { username, store, .. } = waiting::query(credentials.status())?;
    prompt.say(&format!("{done}{}.", with_name(" as ", username.as_deref())));
    if let Some(store) = store {
        let place = known_store(config, Some(&store)).and_then(|known| known.place());
        let place =
            place.map(|place| format!(" ({})", short(Path::new(&place), home().as_deref())));
        prompt.say(&format!("Tokens are kept in the {store} store{}.", place.unwrap_or_default()));
    }
    Ok(())
}

/// Runs a command that loads its credentials itself. If it fails because no user is logged in, and it has `--login`, the user
/// logs in, and it runs once more.
pub(super) fn first(
    app: &App,
    logs_in: bool,
    command: impl Fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    match command() {
        Err(Failure::Authn(error)) if logs_in && error.kind() == ErrorKind::LoginRequired => {
            run(app, &Arguments::default())?;
            command()
        }
        result => result,
    }
}

impl Ways {
    /// Sets the way to log in, if a flag chooses one.
    fn chosen(&self, login: Login) -> Login {
        let Some((_, way)) = self.way() else { return login };
        let login = login.with_method(way);
        if self.no_browser { login.without_browser() } else { login }
    }

    fn way(&self) -> Option<(&'static str, LoginMethod)> {
        let ways = [
            (self.browser, "--browser", LoginMethod::Browser),
            (self.no_browser, "--no-browser", LoginMethod::Browser),
            (self.console, "--console", LoginMethod::Console),
            (self.device, "--device", LoginMethod::Device),
        ];
        ways.into_iter().find_map(|(chosen, flag, way)| chosen.then_some((flag, way)))
    }
}

/// Fails if the user can't be asked, whatever the way to log in: a login with a browser needs the terminal too,
/// to be cancelled and to report the user.
///
/// `command` is the login as it is typed.
fn check_terminal(command: &str, arguments: &Ways) -> Result<(), Failure> {
    let streams = [
        ("standard input", io::stdin().is_terminal()),
        ("standard error", io::stderr().is_terminal()),
    ];
    let Some((stream, _)) = streams.into_iter().find(|(_, is_terminal)| !is_terminal) else {
        return Ok(());
    };
    let message = format!("a login needs a terminal, and {stream} is not one");
    let flag = with_name(" ", arguments.way().map(|(flag, _)| flag));
    Err(Failure::new(Code::LoginRequired, message).with_help(format!(
        "run `{command}{flag}` in a terminal, or configure a provider or a grant that needs no user"
    )))
}

/// Waits for a login, clears the spinner's line, and reports an interrupt.
fn wait(
    credentials: &Credentials,
    work: impl Future<Output = Result<LoginOutcome, Failure>>,
    prompt: &TerminalPrompt,
) -> Result<LoginOutcome, Failure> {
    let was_reported = Cell::new(false);
    let report = |text: &str| {
        was_reported.set(true);
        prompt.say(text);
    };
    let outcome = waiting::wait_for_user(credentials, Box::pin(work), &report);
    prompt.progress(&Progress::Ended);
    outcome.map_err(|failure| {
        let is_cancelled = match &failure {
            Failure::Silent(Code::Interrupted) => !was_reported.get(),
            // The question may notice a typed Ctrl-C before the signal arrives.
            Failure::Authn(error) => error.kind() == ErrorKind::Cancelled,
            _ => false,
        };
        let message = "the login was cancelled";
        if is_cancelled { Failure::new(Code::Interrupted, message) } else { failure }
    })
}

/// Fails if a user must log in, because the session would end with this program.
async fn login_without_store(
    app: &App,
    config: &Config,
    credentials: &Credentials,
) -> Result<LoginOutcome, Failure> {
    if credentials.needs_login() {
        return Err(not_stored(app, config));
    }
    // Some providers only know once they start a login.
    let asked = Arc::new(Notify::new());
    let login = Login::new(SilentPrompt(Arc::clone(&asked))).without_browser();
    select! {
        biased;
        outcome = credentials.login(login) => Ok(outcome?),
        () = asked.notified() => Err(not_stored(app, config)),
    }
}

fn not_stored(app: &App, config: &Config) -> Failure {
    let why = "with `store = \"memory\"` the login would be lost when this command ends";
    let provider = config.provider().unwrap_or_default();
    Failure::new(Code::Configuration, why).with_help(format!(
        "set `credentials.{provider}.store` to `file`, or to another store that `{}` lists",
        app.command_line("stores")
    ))
}

/// Shows nothing, and notifies that a user would be needed.
#[derive(Debug)]
struct SilentPrompt(Arc<Notify>);

impl Prompt for SilentPrompt {
    fn show_link(&self, _: &Link) {
        self.0.notify_one();
    }

    fn show_code(&self, _: &UserCode) {
        self.0.notify_one();
    }

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        self.0.notify_one();
        pending().await
    }

    fn progress(&self, _: &Progress) {}
}

//! `login`: logs in as a person, who is at the terminal.

use std::{
    cell::Cell,
    future::pending,
    io::{self, IsTerminal as _},
    path::Path,
    sync::Arc,
};

use authn::{
    Credentials, Entry, ErrorKind, Login, LoginOutcome, Result, SecretString, Status, Way,
    config::Config,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};
use tokio::{select, sync::Notify};
use tracing::level_filters::LevelFilter;

use super::{entry, known_store, waiting};
use crate::{
    app::App,
    exit::{Code, Failure},
    prompt::TerminalPrompt,
    style::{home, short, with_name},
};

/// What `login` takes.
#[derive(clap::Args, Debug)]
#[group(multiple = false)]
#[command(after_help = include_str!("login.txt"))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, and at most one is given")]
pub(crate) struct Arguments {
    /// Log in by a browser on this machine, which brings the answer back to it
    #[arg(long)]
    browser: bool,

    /// The same, but start no browser: open the link yourself
    #[arg(long)]
    no_browser: bool,

    /// Log in by a browser anywhere, and paste here the address that it ends at
    #[arg(long)]
    console: bool,

    /// Log in by a code that is typed in on any device, as a phone, if the server offers it
    #[arg(long)]
    device: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (config, credentials) = waiting::load(app)?;
    check_terminal(&config, arguments)?;
    let mut prompt = TerminalPrompt::new().with_colour(app.output.stderr_colour());
    if LevelFilter::current() != LevelFilter::OFF {
        // Lines of a log would tear it up.
        prompt = prompt.without_spinner();
    }
    let before = waiting::look(credentials.status())?;
    // Where no cache of ours is between, it is the provider's own matter whether the session is kept.
    let is_kept = before.store.is_some() || !entry(&config).is_some_and(Entry::is_cached);
    let work = async {
        if !is_kept {
            return unkept(&config, &credentials).await;
        }
        let login = arguments.chosen(Login::new(prompt.clone()));
        Ok(credentials.login(login).await?)
    };
    let outcome = attend(&credentials, work, &prompt)?;
    if outcome == LoginOutcome::NotNeeded {
        prompt.say(
            "There is nobody to log in: this provider gets its tokens by what is configured alone. \
             `authn token` prints one.",
        );
        return Ok(());
    }
    let done = match outcome {
        LoginOutcome::ByAnother => "Another process has meanwhile logged in",
        _ => "Logged in",
    };
    let Status { username, store, .. } = waiting::look(credentials.status())?;
    prompt.say(&format!("{done}{}.", with_name(" as ", username.as_deref())));
    if let Some(store) = store {
        let place = known_store(&config, Some(&store)).and_then(|known| known.place());
        let place =
            place.map(|place| format!(" ({})", short(Path::new(&place), home().as_deref())));
        prompt.say(&format!("Tokens are kept in the {store} store{}.", place.unwrap_or_default()));
    }
    Ok(())
}

impl Arguments {
    /// Chooses the way, if a flag does.
    fn chosen(&self, login: Login) -> Login {
        let Some((_, way)) = self.way() else { return login };
        let login = login.with_way(way);
        if self.no_browser { login.without_browser() } else { login }
    }

    fn way(&self) -> Option<(&'static str, Way)> {
        let ways = [
            (self.browser, "--browser", Way::Browser),
            (self.no_browser, "--no-browser", Way::Browser),
            (self.console, "--console", Way::Console),
            (self.device, "--device", Way::Device),
        ];
        ways.into_iter().find_map(|(chosen, flag, way)| chosen.then_some((flag, way)))
    }
}

/// Ends at once where the user can't be asked, whatever the way: also a browser's login is given up at the
/// terminal, and says there who is logged in.
fn check_terminal(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let streams = [
        ("standard input", io::stdin().is_terminal()),
        ("standard error", io::stderr().is_terminal()),
    ];
    let Some((stream, _)) = streams.into_iter().find(|(_, is_terminal)| !is_terminal) else {
        return Ok(());
    };
    let message = format!("a login needs somebody at a terminal, and {stream} is none");
    let flag = with_name(" ", arguments.way().map(|(flag, _)| flag));
    Err(Failure::new(Code::LoginRequired, message).with_help(format!(
        "no flag helps: have a person run `{}{flag}` in a terminal; \
         where there never is one, configure a grant that needs nobody, as `client_credentials`",
        config.login_command()
    )))
}

/// Waits for a login. It leaves nothing on the last line, and says what an interrupt did.
fn attend(
    credentials: &Credentials,
    work: impl Future<Output = Result<LoginOutcome, Failure>>,
    prompt: &TerminalPrompt,
) -> Result<LoginOutcome, Failure> {
    let was_told = Cell::new(false);
    let tell = |text: &str| {
        was_told.set(true);
        prompt.say(text);
    };
    let outcome = waiting::attend(credentials, Box::pin(work), &tell);
    prompt.progress(&Progress::Ended);
    outcome.map_err(|failure| {
        let is_given_up = match &failure {
            Failure::Silent(Code::Interrupted) => !was_told.get(),
            // An interrupt that was typed can be seen by the question first.
            Failure::Authn(error) => error.kind() == ErrorKind::Cancelled,
            _ => false,
        };
        let given_up = "the login was given up; start it again";
        if is_given_up { Failure::new(Code::Interrupted, given_up) } else { failure }
    })
}

/// Refuses a login whose session would end with this program; where no user has to log in, that is no matter.
async fn unkept(config: &Config, credentials: &Credentials) -> Result<LoginOutcome, Failure> {
    if credentials.needs_login() {
        return Err(kept_nowhere(config));
    }
    // Some can't tell beforehand.
    let somebody = Arc::new(Notify::new());
    let login = Login::new(Refusal(Arc::clone(&somebody))).without_browser();
    select! {
        biased;
        outcome = credentials.login(login) => Ok(outcome?),
        () = somebody.notified() => Err(kept_nowhere(config)),
    }
}

fn kept_nowhere(config: &Config) -> Failure {
    let why =
        "the session would end with this command, because its tokens are kept in memory alone";
    let provider = config.provider().unwrap_or_default();
    Failure::new(Code::Configuration, why).with_help(format!(
        "set `credentials.{provider}.store` to `file`, or to another store that `authn stores` lists"
    ))
}

/// Shows nothing, and says that it would have had to.
#[derive(Debug)]
struct Refusal(Arc<Notify>);

impl Prompt for Refusal {
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

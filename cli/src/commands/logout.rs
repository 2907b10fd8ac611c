//! `logout`: deletes the stored session.

use std::sync::{Arc, Mutex, PoisonError};

use authn::{
    Credentials, Error, ErrorKind, Login, Revocation, SecretString, Status, Url,
    config::{Config, KnownStore, Problem, ProblemCode},
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::{KnownSession, StoreKey},
};

use super::{active, known_store, profiles, stores, text};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{counted, plain, with_name},
    waiting,
};

/// The store whose sessions end with the program.
const MEMORY: &str = "memory";

/// The help if a session could not be revoked, after what else helps.
const NOT_REVOKED: &str =
    "or leave out `--revoke` to delete only the local copy; nothing was deleted";

/// The contents of a store.
#[derive(Default)]
struct Stored {
    sessions: Vec<StoreKey>,
    /// The texts that were set aside, as `doctor` reports them.
    set_aside: Vec<String>,
}

/// The arguments of `logout`.
#[derive(clap::Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
#[command(after_help = include_str!("logout.txt"))]
pub(crate) struct Arguments {
    /// Delete all stored sessions, also those of options that have changed
    #[arg(long)]
    all: bool,

    /// Delete the stored session with this ID; `stores` lists them
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "revoke", "at_server"])]
    session: Option<String>,

    /// First revoke the session at the server
    #[arg(long)]
    revoke: bool,

    /// Also end your session at the server, in a browser
    #[arg(long, conflicts_with = "all")]
    at_server: bool,

    /// With `--at-server`, open the link yourself
    #[arg(long, requires = "at_server")]
    no_browser: bool,
}

/// Returns the help if a session could not be revoked.
fn not_revoked(error: Option<&Error>) -> String {
    // To try again does not help if the configuration is the cause.
    let configuration = error.filter(|error| error.kind() == ErrorKind::Configuration);
    let first = configuration.and_then(Error::help).unwrap_or("try again");
    format!("{first}, {NOT_REVOKED}")
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.all {
        return run_all(app, arguments.revoke);
    }
    if let Some(id) = &arguments.session {
        return forget_one(app, id);
    }
    let (config, credentials) = waiting::load(app)?;
    // First, because it is made of the session, and because without it nothing is deleted.
    let page = if arguments.at_server {
        Some(waiting::query(credentials.logout_url(None))?)
    } else {
        None
    };
    let work = end_session(&config, &credentials, arguments.revoke);
    let message = waiting::wait(&credentials, work).map_err(|failure| {
        if !arguments.revoke {
            return failure;
        }
        let error = if let Failure::Authn(error) = &failure { Some(error) } else { None };
        let help = not_revoked(error);
        failure.with_help(help)
    })?;
    output::message(&message);
    match page {
        Some(page) => open(&credentials, &page, arguments.no_browser),
        None => Ok(()),
    }
}

/// Opens the page that ends the session at the server, or prints its address if there is no browser.
fn open(credentials: &Credentials, page: &Url, no_browser: bool) -> Result<(), Failure> {
    let login = Login::new(LogoutPrompt::default());
    let login = if no_browser { login.without_browser() } else { login };
    waiting::query(credentials.open_logout(page, login))
}

/// Prints the link of a logout, unless a browser shows it.
#[derive(Debug, Default)]
struct LogoutPrompt {
    /// Of the link for which a browser is started.
    opened: Arc<Mutex<Option<Url>>>,
}

impl LogoutPrompt {
    fn opened(&self) -> Option<Url> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Prompt for LogoutPrompt {
    fn show_link(&self, link: &Link) {
        if link.opens_browser() {
            let opened = Some(link.url().clone());
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = opened;
        } else {
            print(link.url());
        }
    }

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> authn::Result<SecretString> {
        Err(Error::cancelled("a logout asks nothing").with_help("log out again"))
    }

    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::BrowserOpened => {
                output::message("the browser shows the server's page: confirm there if it asks");
            }
            Progress::BrowserFailed(why) => {
                output::message(&plain(why));
                self.opened().iter().for_each(print);
            }
            _ => {}
        }
    }
}

/// Prints the address of the page. It is ASCII without control characters.
fn print(page: &Url) {
    output::message("to log out at the server, open this link in a browser:");
    output::message(page.as_str());
}

fn run_all(app: &App, revoke: bool) -> Result<(), Failure> {
    if app.global.profile.is_some() {
        return Err(Failure::new(Code::Usage, "`--all` can't be used with `--profile`")
            .with_help("leave out one of the two"));
    }
    if revoke { revoke_all(app) } else { forget_all(app) }
}

/// Ends all sessions of all stores. Their options need not be known any more.
fn forget_all(app: &App) -> Result<(), Failure> {
    let config = app.loader().read();
    stores::check(&config, app)?;
    let mut first = None;
    for store in stores::all(app) {
        let name = store.name();
        let ended = waiting::query(async {
            let before = Stored::of(Some(&store)).await?;
            let sessions = store.forget_all().await?;
            let after = Stored::of(Some(&store)).await?;
            Ok::<_, Error>((sessions, before.set_aside.len() > after.set_aside.len()))
        });
        match ended {
            Ok((sessions, is_cleaned)) => {
                for session in &sessions {
                    output::message(&forgotten(name, session));
                }
                if is_cleaned {
                    output::message(&format!(
                        "deleted unreadable sessions from the store `{name}`"
                    ));
                } else if sessions.is_empty() {
                    output::message(&format!("the store `{name}` has no session"));
                }
            }
            // The store may not exist on this machine at all, such as a keyring on a server.
            Err(Failure::Authn(error)) if !stores::is_named(&config, name) => output::message(
                &format!("the store `{name}` was left out: {}", plain(error.message())),
            ),
            Err(failure @ Failure::Authn(_)) => {
                let code = failure.report(&app.output);
                first = first.or(Some(code));
            }
            Err(failure) => return Err(failure),
        }
    }
    first.map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

/// Ends the session with an ID.
fn forget_one(app: &App, id: &str) -> Result<(), Failure> {
    let config = app.loader().read();
    stores::check(&config, app)?;
    let work = async {
        let mut messages = Vec::new();
        for store in stores::all(app) {
            let sessions = match store.sessions().await {
                Err(_) if !stores::is_named(&config, store.name()) => continue,
                sessions => sessions?,
            };
            for session in sessions.iter().filter(|session| session.id() == *id) {
                store.forget(session.key()).await?;
                messages.push(forgotten(store.name(), session));
            }
        }
        Ok::<_, Error>(messages)
    };
    let messages = waiting::query(work)?;
    if messages.is_empty() {
        let help = format!("`{}` lists the sessions with their IDs", app.command_line("stores"));
        return Err(Failure::new(Code::Usage, "no stored session has this ID").with_help(help));
    }
    for message in &messages {
        output::message(message);
    }
    Ok(())
}

/// Returns the message that a session was deleted.
fn forgotten(store: &str, session: &KnownSession) -> String {
    let user = with_name(" ", session.user());
    let profile = session.profile().unwrap_or("none");
    let ended = format!("logged out{user}: deleted the session from the store `{store}`");
    plain(&format!("{ended} (profile: {profile}, provider: {})", session.provider()))
}

/// Revokes and ends the sessions of all profiles. What is stored of other options can't be revoked, so it stays.
fn revoke_all(app: &App) -> Result<(), Failure> {
    let (_, end) = profiles::each(app, |profile, reporter| {
        let config = &profile.config;
        let mut revokes = false;
        let ended = profile.attempt(reporter, async |credentials| {
            // A provider that stores nothing has nothing to revoke. With `--all` that is not an error.
            revokes = credentials.store().is_some_and(|store| store != MEMORY);
            end_session(config, credentials, revokes).await
        })?;
        match ended {
            Ok(message) => output::message(&message),
            Err(error) => reporter.failure(
                config,
                &error,
                revokes.then(|| not_revoked(Some(&error))).as_deref(),
            ),
        }
        Ok(())
    })?;
    if end.is_ok() {
        warn_of_others(app)?;
    }
    end
}

/// Warns that the stores have sessions of other options than those of the profiles.
fn warn_of_others(app: &App) -> Result<(), Failure> {
    let mut count = 0;
    for store in stores::all(app) {
        // A store that can't be read has failed already if a profile uses it.
        let sessions = waiting::query(async { Ok::<_, Error>(store.sessions().await) })?;
        count += sessions.map_or(0, |sessions| sessions.len());
    }
    if count > 0 {
        let counted = counted([(count, "session"), (0, "")]);
        let message = format!(
            "{counted} of other options can't be revoked, because no profile has these options"
        );
        let [list, all] = ["stores", "logout --all"].map(|command| app.command_line(command));
        let help = format!("`{list}` lists what is left, and `{all}` deletes it");
        app.output.warning(&message, Some(&help));
    }
    Ok(())
}

/// Deletes a session, and returns a message about the result.
async fn end_session(
    config: &Config,
    credentials: &Credentials,
    revoke: bool,
) -> authn::Result<String> {
    let Status { store, username, .. } = credentials.status().await?;
    let known = known_store(config, store.as_deref());
    let before = Stored::of(known.as_ref()).await?;
    let revocation = if revoke {
        credentials.revoke().await?
    } else {
        credentials.logout().await?;
        Revocation::default()
    };
    let after = Stored::of(known.as_ref()).await?;
    // Only this session's key is removed here; other programs may add and remove others meanwhile.
    let is_deleted = before.sessions.iter().any(|key| !after.sessions.contains(key));
    let is_cleaned = before.set_aside.iter().any(|text| !after.set_aside.contains(text));
    // The user's name, if the server has confirmed it.
    let user = plain(&with_name(" ", username.as_deref()));
    let active = active(config);
    let message = match store {
        None => "no session is stored, because no store is in use".to_owned(),
        Some(store) if !is_deleted && is_cleaned => {
            format!("deleted an unreadable session from the store `{store}`")
        }
        Some(store) if !is_deleted => format!("the store `{store}` has no session"),
        Some(store) if revoke => {
            let ended = format!(
                "logged out{user}: revoked the session at the server, and deleted it from the store `{store}`"
            );
            let more = details(&revocation, registers(config));
            return Ok([format!("{ended} ({active})")]
                .into_iter()
                .chain(more)
                .collect::<Vec<_>>()
                .join("\n"));
        }
        Some(store) => format!("logged out{user}: deleted the session from the store `{store}`"),
    };
    Ok(format!("{message} ({active})"))
}

/// Returns whether authn has registered the client of a configuration.
fn registers(config: &Config) -> bool {
    let key = format!("credentials.{}.client_registration", config.provider().unwrap_or_default());
    text(&config.settings(), &key) == Some("dynamic")
}

/// Returns how many tokens were revoked, if that was not one, what was not, and what has become of the client, a sentence
/// each.
fn details(revocation: &Revocation, is_registered: bool) -> Vec<String> {
    let mut details = Vec::new();
    let Revocation { revoked, failed, .. } = revocation;
    match (*revoked, failed.len()) {
        (0 | 1, 0) => {}
        (1, _) => details.push("1 token was revoked".to_owned()),
        (revoked, _) => details.push(format!("{revoked} tokens were revoked")),
    }
    if let Some(error) = failed.first() {
        let what = match failed.len() {
            1 => "1 request failed".to_owned(),
            failed => format!("{failed} requests failed"),
        };
        details.push(format!("{what}: {}", error.message()));
        details.push("an access token that was not revoked is valid until it expires".to_owned());
    } else if is_registered {
        details.push("the client that was registered there for it was deleted too".to_owned());
        details.push("other profiles with this client have to log in again".to_owned());
    }
    details
}

impl Stored {
    async fn of(store: Option<&KnownStore>) -> authn::Result<Self> {
        let Some(store) = store else { return Ok(Self::default()) };
        let sessions = store.sessions().await?;
        let sessions = sessions.iter().map(|session| session.key().clone()).collect();
        let problems = store.examine().await;
        let is_leftover = |problem: &&Problem| problem.code() == ProblemCode::StoreLeftover;
        let set_aside = problems.iter().filter(is_leftover);
        Ok(Self { sessions, set_aside: set_aside.map(|text| text.message().to_owned()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_of_a_revocation_is_a_sentence() {
        const VALID: &str = "an access token that was not revoked is valid until it expires";
        const CLIENT: &str = "the client that was registered there for it was deleted too";
        const OTHERS: &str = "other profiles with this client have to log in again";
        let failed = || Error::refused("the server refused").with_help("ask it");
        for (revoked, failures, is_registered, expected) in [
            (0, 0, false, &[][..]),
            (1, 0, false, &[]),
            (4, 0, false, &["4 tokens were revoked"]),
            (1, 1, true, &["1 token was revoked", "1 request failed: the server refused", VALID]),
            (
                2,
                3,
                false,
                &["2 tokens were revoked", "3 requests failed: the server refused", VALID],
            ),
            (1, 0, true, &[CLIENT, OTHERS]),
            (2, 0, true, &["2 tokens were revoked", CLIENT, OTHERS]),
        ] {
            let mut revocation = Revocation::default();
            revocation.revoked = revoked;
            revocation.failed = (0..failures).map(|_| failed()).collect();
            assert_eq!(details(&revocation, is_registered), expected);
        }
    }
}

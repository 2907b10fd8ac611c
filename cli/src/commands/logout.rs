//! `logout`: deletes the stored session.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use authn::{
    Credentials, Error, ErrorKind, Login, Revocation, SecretString, Status, Url,
    config::{Config, KnownStore, Problem, ProblemCode},
    prompt::{Link, Progress, Prompt, Question, UserCode},
    store::KnownSession,
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
    sessions: Vec<KnownSession>,
    /// The texts that were set aside, as `doctor` reports them.
    set_aside: Vec<String>,
}

/// What has become of the session of one profile.
struct End {
    message: String,
    /// How many other sessions of the same profile its store and the store for files have.
    others: usize,
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
    let end = waiting::wait(&credentials, work).map_err(|failure| {
        if !arguments.revoke {
            return failure;
        }
        let error = if let Failure::Authn(error) = &failure { Some(error) } else { None };
        let help = not_revoked(error);
        failure.with_help(help)
    })?;
    output::message(&end.message);
    if end.others > 0 {
        output::message(&of_others(app, config.profile(), end.others));
    }
    match page {
        Some(page) => open(&credentials, &page, arguments.no_browser),
        None => Ok(()),
    }
}

/// Returns the message that other sessions of the profile are stored.
fn of_others(app: &App, profile: Option<&str>, count: usize) -> String {
    let of = if profile.is_some() { "of this profile" } else { "without a profile" };
    // They are about the sessions of all profiles.
    let app = app.without_profile();
    let [list, one, all] = ["stores", "logout --session ID", "logout --all"]
        .map(|command| format!("`{}`", app.command_line(command)));
    let (are, them, it) = match count {
        1 => (format!("1 other session {of} is"), "it", "it"),
        _ => (format!("{count} other sessions {of} are"), "them", "one"),
    };
    format!(
        "{are} still stored, of options that have changed or were given by flags: {list} lists {them}, {one} deletes {it}, \
         and {all} deletes all"
    )
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
    let ended = format!("logged out{user}: deleted the session from the store `{store}`");
    plain(&ended) + &owner(session)
}

/// Returns what has started a session, in parentheses.
fn owner(session: &KnownSession) -> String {
    let profile = session.profile().unwrap_or("none");
    plain(&format!(" (profile: {profile}, provider: {})", session.provider()))
}

/// Revokes and ends the sessions of all profiles. What is stored of other options can't be revoked, so it stays, and is
/// listed.
fn revoke_all(app: &App) -> Result<(), Failure> {
    let mut failed = BTreeSet::new();
    let (_, end) = profiles::each(app, |profile, reporter| {
        let config = &profile.config;
        let mut revokes = false;
        let ended = profile.attempt(reporter, async |credentials| {
            // A provider that stores nothing has nothing to revoke. With `--all` that is not an error.
            revokes = credentials.store().is_some_and(|store| store != MEMORY);
            end_session(config, credentials, revokes).await
        })?;
        match ended {
            Ok(end) => output::message(&end.message),
            Err(error) => {
                failed.insert(config.profile().map(str::to_owned));
                let help = revokes.then(|| not_revoked(Some(&error)));
                reporter.failure(config, &error, help.as_deref());
            }
        }
        Ok(())
    })?;
    match (end, left(app, &failed)) {
        (Ok(()), left) => left,
        // The first failure has its own code.
        (end, left) => {
            left.err().map(|failure| failure.report(&app.output));
            end
        }
    }
}

/// Lists what the stores still have after a revocation of all sessions, and why. Fails if there is anything. `failed` are the
/// profiles that could not be logged out.
fn left(app: &App, failed: &BTreeSet<Option<String>>) -> Result<(), Failure> {
    let config = app.loader().read();
    let (mut count, mut unread) = (0, None);
    for store in stores::all(app) {
        let name = store.name();
        let Stored { sessions, set_aside } = match waiting::query(Stored::of(Some(&store))) {
            Ok(stored) => stored,
            // The store may not exist on this machine at all, such as a keyring on a server.
            Err(Failure::Authn(_)) if !stores::is_named(&config, name) => continue,
            Err(failure @ Failure::Authn(_)) => {
                unread = unread.or(Some(failure.report(&app.output)));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        count += sessions.len() + set_aside.len();
        for session in &sessions {
            let why = if failed.contains(&session.profile().map(str::to_owned)) {
                "its profile could not be logged out"
            } else {
                "no profile has its options, so it can't be revoked"
            };
            let (id, owner) = (session.id(), owner(session));
            output::message(&format!("left in the store `{name}`: session {id}{owner}: {why}"));
        }
        for text in set_aside {
            output::message(&plain(&format!("left in the store `{name}`: {text}")));
        }
    }
    if count > 0 {
        let counted = counted([(count, "session"), (0, "")]);
        let [one, all] = ["logout --session ID", "logout --all"].map(|name| app.command_line(name));
        let help = format!(
            "`{one}` deletes one that has an ID, and `{all}` deletes all, without revoking them at the server"
        );
        let are = if count == 1 { "is" } else { "are" };
        let failure = Failure::new(Code::Other, format!("{counted} {are} left"));
        return Err(failure.with_help(help));
    }
    unread.map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

/// Deletes a session, and returns what has become of it.
async fn end_session(
    config: &Config,
    credentials: &Credentials,
    revoke: bool,
) -> authn::Result<End> {
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
    let is_deleted = before.sessions.iter().any(|session| !after.has(session));
    let is_cleaned = before.set_aside.iter().any(|text| !after.set_aside.contains(text));
    let others = others(config, known.as_ref(), &after).await;
    // The user's name, if the server has confirmed it.
    let user = plain(&with_name(" ", username.as_deref()));
    let active = active(config);
    let message = match store {
        None => "no session is stored, because no store is in use".to_owned(),
        Some(store) if !is_deleted && is_cleaned => {
            format!("deleted an unreadable session from the store `{store}`")
        }
        Some(store) if !is_deleted && after.sessions.is_empty() => {
            format!("the store `{store}` has no session")
        }
        Some(store) if !is_deleted => {
            format!("the store `{store}` has no session of the current options")
        }
        Some(store) if revoke => {
            let ended = format!(
                "logged out{user}: revoked the session at the server, and deleted it from the store `{store}`"
            );
            let more = details(&revocation, registers(config));
            let lines = [format!("{ended} ({active})")].into_iter().chain(more);
            return Ok(End { message: lines.collect::<Vec<_>>().join("\n"), others });
        }
        Some(store) => format!("logged out{user}: deleted the session from the store `{store}`"),
    };
    Ok(End { message: format!("{message} ({active})"), others })
}

/// Returns how many sessions of the profile are among these and in the store for files, which sessions come from if the
/// option `store` has changed.
async fn others(config: &Config, known: Option<&KnownStore>, left: &Stored) -> usize {
    let mut sessions = left.sessions.clone();
    if known.is_none_or(|known| known.name() != stores::FILE)
        && let Some(files) = known_store(config, Some(stores::FILE))
    {
        // A store that these credentials don't use may fail.
        sessions.extend(files.sessions().await.unwrap_or_default());
    }
    sessions.iter().filter(|session| session.profile() == config.profile()).count()
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
        let problems = store.examine().await;
        let is_leftover = |problem: &&Problem| problem.code() == ProblemCode::StoreLeftover;
        let set_aside = problems.iter().filter(is_leftover);
        Ok(Self { sessions, set_aside: set_aside.map(|text| text.message().to_owned()).collect() })
    }

    fn has(&self, session: &KnownSession) -> bool {
        self.sessions.iter().any(|own| own.key() == session.key())
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

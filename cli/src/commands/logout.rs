//! `logout`: forgets what is kept of the session.

use authn::{
    Credentials,
    config::{Config, KnownStore},
    store::StoreKey,
};

use super::{active, known_store, profiles, waiting};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{plain, with_name},
};

/// Where what is kept ends with the program.
const MEMORY: &str = "memory";

/// What is said of a session that could not be revoked.
const STAYS: &str =
    "nothing was forgotten: try again, or leave out `--revoke` to forget it here alone";

/// What `logout` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A secret that stands in the configuration stays there, and the next token begins a new session with it.

With `--revoke` the server is told first (RFC 7009). If that fails, nothing is forgotten, so that it can be \
tried again.

With `--all`, what goes wrong with one profile stops no other; the exit code is that of the first failure, \
or 3 if a configuration is wrong.")]
pub(crate) struct Arguments {
    /// Forget the sessions of all profiles
    #[arg(long)]
    all: bool,

    /// Tell the server first that the session is to count no longer
    #[arg(long)]
    revoke: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.all {
        return run_all(app, arguments.revoke);
    }
    let (config, credentials) = waiting::load(app)?;
    let work = end_session(&config, &credentials, arguments.revoke);
    let forgotten = waiting::wait(&credentials, work)
        .map_err(|failure| if arguments.revoke { failure.with_help(STAYS) } else { failure })?;
    tell(&config, &forgotten, arguments.revoke);
    Ok(())
}

fn run_all(app: &App, revoke: bool) -> Result<(), Failure> {
    if app.global.profile.is_some() {
        return Err(Failure::new(Code::Usage, "`--all` and `--profile` contradict each other")
            .with_help("leave out one of the two"));
    }
    let (_, end) = profiles::each(app, |profile, teller| {
        let config = &profile.config;
        let mut revokes = false;
        let ended = profile.attempt(teller, async |credentials| {
            // A provider that keeps nothing has nothing to revoke, which is no failure among others.
            revokes = revoke && credentials.store().is_some_and(|store| store != MEMORY);
            end_session(config, credentials, revokes).await
        })?;
        match ended {
            Ok(forgotten) => tell(config, &forgotten, revokes),
            Err(error) => teller.failure(config, &error, revokes.then_some(STAYS)),
        }
        Ok(())
    })?;
    end
}

/// What there was to forget.
enum Forgotten {
    /// This provider keeps its tokens in no store.
    NoStore,
    Nothing {
        store: String,
    },
    Session {
        store: String,
        /// Whose it was, where the server has vouched for it.
        username: Option<String>,
    },
}

async fn end_session(
    config: &Config,
    credentials: &Credentials,
    revoke: bool,
) -> authn::Result<Forgotten> {
    let status = credentials.status().await?;
    let name = status.store;
    let known = known_store(config, name.as_deref());
    let before = sessions(known.as_ref()).await?;
    if revoke {
        credentials.revoke().await?;
    } else {
        credentials.logout().await?;
    }
    let after = sessions(known.as_ref()).await?;
    let Some(store) = name else { return Ok(Forgotten::NoStore) };
    // Only this session's key goes; those of others come and go with other programs.
    if before.iter().any(|key| !after.contains(key)) {
        return Ok(Forgotten::Session { store, username: status.username });
    }
    Ok(Forgotten::Nothing { store })
}

async fn sessions(store: Option<&KnownStore>) -> authn::Result<Vec<StoreKey>> {
    match store {
        Some(store) => store.sessions().await,
        None => Ok(Vec::new()),
    }
}

fn tell(config: &Config, forgotten: &Forgotten, revoked: bool) {
    let told = match forgotten {
        Forgotten::NoStore => "nothing was kept, because no store is in use".to_owned(),
        Forgotten::Nothing { store } => format!("nothing was kept in the store `{store}`"),
        Forgotten::Session { store, username } => {
            let whom = plain(&with_name(" ", username.as_deref()));
            if revoked {
                format!(
                    "logged out{whom}: the server has revoked the session, and the store `{store}` has \
                     forgotten it"
                )
            } else {
                format!("logged out{whom}: the store `{store}` has forgotten the session")
            }
        }
    };
    output::tell(&format!("{told} ({})", active(config)));
}

//! `logout`: forgets what is kept of the session.

use authn::{
    Credentials, Status,
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
#[command(after_help = include_str!("logout.txt"))]
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
    let told = waiting::wait(&credentials, work)
        .map_err(|failure| if arguments.revoke { failure.with_help(STAYS) } else { failure })?;
    output::tell(&told);
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
            Ok(told) => output::tell(&told),
            Err(error) => teller.failure(config, &error, revokes.then_some(STAYS)),
        }
        Ok(())
    })?;
    end
}

/// Forgets a session, and returns what there was to forget.
async fn end_session(
    config: &Config,
    credentials: &Credentials,
    revoke: bool,
) -> authn::Result<String> {
    let Status { store, username, .. } = credentials.status().await?;
    let known = known_store(config, store.as_deref());
    let before = sessions(known.as_ref()).await?;
    if revoke {
        credentials.revoke().await?;
    } else {
        credentials.logout().await?;
    }
    let after = sessions(known.as_ref()).await?;
    // Only this session's key goes; those of others come and go with other programs.
    let is_forgotten = before.iter().any(|key| !after.contains(key));
    // Whose it was, where the server has vouched for it.
    let whom = plain(&with_name(" ", username.as_deref()));
    let told = match store {
        None => "nothing was kept, because no store is in use".to_owned(),
        Some(store) if !is_forgotten => format!("nothing was kept in the store `{store}`"),
        Some(store) if revoke => format!(
            "logged out{whom}: the server has revoked the session, and the store `{store}` has \
             forgotten it"
        ),
        Some(store) => format!("logged out{whom}: the store `{store}` has forgotten the session"),
    };
    Ok(format!("{told} ({})", active(config)))
}

async fn sessions(store: Option<&KnownStore>) -> authn::Result<Vec<StoreKey>> {
    match store {
        Some(store) => store.sessions().await,
        None => Ok(Vec::new()),
    }
}

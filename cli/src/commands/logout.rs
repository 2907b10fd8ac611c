//! `logout`: forgets what is kept of the session.

use authn::{
    Credentials,
    config::{Config, KnownStore},
    store::StoreKey,
};

use super::{
    in_force,
    profiles::{self, Profile, Teller},
    waiting,
};
use crate::{
    exit::{Code, Failure},
    output::{self, plain},
    session::Session,
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

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.all {
        return run_all(session, arguments.revoke);
    }
    let (config, credentials) = waiting::load(session)?;
    let work = end_session(&config, &credentials, arguments.revoke);
    let ended = waiting::wait(&credentials, work);
    let forgotten = match ended {
        Err(failure) if arguments.revoke => return Err(failure.with_help(STAYS)),
        ended => ended?,
    };
    tell(&config, &forgotten, arguments.revoke);
    Ok(())
}

fn run_all(session: &Session, revoke: bool) -> Result<(), Failure> {
    if session.global.profile.is_some() {
        return Err(Failure::new(Code::Usage, "`--all` and `--profile` contradict each other")
            .with_help("leave out one of the two"));
    }
    let profiles = profiles::all(session);
    if profiles.is_empty() {
        return session.loader().load().map(drop).map_err(Failure::from);
    }
    let mut teller = Teller::new(&session.output);
    for profile in &profiles {
        run_one(profile, revoke, &mut teller)?;
    }
    teller.worst().map_or(Ok(()), |code| Err(Failure::Silent(code)))
}

/// Forgets one of several sessions. What goes wrong is told; the failure is an interrupt.
fn run_one(profile: &Profile, revoke: bool, teller: &mut Teller<'_>) -> Result<(), Failure> {
    let config = &profile.config;
    let credentials = match profile.credentials(teller) {
        Ok(credentials) => credentials,
        Err(error) => {
            teller.failure(config, &error, None);
            return Ok(());
        }
    };
    // A provider that keeps nothing has nothing to revoke, which is no failure among others.
    let revoke = revoke && credentials.store().is_some_and(|store| store != MEMORY);
    let work = async { Ok::<_, Failure>(end_session(config, &credentials, revoke).await) };
    match waiting::wait(&credentials, work)? {
        Ok(forgotten) => tell(config, &forgotten, revoke),
        Err(error) => teller.failure(config, &error, revoke.then_some(STAYS)),
    }
    Ok(())
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
    let known = config.stores().into_iter().find(|known| Some(known.name()) == name.as_deref());
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
            let whom = username.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let whom = plain(&whom);
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
    output::tell(&format!("{told} ({})", in_force(config)));
}

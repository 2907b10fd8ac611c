//! `logout`: forgets what is kept of the session.

use authn::{
    Credentials,
    config::{Config, KnownStore},
    store::StoreKey,
};

use super::{in_force, waiting};
use crate::{exit::Failure, output, session::Session};

/// What `logout` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A secret that stands in the configuration stays there, and the next token begins a new session with it.

With `--revoke` the server is told first (RFC 7009). If that fails, nothing is forgotten, so that it can be \
tried again.")]
pub(crate) struct Arguments {
    /// Tell the server first that the session is to count no longer
    #[arg(long)]
    revoke: bool,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let (config, credentials) = waiting::load(session)?;
    let work = end_session(&config, &credentials, arguments.revoke);
    let forgotten = waiting::wait(&credentials, work)?;
    output::tell(&format!("{} ({})", told(&forgotten, arguments.revoke), in_force(&config)));
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
    },
}

async fn end_session(
    config: &Config,
    credentials: &Credentials,
    revoke: bool,
) -> Result<Forgotten, Failure> {
    let name = credentials.status().await?.store;
    let known = config.stores().into_iter().find(|known| Some(known.name()) == name.as_deref());
    let before = sessions(known.as_ref()).await?;
    if revoke {
        credentials.revoke().await.map_err(|error| {
            Failure::from(error).with_help(
                "nothing was forgotten: try again, or leave out `--revoke` to forget it here alone",
            )
        })?;
    } else {
        credentials.logout().await?;
    }
    let after = sessions(known.as_ref()).await?;
    let Some(store) = name else { return Ok(Forgotten::NoStore) };
    // Only this session's key goes; those of others come and go with other programs.
    if before.iter().any(|key| !after.contains(key)) {
        return Ok(Forgotten::Session { store });
    }
    Ok(Forgotten::Nothing { store })
}

async fn sessions(store: Option<&KnownStore>) -> authn::Result<Vec<StoreKey>> {
    match store {
        Some(store) => store.sessions().await,
        None => Ok(Vec::new()),
    }
}

fn told(forgotten: &Forgotten, revoked: bool) -> String {
    match forgotten {
        Forgotten::NoStore => "nothing was kept, because no store is in use".to_owned(),
        Forgotten::Nothing { store } => format!("nothing was kept in the store `{store}`"),
        Forgotten::Session { store } if revoked => format!(
            "logged out: the server has revoked the session, and the store `{store}` has forgotten it"
        ),
        Forgotten::Session { store } => {
            format!("logged out: the store `{store}` has forgotten the session")
        }
    }
}

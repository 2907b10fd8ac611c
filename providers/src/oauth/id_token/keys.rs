//! `Keys`: the keys that a server signs with (RFC 7517, 5). They are fetched when they are first needed, and cached for
//! an hour.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use authn::{
    Context, Error, Result,
    http::{HttpResponse, StatusCode, describe, header},
    time::Moment,
};

use crate::{
    jws::KeySet,
    token_endpoint::{Address, unavailable},
};

/// How long keys are cached. A key that the server withdraws is accepted that long.
const LIFETIME: Duration = Duration::from_hours(1);

/// Shortest time between two fetches, even if tokens name unknown keys.
const INTERVAL: Duration = Duration::from_mins(1);

/// The media type of a key set (RFC 7517, 8.5.2), and the one that most servers send.
const ACCEPT: &str = "application/jwk-set+json, application/json";

/// Fetches and caches one server's keys.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    set: Arc<KeySet>,
    /// The address that it was fetched from.
    address: Address,
    until: Moment,
    /// The earliest moment of the next fetch.
    again: Moment,
}

impl Keys {
    /// Returns the keys at this address, from the cache or from the server.
    pub(super) async fn get(&self, address: &Address, context: &Context) -> Result<Arc<KeySet>> {
        match self.kept(address, context) {
            Some(kept) => Ok(kept.set),
            None => self.fetch(address, context).await,
        }
    }

    /// Returns keys that are newer than the given ones, or `None` if it is too early to fetch them.
    pub(super) async fn newer(
        &self,
        than: &Arc<KeySet>,
        address: &Address,
        context: &Context,
    ) -> Result<Option<Arc<KeySet>>> {
        if let Some(kept) = self.kept(address, context) {
            if !Arc::ptr_eq(&kept.set, than) {
                return Ok(Some(kept.set));
            }
            if !kept.again.reached(context.clock().now()) {
                return Ok(None);
            }
        }
        self.fetch(address, context).await.map(Some)
    }

    fn kept(&self, address: &Address, context: &Context) -> Option<Kept> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let is_valid = kept.address == *address && !kept.until.reached(context.clock().now());
        is_valid.then_some(kept)
    }

    async fn fetch(&self, address: &Address, context: &Context) -> Result<Arc<KeySet>> {
        let fetched = fetch(address, context).await;
        let now = context.clock().now();
        let again = now.plus(INTERVAL);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(set) => {
                let (set, until) = (Arc::new(set), now.plus(LIFETIME));
                let address = address.clone();
                *kept = Some(Kept { set: Arc::clone(&set), address, until, again });
                Ok(set)
            }
            Err(error) => {
                // A server that fails is not asked more often than a server that answers.
                if let Some(kept) = kept.as_mut() {
                    kept.again = again;
                }
                Err(error)
            }
        }
    }
}

async fn fetch(address: &Address, context: &Context) -> Result<KeySet> {
    let request = context.http().get(address.url()).header(header::ACCEPT, ACCEPT);
    let response = request.send().await.map_err(place)?;
    read(&response).map_err(place)
}

/// Parses an answer of any media type, because servers send different ones and a key set can't be confused with another
/// document.
fn read(response: &HttpResponse) -> Result<KeySet> {
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(unavailable(response));
    }
    let wrong = |what: &str| {
        let place = response.place();
        Error::protocol(format!("{place} answered with {what} instead of a key set"))
            .with_help("check `jwks_url` if it is set")
    };
    if !status.is_success() {
        return Err(wrong(&format!("status {}", status.as_u16())));
    }
    KeySet::read(response.bytes()).map_err(|found| match found {
        KeySet::NO_OBJECT => {
            wrong(&describe(response.header(&header::CONTENT_TYPE), response.bytes()))
        }
        _ => wrong(found),
    })
}

fn place(error: Error) -> Error {
    error.at("the server's keys")
}

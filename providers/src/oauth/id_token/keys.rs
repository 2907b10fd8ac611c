//! `Keys`: the keys that a server signs with (RFC 7517, 5), fetched when they are first needed and kept for an
//! hour.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use authn::{
    Context, Error, Result,
    http::{HttpResponse, StatusCode, header},
    time::Moment,
};

use crate::{
    jws::KeySet,
    token_endpoint::{Address, unavailable},
};

/// How long keys are kept. A key that the server takes back is believed that long.
const LIFETIME: Duration = Duration::from_hours(1);

/// How long it takes from one fetch to the next, however many tokens name keys that are not known.
const INTERVAL: Duration = Duration::from_mins(1);

/// What a server may send: the set's own media type (RFC 7517, 8.5.2), and what most of them say.
const ACCEPT: &str = "application/jwk-set+json, application/json";

/// Fetches and keeps one server's keys.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    set: Arc<KeySet>,
    /// Where it was fetched.
    address: Address,
    until: Moment,
    /// From when it may be fetched again, before it ends.
    again: Moment,
}

impl Keys {
    /// Returns the keys at this address: kept ones, else the server's.
    pub(super) async fn get(&self, address: &Address, context: &Context) -> Result<Arc<KeySet>> {
        match self.kept(address, context) {
            Some(kept) => Ok(kept.set),
            None => self.fetch(address, context).await,
        }
    }

    /// Returns newer keys than these, among which one was missing; `None` if it is too early to ask for them.
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
        let counts = kept.address == *address && !kept.until.reached(context.clock().now());
        counts.then_some(kept)
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
                // A server that fails is not asked more often than one that answers.
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

/// Reads an answer, whatever its type is said to be: a set is not to be mistaken for anything else.
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
    if status != StatusCode::OK {
        return Err(wrong(&format!("status {}", status.as_u16())));
    }
    KeySet::read(response.bytes()).map_err(wrong)
}

fn place(error: Error) -> Error {
    error.at("the server's keys")
}

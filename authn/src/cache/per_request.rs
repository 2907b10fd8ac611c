//! `PerRequest`: a cache of its own for each token of the requests being served.
//!
//! A user's token is exchanged once, however many requests bring it. Its cache shares nothing with another user's: neither
//! tokens nor failures, nor the last answer of the server. It is in memory alone, is found by the hash of the user's
//! token, and ends with its own token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

use super::{core::Core, options::CacheOptions, state::SessionState};
use crate::{Bound, Context, Error, ErrorKind, Result, SecretString, Token, time::Moment};

/// Most caches at the same time. The least recently used one that is not in use is removed first.
const MOST: usize = 1024;

/// The caches of the requests being served.
#[derive(Default)]
pub(super) struct PerRequest(Mutex<State>);

#[derive(Default)]
struct State {
    is_closed: bool,
    /// How often a cache was used.
    uses: u64,
    caches: HashMap<Key, Entry>,
}

/// The hash of what a request brings.
type Key = [u8; 32];

struct Entry {
    cache: Core,
    /// The number of its last use.
    used: u64,
}

/// What a request brings: the tokens of the providers whose tokens belong to it.
type Brought = Vec<(usize, Token)>;

impl Core {
    /// Returns the cache for the request being served, and the context of its exchanges. It waits for a token that the
    /// request has to be exchanged for first.
    pub(super) async fn of_request(
        &self,
        requests: &PerRequest,
        context: &Context,
    ) -> Result<(Self, Context)> {
        let mut brought = Brought::new();
        for subject in self.per_request_subjects() {
            brought.push((subject.identity(), subject.token().await?));
        }
        Ok(self.with_brought(requests, brought, context))
    }

    /// Does what [`of_request`](Self::of_request) does; `None` if that needs waiting.
    pub(super) fn of_request_now(
        &self,
        requests: &PerRequest,
        context: &Context,
    ) -> Option<(Self, Context)> {
        let brought = |subject: &Bound| Some((subject.identity(), subject.ready()?));
        let brought = self.per_request_subjects().map(brought).collect::<Option<_>>()?;
        Some(self.with_brought(requests, brought, context))
    }

    /// Returns the cache for the request being served and the context of its exchanges; `None` if no request is being served.
    ///
    /// It fails if the request has no token: what is meant for its user must not reach all users.
    pub(super) async fn of_user(&self, context: &Context) -> Result<Option<(Self, Context)>> {
        let Some(requests) = &self.shared.requests else { return Ok(None) };
        if let Some(found) = self.of_request_now(requests, context) {
            return Ok(Some(found));
        }
        match self.of_request(requests, context).await {
            Err(error) if error.kind() == ErrorKind::NotApplicable && !self.is_serving() => {
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Returns whether a request is being served, also one without a token.
    pub(super) fn is_serving(&self) -> bool {
        self.per_request_subjects().any(|subject| subject.provider.is_serving(&subject.context))
    }

    fn per_request_subjects(&self) -> impl Iterator<Item = &Bound> {
        self.shared.source.subjects().into_iter().filter(|subject| subject.per_request)
    }

    fn with_brought(
        &self,
        requests: &PerRequest,
        brought: Brought,
        context: &Context,
    ) -> (Self, Context) {
        let new = || self.for_one_request();
        let cache = requests.cache(key_of(&brought), context.clock().now(), new);
        let cache = if context.is_narrowed() { cache.scoped(context) } else { cache };
        let context = context.clone().change(|parts| {
            parts.served = brought.into();
            // Both are for the program's own tokens.
            (parts.on_update, parts.session_spec) = (None, None);
        });
        (cache, context)
    }
}

impl PerRequest {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cache of a key, which may be new.
    fn cache(&self, key: Key, now: Moment, new: impl FnOnce() -> Core) -> Core {
        let state = &mut *self.lock();
        state.uses += 1;
        if let Some(entry) = state.caches.get_mut(&key) {
            entry.used = state.uses;
            return entry.cache.clone();
        }
        state.make_room(now);
        let cache = new();
        if state.is_closed {
            cache.shared.state().slots.close();
        }
        state.caches.insert(key, Entry { cache: cache.clone(), used: state.uses });
        cache
    }

    /// Returns the state of each cache.
    pub(super) fn states(&self) -> Vec<Arc<SessionState>> {
        self.lock().caches.values().map(|entry| entry.cache.shared.state()).collect()
    }

    /// Starts no more exchanges.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Drops a token that a server has refused, whoever it is of.
    pub(super) fn refuse(&self, token: &Token, now: Moment, options: &CacheOptions) {
        for state in self.states() {
            state.slots.refuse(token, now, options);
        }
    }
}

impl State {
    /// Removes the caches whose tokens have ended, and the least recently used one if there are still many. One in use is
    /// not removed: there would be a second exchange, and neither a logout nor `close` would reach the first.
    fn make_room(&mut self, now: Moment) {
        self.caches.retain(|_, entry| entry.is_in_use() || !entry.has_ended(now));
        if self.caches.len() < MOST {
            return;
        }
        let unused = self.caches.iter().filter(|(_, entry)| !entry.is_in_use());
        if let Some(key) = unused.min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key) {
            self.caches.remove(&key);
        }
    }
}

impl Entry {
    /// Returns whether a call or an exchange has it.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.cache.shared) > 1
    }

    fn has_ended(&self, now: Moment) -> bool {
        self.cache.shared.state().slots.have_ended(now)
    }
}

/// Returns the hash of what a request brings.
fn key_of(brought: &Brought) -> Key {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text.as_bytes());
    };
    for (_, token) in brought {
        add(token.secret());
        // Which of the two is sent is the source's choice.
        add(token.id_token().map(SecretString::expose).as_deref().unwrap_or_default());
    }
    hash.finalize().into()
}

/// The problem of a store for tokens that belong to the request being served.
pub(super) fn stored() -> Error {
    Error::configuration(
        "`store` is set, but a token that belongs to the request being served is kept in memory alone",
    )
    .with_help("remove it, or set `store = \"memory\"`")
}

/// The problem of a program that has a token for the request being served.
pub(super) fn adopted() -> Error {
    Error::configuration(
        "the tokens belong to the request being served, so the program can't start with one that it has",
    )
    .with_help("send that token as it is, such as by `bearer`")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::single_flight::Wish, *};
    use crate::{provider::Plain, time::ManualClock};

    fn core() -> Core {
        let source = crate::from_fn(|_| async { Token::new("abc") });
        Core::new(Arc::new(Plain(Arc::new(source))), CacheOptions::default())
    }

    fn key(number: usize) -> Key {
        let mut key = Key::default();
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    fn kept(requests: &PerRequest) -> usize {
        requests.lock().caches.len()
    }

    #[tokio::test]
    async fn a_cache_ends_with_its_token_and_not_before() {
        let (core, requests, clock) = (core(), PerRequest::default(), ManualClock::new());
        let context =
            Context::new().change(|parts| parts.clock = crate::time::Clock::custom(clock.clone()));
        let new =
            |number| requests.cache(key(number), context.clock().now(), || core.for_one_request());
        drop(new(1));
        let second = new(2);
        assert_eq!(kept(&requests), 1, "the first has had no token");
        // Here, not in the background, where the cache stays in use a little longer.
        second.exchange(&context, Wish::Token).run().await.unwrap();
        drop(second);
        drop(new(3));
        assert_eq!(kept(&requests), 2, "the second one's token is valid");
        clock.advance(Duration::from_secs(31));
        drop(new(4));
        assert_eq!(kept(&requests), 1);
    }

    #[test]
    fn one_in_use_is_never_removed() {
        let (core, requests) = (core(), PerRequest::default());
        let now = Context::new().clock().now();
        let new = |number| requests.cache(key(number), now, || core.for_one_request());
        let used: Vec<_> = (0..MOST + 10).map(new).collect();
        assert_eq!(kept(&requests), MOST + 10);
        for (number, cache) in used.iter().enumerate() {
            assert!(Arc::ptr_eq(&new(number).shared, &cache.shared), "{number}");
        }
        requests.close();
        assert!(new(MOST + 10).shared.state().slots.is_closed());
    }

    #[test]
    fn what_a_request_brings_is_told_apart() {
        let token = |text: &str| Token::new(text).unwrap();
        let with = |text: &str, id: &str| token(text).with_id_token(id.into());
        let keys: std::collections::BTreeSet<_> = [
            vec![(1, token("ab"))],
            vec![(1, token("a")), (2, token("b"))],
            vec![(1, with("a", "b"))],
            vec![(1, with("a", "c"))],
        ]
        .iter()
        .map(key_of)
        .collect();
        assert_eq!(keys.len(), 4);
    }
}

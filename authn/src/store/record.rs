//! `Record`: one session as a versioned JSON document.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::{Document, Owner, StoredFailure};
use crate::{Error, Origins, Result, SecretString, Token, TokenSet, sorted::sorted, token::Kept};

/// The version of the documents that are written. A document of a newer version is treated as missing.
pub(super) const VERSION: u32 = 1;
/// Longest document that is written, in bytes. A store reads documents of at least twice that length.
const LONGEST: usize = 512 * 1024;
/// Longest session that is written, in bytes: what every store can read.
const LARGEST: usize = 2 * LONGEST;
/// Most access tokens in one record.
const MOST_TOKENS: usize = 64;

/// One session: its refresh token, and an access token for each set of scopes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(super) version: u32,
    pub(crate) revision: u64,
    /// The key of its document, so that a document that was moved is not used. Records of earlier versions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// Whose it is. Records of earlier versions do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<Owner>,
    /// When an exchange has saved it last, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) saved_at: Option<i64>,
    /// Of the last exchange, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<StoredFailure>,
    /// The revision with which a login started the session; 0 if no login did.
    #[serde(default)]
    pub(crate) session: u64,
    /// Of the configured secrets that the session started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// The user of the session, if the server has vouched for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// Seconds by which the server's clock was ahead at the last exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_clock_ahead: Option<i64>,
    /// The origins that the server has named for its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    /// The last one that the server has issued in the session, which ends it at the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) kept: BTreeMap<String, Zeroizing<String>>,
    /// Names of those that only sign requests.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) signing: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tokens: BTreeMap<String, StoredToken>,
}

/// An access token with the times that its refresh is planned by, in milliseconds since the Unix epoch.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    access_token: Zeroizing<String>,
    #[serde(with = "millis")]
    pub(crate) asked_at: SystemTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// Whether it has no expiry, rather than one that is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    never_expires: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<Zeroizing<String>>,
}

impl Record {
    /// Reads a document. If it is no record or has a newer version, the result is empty except for its revision.
    pub(crate) fn read(document: &Document) -> Self {
        let read = serde_json::from_str::<Self>(&document.text.expose()).ok();
        let mut record = read.filter(|read| read.version == VERSION).unwrap_or_default();
        record.revision = document.revision;
        // Tokens are checked wherever they enter the program: a text that can't be one is dropped.
        record.tokens.retain(|_, stored| stored.token().is_some());
        record
    }

    /// Returns the version and the revision of a text; `None` if it is no record of any version.
    pub(super) fn version_and_revision(text: &str) -> Option<(u32, u64)> {
        #[derive(Deserialize)]
        struct Any {
            version: u32,
            revision: u64,
        }
        let any: Any = serde_json::from_str(text).ok()?;
        let is_whole = any.version != VERSION || serde_json::from_str::<Self>(text).is_ok();
        is_whole.then_some((any.version, any.revision))
    }

    /// Returns the record as a document with this revision.
    ///
    /// If it were longer than 512 KiB, the oldest access tokens are left out: a store must be able to read what it writes.
    pub(crate) fn write(&self, revision: u64) -> Document {
        let mut written = Self { version: VERSION, revision, ..self.clone() };
        loop {
            // Maps with text keys and plain members can always be written.
            let text = Zeroizing::new(serde_json::to_string(&written).unwrap_or_default());
            if text.len() <= LONGEST || !written.drop_oldest() {
                return Document { revision, text: text.as_str().into() };
            }
        }
    }

    /// Fails if the session is too long for a store, also without its access tokens. No later save could succeed.
    pub(crate) fn check_length(&self) -> Result<()> {
        let length = self.without_tokens().write(self.next_revision()).text.expose().len();
        if length <= LARGEST {
            return Ok(());
        }
        Err(Error::internal(format!(
            "the session has {} KiB, and a store keeps at most {}, so it is not stored",
            length.div_ceil(1024),
            LARGEST / 1024
        ))
        .with_help("keep less by `TokenSet::with_kept`, or set `store = \"memory\"`"))
    }

    /// Drops the access token that was asked for first; `false` if there is none.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.tokens.iter().min_by_key(|(_, stored)| stored.asked_at);
        let oldest = oldest.map(|(scope, _)| scope.clone());
        oldest.is_some_and(|scope| self.tokens.remove(&scope).is_some())
    }

    /// Names the tokens of a record of an earlier version. It named them by the scopes of the call alone, so it is not known
    /// which configured ones they have: another token is obtained. Only a login without anything else keeps its token,
    /// because the user would have to log in again.
    pub(super) fn name_tokens(&mut self, entry: &str) {
        let tokens = std::mem::take(&mut self.tokens);
        if self.session != 0 && !self.has_session() {
            let last = tokens.into_values().max_by_key(|stored| stored.asked_at);
            self.tokens.extend(last.map(|stored| (entry.to_owned(), stored)));
        }
    }

    /// Notes that an exchange saves the record.
    pub(crate) fn set_saved_at(&mut self, now: SystemTime) {
        self.saved_at = Some(millis::of(now));
    }

    /// Returns whether no exchange has saved it since `before`, and no access token is usable.
    pub(super) fn is_unused(&self, before: SystemTime, now: SystemTime) -> bool {
        let is_old = |at| millis::time(at) < before;
        // A token that never expires is used until a server refuses it, and so is a login's without a known expiry.
        let has_ended = |stored: &StoredToken| match stored.expires_at {
            Some(at) => millis::time(at) < now,
            None => !stored.never_expires && (self.session == 0 || self.has_session()),
        };
        !self.is_empty() && self.saved_at.is_some_and(is_old) && self.tokens.values().all(has_ended)
    }

    /// Returns the revision of the next save.
    pub(crate) fn next_revision(&self) -> u64 {
        next_revision(self.revision)
    }

    /// Returns whether there is anything that a new token can be obtained with.
    pub(crate) fn has_session(&self) -> bool {
        self.refresh_token.is_some() || self.kept.keys().any(|name| !self.signing.contains(name))
    }

    /// Returns whether a user was logged in, and has to log in again.
    pub(crate) fn has_ended(&self) -> bool {
        self.session != 0 && !self.has_session()
    }

    /// Returns the record without its access tokens.
    pub(crate) fn without_tokens(&self) -> Self {
        Self { tokens: BTreeMap::new(), ..self.clone() }
    }

    /// Returns whether there is neither a session nor an access token.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_session() && self.tokens.is_empty()
    }

    /// Returns whether its session was ended by a logout, or by a process with other secrets, rather than by the server.
    pub(crate) fn is_cleared(&self) -> bool {
        self.is_empty() && self.owner.is_none() && self.failure.is_none()
    }

    /// Returns this record, which was made from `begun`, moved onto `now`, which another process has saved since. `None` if
    /// `now` has another session, or another token with this name.
    pub(crate) fn onto(&self, begun: &Self, now: &Self, scope: &str) -> Option<Self> {
        let is_same = now.is_of_session(begun) || now.was_refused(begun);
        if !is_same || now.secret(scope) != begun.secret(scope) {
            return None;
        }
        let mut record = Self { revision: now.revision, ..self.clone() };
        if self.session == begun.session {
            let is_as_before = |name: &str| now.secret(name) == begun.secret(name);
            record.tokens.retain(|name, _| name == scope || is_as_before(name));
            let new = now.tokens.iter().filter(|(name, _)| !is_as_before(name));
            record.tokens.extend(new.map(|(name, token)| (name.clone(), token.clone())));
        }
        Some(record)
    }

    /// Returns whether this stored record comes from an earlier save of `saved`: with its token of this name, or without
    /// tokens.
    pub(crate) fn has_taken(&self, saved: &Self, scope: &str) -> bool {
        let has_token = self.tokens.is_empty() || self.secret(scope) == saved.secret(scope);
        !self.is_empty() && self.is_of_session(saved) && has_token
    }

    /// Returns whether both have the same session, so that the next exchange would send the same.
    /// Returns whether it is what is left of `begun` after a server has refused the refresh token, such as because another
    /// process had spent it.
    fn was_refused(&self, begun: &Self) -> bool {
        self.refresh_token.is_none()
            && begun.refresh_token.is_some()
            && !self.is_cleared()
            && self.session == begun.session
            && self.fingerprint == begun.fingerprint
            && self.kept == begun.kept
    }

    fn is_of_session(&self, other: &Self) -> bool {
        self.session == other.session
            && self.fingerprint == other.fingerprint
            && self.refresh_token == other.refresh_token
            && self.kept == other.kept
    }

    /// Returns the text of the access token with this name.
    fn secret(&self, scope: &str) -> Option<&str> {
        self.tokens.get(scope).map(|stored| stored.access_token.as_str())
    }

    /// Returns in words what it has, for a log.
    pub(crate) fn state(&self) -> &'static str {
        match (self.has_session(), self.tokens.is_empty()) {
            (false, true) => "empty",
            (false, false) => "with a token",
            (true, _) if self.refresh_token.is_some() => "with a refresh token",
            (true, _) => "with credentials",
        }
    }

    /// Forgets everything except the fingerprint and the revision, which the next save replaces.
    pub(crate) fn forget(&mut self) {
        let (revision, fingerprint) = (self.revision, self.fingerprint.take());
        *self = Self { revision, fingerprint, ..Self::default() };
    }

    /// Returns the last grant as the source receives it; `None` if there is neither a session nor a secret that signs
    /// requests.
    pub(crate) fn token_set(&self, scope: &str) -> Option<TokenSet> {
        if !self.has_session() && self.kept.is_empty() {
            return None;
        }
        let stored = self.tokens.get(scope).or_else(|| self.tokens.values().next());
        let token = stored.and_then(StoredToken::token).map(TokenSet::new);
        let tokens = token.unwrap_or_else(TokenSet::without_token);
        let tokens = tokens.with_username(self.username.clone());
        let tokens = tokens.with_shared_origins(self.origins());
        let mut tokens = tokens.with_last_id_token(self.last_id_token());
        if let Some(refresh_token) = &self.refresh_token {
            tokens = tokens.with_refresh_token(refresh_token.as_str().into());
        }
        let kept = self.kept.iter();
        Some(kept.fold(tokens, |tokens, (name, value)| {
            let value = value.as_str().into();
            if self.signing.contains(name) {
                tokens.with_signing_secret(name, value)
            } else {
                tokens.with_kept(name, value)
            }
        }))
    }

    /// Returns the secrets that were kept for signing requests.
    pub(crate) fn kept(&self) -> Arc<Kept> {
        let kept = self.kept.iter();
        Arc::new(sorted(kept.map(|(name, value)| (name.clone(), value.as_str().into()))))
    }

    /// Returns the origins that the server has named for its tokens.
    pub(crate) fn origins(&self) -> Option<Arc<Origins>> {
        let mut origins = Origins::none();
        for address in self.origins.as_ref()?.iter().filter_map(|origin| Url::parse(origin).ok()) {
            origins.add_named(&address);
        }
        Some(Arc::new(origins))
    }

    /// Returns the access token of these scopes, which may have expired.
    pub(crate) fn token(&self, scope: &str) -> Option<Token> {
        self.tokens.get(scope)?.token()
    }

    /// Returns when the last access token expires; `None` if that of one is unknown.
    pub(super) fn last_expiry(&self) -> Option<SystemTime> {
        let ends: Option<Vec<i64>> = self.tokens.values().map(|token| token.expires_at).collect();
        ends?.into_iter().max().map(millis::time)
    }

    /// Returns how many secrets are kept.
    pub(crate) fn kept_count(&self) -> usize {
        self.kept.len()
    }

    /// Keeps a secret under a name, or with `None` no longer. Returns whether that changed anything.
    pub(crate) fn keep(&mut self, name: &str, secret: Option<&SecretString>) -> bool {
        self.signing.remove(name);
        let before = match secret {
            Some(secret) => self.kept.insert(name.to_owned(), text(secret)),
            None => self.kept.remove(name),
        };
        before.as_deref().map(String::as_str)
            != secret.map(|secret| secret.expose().to_owned()).as_deref()
    }

    /// Returns the last grant, or else a set of an access token alone; `None` if there is nothing to revoke.
    pub(crate) fn any_token_set(&self) -> Option<TokenSet> {
        self.token_set("").or_else(|| {
            let token = self.tokens.values().next()?.token()?;
            Some(TokenSet::new(token).with_last_id_token(self.last_id_token()))
        })
    }

    fn last_id_token(&self) -> Option<SecretString> {
        self.id_token.as_ref().map(|id_token| id_token.as_str().into())
    }

    /// Removes an access token, for whatever scopes it is. Returns whether it was there.
    pub(crate) fn remove_token(&mut self, token: &Token) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|_, stored| *stored.access_token != token.secret());
        self.tokens.len() < before
    }

    /// Returns the access tokens that have not expired.
    pub(crate) fn unexpired(&self, now: SystemTime) -> Vec<Token> {
        let has_expired = |at| millis::time(at) <= now;
        let stored = self.tokens.values();
        let unexpired = stored.filter(|stored| !stored.expires_at.is_some_and(has_expired));
        unexpired.filter_map(StoredToken::token).collect()
    }

    /// Adds the result of an exchange: its access token, and what the next exchange needs.
    pub(crate) fn take(
        &mut self,
        tokens: &TokenSet,
        scope: &str,
        token: &Token,
        asked_at: SystemTime,
    ) {
        self.take_session(tokens);
        self.failure = None;
        // Otherwise expired tokens of scopes that are no longer asked for would pile up.
        let has_expired = |at| millis::time(at) <= asked_at;
        self.tokens.retain(|_, stored| !stored.expires_at.is_some_and(has_expired));
        self.tokens.remove(scope);
        while self.tokens.len() >= MOST_TOKENS && self.drop_oldest() {}
        self.tokens.insert(scope.to_owned(), StoredToken::new(token, asked_at));
    }

    /// Adds what the next exchange needs, without the access token.
    pub(crate) fn take_session(&mut self, tokens: &TokenSet) {
        if tokens.is_new_session() {
            // The tokens of the old session may be another user's.
            self.forget();
            self.session = self.next_revision();
        }
        self.username = tokens.username().map(str::to_owned);
        self.server_clock_ahead = tokens.server_clock_ahead();
        if let Some(origins) = tokens.origins() {
            self.origins = Some(origins.iter().collect());
        }
        if let Some(refresh_token) = tokens.refresh_token() {
            self.refresh_token = Some(text(refresh_token));
        }
        if let Some(id_token) = tokens.id_token() {
            self.id_token = Some(text(id_token));
        }
        self.kept.retain(|name, _| !tokens.is_dropped(name));
        let kept = tokens.all_kept();
        self.kept.extend(kept.iter().map(|(name, secret)| (name.clone(), text(secret))));
        let is_signing = |name: &String| {
            tokens.only_signs(name) || (!kept.contains_key(name) && self.signing.contains(name))
        };
        self.signing = sorted(self.kept.keys().filter(|name| is_signing(name)).cloned());
    }
}

impl StoredToken {
    fn new(token: &Token, asked_at: SystemTime) -> Self {
        Self {
            access_token: Zeroizing::new(token.secret().to_owned()),
            asked_at,
            expires_at: token.expires_at().map(millis::of),
            never_expires: token.never_expires(),
            token_type: token.token_type().map(str::to_owned),
            scope: token.scope().map(str::to_owned),
            id_token: token.id_token().map(text),
        }
    }

    /// Returns the token; `None` if its text can't be a token.
    pub(crate) fn token(&self) -> Option<Token> {
        let mut token = Token::new(self.access_token.as_str()).ok()?;
        if let Some(at) = self.expires_at {
            token = token.with_expires_at(millis::time(at));
        } else if self.never_expires {
            token = token.without_expiry();
        }
        if let Some(token_type) = &self.token_type {
            token = token.with_token_type(token_type);
        }
        if let Some(scope) = &self.scope {
            token = token.with_scope(scope);
        }
        if let Some(id_token) = &self.id_token {
            token = token.with_id_token(id_token.as_str().into());
        }
        Some(token)
    }

    /// Returns the time from the request for the token until its expiry.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        millis::time(self.expires_at?).duration_since(self.asked_at).ok()
    }
}

/// Returns the revision after another. After the last number it is 1 again, because 0 is no document.
pub(super) fn next_revision(revision: u64) -> u64 {
    revision.checked_add(1).unwrap_or(1)
}

fn text(secret: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

/// Times in milliseconds since the Unix epoch.
pub(super) mod millis {
    use std::time::SystemTime;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::time::{from_unix_nanos, unix_nanos};

    pub(in crate::store) fn of(time: SystemTime) -> i64 {
        unix_nanos(time) / 1_000_000
    }

    pub(in crate::store) fn time(millis: i64) -> SystemTime {
        from_unix_nanos(millis.saturating_mul(1_000_000))
    }

    pub(in crate::store) fn serialize<S: Serializer>(
        at: &SystemTime,
        writer: S,
    ) -> Result<S::Ok, S::Error> {
        writer.serialize_i64(of(*at))
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        reader: D,
    ) -> Result<SystemTime, D::Error> {
        i64::deserialize(reader).map(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let token = Token::new("abc")
            .unwrap()
            .with_expires_at(SystemTime::UNIX_EPOCH + Duration::from_hours(9_999_999))
            .with_scope("read")
            .with_token_type("Bearer")
            .with_id_token("i.d".into());
        let tokens = TokenSet::new(token.clone())
            .with_refresh_token("r1".into())
            .with_kept("key", "k1".into());
        let mut record = Record { fingerprint: Some("f".to_owned()), ..Record::default() };
        record.take(&tokens, "read", &token, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
        record
    }

    #[test]
    fn a_written_record_is_read_again() {
        let document = record().write(3);
        let read = Record::read(&document);
        assert_eq!(read.revision, 3);
        assert_eq!(read.session, 0, "no login started it");
        assert_eq!(read.fingerprint.as_deref(), Some("f"));
        let tokens = read.token_set("read").unwrap();
        assert_eq!(&*tokens.refresh_token().unwrap().expose(), "r1");
        assert_eq!(&*tokens.kept("key").unwrap().expose(), "k1");
        assert_eq!(tokens.token().secret(), "abc");
        assert_eq!(tokens.token().scope(), Some("read"));
        assert_eq!(&*tokens.token().id_token().unwrap().expose(), "i.d");
        assert_eq!(read.tokens["read"].asked_at, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
        assert!(read.tokens["read"].lifetime().is_some());
    }

    #[test]
    fn a_stored_token_that_never_expires_stays_so_and_is_used_for_years() {
        let (asked_at, years) = (SystemTime::UNIX_EPOCH, Duration::from_hours(24 * 9_999));
        for (token, never) in [
            (Token::new("abc").unwrap(), false),
            (Token::new("abc").unwrap().without_expiry(), true),
        ] {
            let mut record = Record::default();
            record.take(&TokenSet::new(token.clone()), "s", &token, asked_at);
            record.set_saved_at(asked_at);
            let read = Record::read(&record.write(1));
            assert_eq!(read.tokens["s"].token().unwrap().never_expires(), never);
            assert_eq!(read.is_unused(asked_at + years, asked_at + years), !never);
        }
    }

    #[test]
    fn the_last_id_token_outlives_the_access_token_it_came_with() {
        let token = Token::new("new").unwrap();
        let mut record = record();
        let renewed = TokenSet::new(token.clone()).inherit(record.token_set("read").as_ref());
        record.take(&renewed, "read", &token, SystemTime::UNIX_EPOCH);
        assert!(record.remove_token(&token) && !record.remove_token(&token));
        let read = Record::read(&record.write(1));
        assert_eq!(&*read.any_token_set().unwrap().id_token().unwrap().expose(), "i.d");
        record.take_session(&TokenSet::new(token).with_new_session());
        assert!(record.id_token.is_none(), "it is another user's now");
    }

    #[test]
    fn a_secret_that_is_no_longer_kept_is_removed() {
        let token = Token::new("abc").unwrap();
        let mut record = record();
        record.take_session(&TokenSet::new(token.clone()));
        assert!(record.kept.contains_key("key"), "what is left out is kept");
        record.take_session(&TokenSet::new(token).without_kept("key"));
        assert!(record.kept.is_empty());
    }

    #[test]
    fn a_secret_that_only_signs_is_no_session() {
        let token = Token::new("abc").unwrap();
        let mut record = Record::default();
        let tokens = TokenSet::new(token.clone()).with_signing_secret("key", "k1".into());
        record.take(&tokens, "s", &token, SystemTime::UNIX_EPOCH);
        let mut read = Record::read(&record.write(1));
        assert!(!read.has_session());
        assert!(read.token_set("s").unwrap().kept("key").is_some(), "tokens of all scopes need it");
        assert_eq!(&*read.kept()["key"].expose(), "k1");
        read.take_session(&TokenSet::new(token.clone()).with_refresh_token("r1".into()));
        let tokens = Record::read(&read.write(2)).token_set("s").unwrap();
        assert!(tokens.only_signs("key") && tokens.kept("key").is_some());
        read.take_session(&TokenSet::new(token).with_kept("key", "k2".into()));
        read.refresh_token = None;
        assert!(read.has_session());
    }

    #[test]
    fn each_login_starts_another_session_and_a_refresh_does_not() {
        let token = Token::new("abc").unwrap();
        let tokens = || TokenSet::new(token.clone()).with_refresh_token("r1".into());
        let mut record = Record { revision: 4, ..record() };
        record.take_session(&tokens().with_new_session());
        assert_eq!(record.session, 5);
        let mut read = Record::read(&record.write(5));
        read.take_session(&tokens());
        assert_eq!(read.session, 5);
        read.take_session(&tokens().with_new_session());
        assert_eq!(read.session, 6);
    }

    #[test]
    fn a_record_is_bounded_and_the_oldest_tokens_are_dropped_first() {
        for (count, length) in [(28, 40_000), (200, 10)] {
            let mut record = Record::default();
            for number in 0..count {
                let token = Token::new("x".repeat(length)).unwrap();
                let tokens = TokenSet::new(token.clone()).with_refresh_token("r1".into());
                let asked_at = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
                record.take(&tokens, &format!("s{number}"), &token, asked_at);
            }
            let document = record.write(1);
            assert!(document.text.expose().len() <= LONGEST);
            let read = Record::read(&document);
            assert!(read.tokens.len() <= MOST_TOKENS && read.tokens.len() > 10);
            assert!(read.tokens.contains_key(&format!("s{}", count - 1)));
            assert!(!read.tokens.contains_key("s0"));
            assert!(read.refresh_token.is_some());
        }
        // A refresh token is never left out: what is too long for a store is its error.
        let token = Token::new("abc").unwrap();
        let long = "r".repeat(LONGEST);
        let tokens = TokenSet::new(token.clone()).with_refresh_token(long.as_str().into());
        let mut record = Record::default();
        record.take(&tokens, "s", &token, SystemTime::UNIX_EPOCH);
        let read = Record::read(&record.write(1));
        assert!(read.tokens.is_empty() && read.refresh_token.is_some());
    }

    #[test]
    fn revisions_start_again_after_the_last_number() {
        let record = Record { revision: u64::MAX, ..record() };
        assert_eq!(record.next_revision(), 1);
        assert_eq!(Record { revision: 7, ..record }.next_revision(), 8);
    }

    #[test]
    fn a_text_that_is_no_record_is_empty_and_keeps_its_revision() {
        for text in ["", "{}", "null", "{\"version\":2,\"revision\":5}", "{\"version\":1"] {
            let document = Document { revision: 5, text: text.into() };
            let read = Record::read(&document);
            assert!(read.is_empty() && read.revision == 5, "{text}");
        }
    }
}

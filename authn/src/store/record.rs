//! `Record`: one session as a versioned JSON document.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Document, hex};
use crate::{SecretString, Token, TokenSet, token::Kept};

/// The version of the documents that are written. A document of a newer version is treated as missing.
pub(super) const VERSION: u32 = 1;

/// One session: its refresh token, and an access token for each set of scopes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(super) version: u32,
    pub(crate) revision: u64,
    /// The revision with which a login started the session; 0 if no login did.
    #[serde(default)]
    pub(crate) session: u64,
    /// Of the configured secret that the session started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// The user of the session, if the server has vouched for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// Seconds by which the server's clock was ahead at the last exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_clock_ahead: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) kept: BTreeMap<String, Zeroizing<String>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<Zeroizing<String>>,
}

/// Returns a short hash of a configured secret, which differs for another secret.
pub(crate) fn fingerprint(secret: &SecretString) -> String {
    let digest = Sha256::digest(secret.expose().as_bytes());
    hex(&digest)[..16].to_owned()
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
    pub(crate) fn write(&self, revision: u64) -> Document {
        let written = Self { version: VERSION, revision, ..self.clone() };
        // Maps with text keys and plain members can always be written.
        let text = Zeroizing::new(serde_json::to_string(&written).unwrap_or_default());
        Document { revision, text: text.as_str().into() }
    }

    /// Returns the revision of the next save. After the last number it is 1 again, because 0 is no document.
    pub(crate) fn next_revision(&self) -> u64 {
        self.revision.checked_add(1).unwrap_or(1)
    }

    /// Returns whether there is anything besides access tokens.
    pub(crate) fn has_session(&self) -> bool {
        self.refresh_token.is_some() || !self.kept.is_empty()
    }

    /// Returns whether there is neither a session nor an access token.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_session() && self.tokens.is_empty()
    }

    /// Forgets everything except the fingerprint and the revision, which the next save replaces.
    pub(crate) fn forget(&mut self) {
        let (revision, fingerprint) = (self.revision, self.fingerprint.take());
        *self = Self { revision, fingerprint, ..Self::default() };
    }

    /// Forgets the session if it belongs to other configured secrets than `now`.
    pub(crate) fn keep_if_of(&mut self, now: &str) {
        if self.fingerprint.as_deref() != Some(now) {
            self.fingerprint = Some(now.to_owned());
            self.forget();
        }
    }

    /// Returns the last grant as the source receives it; `None` if there is no session.
    pub(crate) fn token_set(&self, scope: &str) -> Option<TokenSet> {
        if !self.has_session() {
            return None;
        }
        let stored = self.tokens.get(scope).or_else(|| self.tokens.values().next())?;
        let mut tokens = TokenSet::new(stored.token()?).with_username(self.username.clone());
        if let Some(refresh_token) = &self.refresh_token {
            tokens = tokens.with_refresh_token(refresh_token.as_str().into());
        }
        let kept = self.kept.iter();
        Some(
            kept.fold(tokens, |tokens, (name, value)| {
                tokens.with_kept(name, value.as_str().into())
            }),
        )
    }

    /// Returns the secrets that were kept for signing requests.
    pub(crate) fn kept(&self) -> Arc<Kept> {
        let kept = self.kept.iter();
        Arc::new(kept.map(|(name, value)| (name.clone(), value.as_str().into())).collect())
    }

    /// Returns the last grant, or else a set of an access token alone; `None` if there is no access token.
    pub(crate) fn any_token_set(&self) -> Option<TokenSet> {
        let stored = self.tokens.values().next()?;
        self.token_set("").or_else(|| stored.token().map(TokenSet::new))
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
        // Otherwise expired tokens of scopes that are no longer asked for would pile up.
        let has_expired = |at| millis::time(at) <= asked_at;
        self.tokens.retain(|_, stored| !stored.expires_at.is_some_and(has_expired));
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
        if let Some(refresh_token) = tokens.refresh_token() {
            self.refresh_token = Some(text(refresh_token));
        }
        let kept = tokens.all_kept();
        self.kept.extend(kept.iter().map(|(name, secret)| (name.clone(), text(secret))));
    }
}

impl StoredToken {
    fn new(token: &Token, asked_at: SystemTime) -> Self {
        Self {
            access_token: Zeroizing::new(token.secret().to_owned()),
            asked_at,
            expires_at: token.expires_at().map(millis::of),
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

fn text(secret: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

/// Times in milliseconds since the Unix epoch.
mod millis {
    use std::time::SystemTime;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::time::{from_unix_nanos, unix_nanos};

    pub(super) fn of(time: SystemTime) -> i64 {
        unix_nanos(time) / 1_000_000
    }

    pub(super) fn time(millis: i64) -> SystemTime {
        from_unix_nanos(millis.saturating_mul(1_000_000))
    }

    pub(super) fn serialize<S: Serializer>(at: &SystemTime, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_i64(of(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
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
    fn another_secret_is_another_session() {
        let (one, other) = (SecretString::from("r0"), SecretString::from("r9"));
        let mut kept = record();
        kept.fingerprint = Some(fingerprint(&one));
        kept.keep_if_of(&fingerprint(&one));
        assert!(!kept.is_empty());
        kept.keep_if_of(&fingerprint(&other));
        assert!(kept.is_empty());
        assert_eq!(kept.fingerprint, Some(fingerprint(&other)));
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

//! `Record`: what is kept of one session, as a versioned JSON document.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Document, hex};
use crate::{
    Grant, SecretString, Token,
    time::{from_unix_nanos, unix_nanos},
};

/// The version of the document that is written. A newer one is treated as if it were not there.
pub(super) const VERSION: u32 = 1;

/// One session: its refresh token, and an access token for each set of scopes.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) revision: u64,
    /// The revision that a login began the session with; 0 where none did.
    pub(crate) session: u64,
    /// Of the configured secret that the session began with.
    pub(crate) fingerprint: Option<String>,
    /// Of the user whose session it is, where the server has vouched for it.
    pub(crate) username: Option<String>,
    /// Seconds by which the server's clock was ahead at the last exchange.
    pub(crate) server_clock_ahead: Option<i64>,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) kept: BTreeMap<String, SecretString>,
    pub(crate) tokens: BTreeMap<String, StoredToken>,
}

/// An access token with the times that its life is planned by.
#[derive(Clone)]
pub(crate) struct StoredToken {
    pub(crate) token: Token,
    pub(crate) asked_at: SystemTime,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    revision: u64,
    #[serde(default)]
    session: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_clock_ahead: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tokens: BTreeMap<String, WrittenToken>,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct WrittenToken {
    access_token: Zeroizing<String>,
    asked_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<Zeroizing<String>>,
}

/// Gives what tells one configured secret from another without holding it.
pub(crate) fn fingerprint(secret: &SecretString) -> String {
    let digest = Sha256::digest(secret.expose().as_bytes());
    hex(&digest)[..16].to_owned()
}

impl Record {
    /// Reads a document. One that is no record, or of a newer version, is empty but for its revision.
    pub(crate) fn read(document: &Document) -> Self {
        let written = serde_json::from_str::<Written>(&document.text.expose()).ok();
        let Some(written) = written.filter(|written| written.version == VERSION) else {
            return Self { revision: document.revision, ..Self::default() };
        };
        let secret = |text: Zeroizing<String>| SecretString::from(text.as_str());
        Self {
            revision: document.revision,
            session: written.session,
            fingerprint: written.fingerprint,
            username: written.username,
            server_clock_ahead: written.server_clock_ahead,
            refresh_token: written.refresh_token.map(secret),
            kept: written.kept.into_iter().map(|(name, text)| (name, secret(text))).collect(),
            tokens: written
                .tokens
                .into_iter()
                // Every entrance checks tokens: what can't be one is dropped.
                .filter_map(|(scope, token)| Some((scope, token.read()?)))
                .collect(),
        }
    }

    /// Gives the version and the revision of a text; `None` if it is no record of any version.
    pub(super) fn version_and_revision(text: &str) -> Option<(u32, u64)> {
        #[derive(Deserialize)]
        struct Any {
            version: u32,
            revision: u64,
        }
        let any: Any = serde_json::from_str(text).ok()?;
        let is_whole = any.version != VERSION || serde_json::from_str::<Written>(text).is_ok();
        is_whole.then_some((any.version, any.revision))
    }

    /// Writes a document.
    pub(crate) fn write(&self, revision: u64) -> Document {
        let text = |secret: &SecretString| Zeroizing::new(secret.expose().to_owned());
        let written = Written {
            version: VERSION,
            revision,
            session: self.session,
            fingerprint: self.fingerprint.clone(),
            username: self.username.clone(),
            server_clock_ahead: self.server_clock_ahead,
            refresh_token: self.refresh_token.as_ref().map(text),
            kept: self.kept.iter().map(|(name, secret)| (name.clone(), text(secret))).collect(),
            tokens: self
                .tokens
                .iter()
                .map(|(scope, token)| (scope.clone(), WrittenToken::of(token)))
                .collect(),
        };
        // Maps with text keys and plain members can always be written.
        let text = Zeroizing::new(serde_json::to_string(&written).unwrap_or_default());
        Document { revision, text: SecretString::from(text.as_str()) }
    }

    /// Tells whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.refresh_token.is_none() && self.kept.is_empty() && self.tokens.is_empty()
    }

    /// Forgets the session; what it replaces, and the secrets that it would begin with, stay known.
    pub(crate) fn forget(&mut self) {
        let (revision, fingerprint) = (self.revision, self.fingerprint.take());
        *self = Self { revision, fingerprint, ..Self::default() };
    }

    /// Forgets what belongs to other configured secrets than those of now.
    pub(crate) fn keep_if_of(&mut self, now: &str) {
        if self.fingerprint.as_deref() != Some(now) {
            let fingerprint = Some(now.to_owned());
            *self = Self { revision: self.revision, fingerprint, ..Self::default() };
        }
    }

    /// Gives the last grant, as the source will get it; `None` if there was none.
    pub(crate) fn grant(&self, scope: &str) -> Option<Grant> {
        if self.refresh_token.is_none() && self.kept.is_empty() {
            return None;
        }
        let token = self.tokens.get(scope).or_else(|| self.tokens.values().next())?;
        let grant = Grant::new(token.token.clone());
        let grant = match &self.refresh_token {
            Some(refresh_token) => grant.with_refresh_token(refresh_token.clone()),
            None => grant,
        };
        let grant = grant.with_username(self.username.clone());
        let kept = self.kept.iter().map(|(name, secret)| (name.clone(), secret.clone()));
        Some(kept.fold(grant, |grant, (name, secret)| grant.with_kept(name, secret)))
    }

    /// Gives a grant of whatever is kept, to revoke it.
    pub(crate) fn any_grant(&self) -> Option<Grant> {
        let token = self.tokens.values().next()?.token.clone();
        Some(self.grant("").unwrap_or_else(|| Grant::new(token)))
    }

    /// Takes over what an exchange gave.
    pub(crate) fn take(&mut self, grant: &Grant, scope: &str, token: &Token, asked_at: SystemTime) {
        self.take_session(grant);
        let now = asked_at;
        // Expired tokens of scopes that nobody asks for any more would pile up.
        self.tokens.retain(|_, stored| stored.token.expires_at().is_none_or(|at| at > now));
        let stored = StoredToken { token: token.clone(), asked_at };
        self.tokens.insert(scope.to_owned(), stored);
    }

    /// Takes over what an exchange gave for the next one, without its access token.
    pub(crate) fn take_session(&mut self, grant: &Grant) {
        if grant.is_new_session() {
            // Its tokens may be another user's.
            self.forget();
            self.session = self.revision + 1;
        }
        self.username = grant.username().map(str::to_owned);
        self.server_clock_ahead = grant.server_clock_ahead();
        if let Some(refresh_token) = grant.refresh_token() {
            self.refresh_token = Some(refresh_token.clone());
        }
        self.kept.extend(grant.all_kept().map(|(name, secret)| (name.to_owned(), secret.clone())));
    }
}

impl StoredToken {
    /// Gives how long after it was asked for the token expires.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.token.expires_at()?.duration_since(self.asked_at).ok()
    }
}

impl WrittenToken {
    fn of(stored: &StoredToken) -> Self {
        let token = &stored.token;
        Self {
            access_token: Zeroizing::new(token.secret().to_owned()),
            asked_at: millis(stored.asked_at),
            expires_at: token.expires_at().map(millis),
            token_type: token.token_type().map(str::to_owned),
            scope: token.scope().map(str::to_owned),
            id_token: token.id_token().map(|secret| Zeroizing::new(secret.expose().to_owned())),
        }
    }

    fn read(self) -> Option<StoredToken> {
        let mut token = Token::new(self.access_token.as_str()).ok()?;
        if let Some(at) = self.expires_at {
            token = token.with_expires_at(time(at));
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
        Some(StoredToken { token, asked_at: time(self.asked_at) })
    }
}

fn millis(time: SystemTime) -> i64 {
    unix_nanos(time) / 1_000_000
}

fn time(millis: i64) -> SystemTime {
    from_unix_nanos(millis.saturating_mul(1_000_000))
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
        let grant =
            Grant::new(token.clone()).with_refresh_token("r1".into()).with_kept("key", "k1".into());
        let mut record = Record { fingerprint: Some("f".to_owned()), ..Record::default() };
        record.take(&grant, "read", &token, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
        record
    }

    #[test]
    fn what_is_written_is_read_again() {
        let document = record().write(3);
        let read = Record::read(&document);
        assert_eq!(read.revision, 3);
        assert_eq!(read.session, 0, "no login began it");
        assert_eq!(read.fingerprint.as_deref(), Some("f"));
        let grant = read.grant("read").unwrap();
        assert_eq!(&*grant.refresh_token().unwrap().expose(), "r1");
        assert_eq!(&*grant.kept("key").unwrap().expose(), "k1");
        assert_eq!(grant.token().secret(), "abc");
        assert_eq!(grant.token().scope(), Some("read"));
        assert_eq!(&*grant.token().id_token().unwrap().expose(), "i.d");
        assert_eq!(read.tokens["read"].asked_at, SystemTime::UNIX_EPOCH + Duration::from_secs(7));
        assert!(read.tokens["read"].lifetime().is_some());
    }

    #[test]
    fn each_login_is_another_session_and_a_refresh_is_not() {
        let token = Token::new("abc").unwrap();
        let grant = || Grant::new(token.clone()).with_refresh_token("r1".into());
        let mut record = Record { revision: 4, ..record() };
        record.take_session(&grant().with_new_session());
        assert_eq!(record.session, 5);
        let mut read = Record::read(&record.write(5));
        read.take_session(&grant());
        assert_eq!(read.session, 5);
        read.take_session(&grant().with_new_session());
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
    fn what_is_no_record_is_empty_and_keeps_its_revision() {
        for text in ["", "{}", "null", "{\"version\":2,\"revision\":5}", "{\"version\":1"] {
            let document = Document { revision: 5, text: text.into() };
            let read = Record::read(&document);
            assert!(read.is_empty() && read.revision == 5, "{text}");
        }
    }
}

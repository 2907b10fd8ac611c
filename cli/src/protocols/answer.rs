//! The credentials as tools can use them: a header, a token, or a user and a password.

use std::time::{Duration, SystemTime};

use authn::{Body, Credentials, Request, Token, Used};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, Uri, header::AUTHORIZATION, request::Parts};
use zeroize::Zeroizing;

use super::chosen::Chosen;
use crate::{
    exit::{Code, Failure},
    waiting,
};

/// The user's name beside a token where a protocol needs one and none is known.
pub(super) const USERNAME: &str = "oauth2";

/// What authorises requests to the address.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) expires_at: Option<SystemTime>,
    /// The user that the credentials name.
    principal: Option<String>,
    /// The user that the tool asks for.
    asked: Option<String>,
}

/// A user and a password.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Zeroizing<String>,
}

impl Answer {
    /// Gets what authorises requests to the address, by an exchange if it has expired.
    ///
    /// Fails if it is good for one request alone: tools keep it and use it for others.
    pub(super) fn get(chosen: &Chosen) -> Result<Self, Failure> {
        let credentials = &chosen.credentials;
        if credentials.uses_body() {
            return Err(misplaced("body"));
        }
        let mut found = authorized(credentials, Method::GET, &chosen.uri)?;
        // A token may be replaced in between, but not twice.
        for _ in 0..2 {
            let other = authorized(credentials, Method::POST, &elsewhere(&chosen.uri))?;
            if other.0.headers == found.0.headers {
                return Ok(Self {
                    headers: found.0.headers,
                    expires_at: found.1.token().and_then(Token::expires_at),
                    principal: credentials.principal(),
                    asked: chosen.username.clone(),
                });
            }
            let secret =
                |used: &Used| used.token().map(|token| Zeroizing::new(token.secret().to_owned()));
            if secret(&found.1) == secret(&other.1) {
                break;
            }
            found = authorized(credentials, Method::GET, &chosen.uri)?;
        }
        Err(signed())
    }

    /// Returns the value of `Authorization`, which is all that authorises a request.
    pub(super) fn authorization(&self) -> Result<&HeaderValue, Failure> {
        let only = self.headers.get(AUTHORIZATION).filter(|_| self.headers.len() == 1);
        only.ok_or_else(|| {
            let message = "these credentials are sent in other headers than `Authorization`, and the tool can't do that";
            Failure::new(Code::Configuration, message)
                .with_help("use a profile whose provider has a bearer token, such as `oauth`")
        })
    }

    /// Returns the scheme and the credentials of `Authorization` (RFC 9110, 11.4).
    pub(super) fn scheme(&self) -> Result<(&str, &str), Failure> {
        let text = text(self.authorization()?)?;
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok((scheme, rest.trim_start()))
    }

    /// Returns the bearer token.
    pub(super) fn bearer(&self) -> Result<&str, Failure> {
        match self.scheme()? {
            (scheme, token) if scheme.eq_ignore_ascii_case("Bearer") => Ok(token),
            _ => {
                let message = "the tool accepts only a bearer token, and these credentials are something else";
                Err(Failure::new(Code::Configuration, message)
                    .with_help("use a profile whose provider has a token, such as `oauth`"))
            }
        }
    }

    /// Returns a user and a password; `None` if the tool asks for another user's. A bearer token is the password of any user.
    pub(super) fn login(&self) -> Result<Option<Login>, Failure> {
        let (scheme, value) = self.scheme()?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            let password = Zeroizing::new(self.bearer()?.to_owned());
            let username = self.asked.clone().or_else(|| self.principal.clone());
            let username = username.unwrap_or_else(|| USERNAME.to_owned());
            return Ok(Some(Login { username, password }));
        }
        let decoded = STANDARD.decode(value).map(Zeroizing::new).ok();
        let decoded = decoded.as_deref().and_then(|bytes| str::from_utf8(bytes).ok());
        let (username, password) =
            decoded.and_then(|pair| pair.split_once(':')).ok_or_else(|| {
                Failure::new(
                    Code::Configuration,
                    "these credentials are not a user name and a password",
                )
            })?;
        if self.asked.as_deref().is_some_and(|asked| asked != username) {
            return Ok(None);
        }
        let password = Zeroizing::new(password.to_owned());
        Ok(Some(Login { username: username.to_owned(), password }))
    }

    /// Returns when the credentials expire, in whole seconds since the epoch.
    pub(super) fn expiry(&self) -> Option<u64> {
        epoch(self.expires_at?)
    }
}

/// Returns a token that is good by itself, for a tool that names no address.
pub(super) fn token(credentials: &Credentials) -> Result<Token, Failure> {
    if !credentials.gives_tokens() {
        let message = "the tool accepts only a token, and these credentials are something else";
        return Err(Failure::new(Code::Configuration, message)
            .with_help("use a profile whose provider has a bearer token, such as `oauth`"));
    }
    let token = waiting::wait(credentials, credentials.token())?;
    if token.token_type().is_some_and(|name| !name.eq_ignore_ascii_case("Bearer")) {
        return Err(signed());
    }
    Ok(token)
}

fn signed() -> Failure {
    let message = "these credentials sign each request, and the tool can't do that";
    Failure::new(Code::Configuration, message)
        .with_help("use a profile whose provider has a bearer token, such as `oauth`")
}

/// Returns a time in whole seconds since the epoch, rounded down.
pub(super) fn epoch(time: SystemTime) -> Option<u64> {
    time.duration_since(SystemTime::UNIX_EPOCH).ok().as_ref().map(Duration::as_secs)
}

/// Returns a header's value as a text. Its bytes may be anything.
pub(super) fn text(value: &HeaderValue) -> Result<&str, Failure> {
    value.to_str().map_err(|_| {
        let message =
            "a header of these credentials has characters other than visible ASCII, and the tool can't send them";
        Failure::new(Code::Configuration, message)
    })
}

fn authorized(
    credentials: &Credentials,
    method: Method,
    uri: &Uri,
) -> Result<(Parts, Used), Failure> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    (parts.method, parts.uri) = (method, uri.clone());
    let mut used = Used::default();
    let request = Request::from(&mut parts).with_used(&mut used).with_known_body(Body::Bytes(b""));
    waiting::wait(credentials, credentials.authorize(request))?;
    if parts.uri != *uri {
        return Err(misplaced("query"));
    }
    Ok((parts, used))
}

fn misplaced(part: &str) -> Failure {
    let message = format!("these credentials are put into the {part}, and the tool can't do that");
    Failure::new(Code::Configuration, message)
        .with_help("configure a header in the provider's options, if the server accepts one")
}

/// Returns another address of the same origin.
fn elsewhere(uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/another/path"));
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

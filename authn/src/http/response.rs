//! `HttpResponse`: an answer whose bytes reach nobody but the parser.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// The answer to a token request. Its body is wiped on drop.
pub struct HttpResponse {
    pub(super) place: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl HttpResponse {
    /// Gives the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Gives the scheme, host and port that answered, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Gives a header's value, if it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Gives what time it was at the server, by its `Date` header (RFC 9110, 6.6.1).
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header(&header::DATE)?).ok()
    }

    /// Tells whether the body says that it is JSON (RFC 8259).
    pub fn is_json(&self) -> bool {
        let essence =
            |value: &str| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        self.header(&header::CONTENT_TYPE).is_some_and(|value| essence(value) == "application/json")
    }

    /// Gives how long the server asks to wait (RFC 9110, 10.2.3), as seconds or as a date.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header(&header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// Reads the body as JSON, whatever the content type says. The error holds nothing of it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "JSON of another shape than expected",
                serde_json::error::Category::Eof => "JSON that ends too early",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                    "something that is not JSON"
                }
            };
            Error::protocol(format!("{} answered with {what}", self.place))
                .with_help("check the address")
        })
    }

    /// Reads one member of a JSON object, for providers that do without serde's derive; `None` if it is not
    /// there or `null`. The error holds nothing of it.
    ///
    /// ```no_run
    /// # fn example(response: authn::http::HttpResponse) -> authn::Result<()> {
    /// let token = response.member::<String>("token")?;
    /// let lifetime = response.member::<u64>("expires_in")?;
    /// # Ok(()) }
    /// ```
    pub fn member<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let mut object: serde_json::Map<String, serde_json::Value> = self.json()?;
        let member = object.remove(name).filter(|member| !member.is_null());
        member.map(serde_json::from_value).transpose().map_err(|_| {
            let place = &self.place;
            Error::protocol(format!("{place} answered with `{name}` of another type than expected"))
                .with_help("check the address")
        })
    }

    /// Gives the body's bytes. They may hold secrets: they must not be shown.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("from", &self.place)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

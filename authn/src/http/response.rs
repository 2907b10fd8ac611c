//! `HttpResponse`: a response whose bytes reach only the provider's parser.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::{Said, Sent, busy, describe, later};
use crate::{Error, Result, time::Clock};

/// The response to a token request. Its body is wiped on drop.
///
/// ```no_run
/// # use authn::{Error, Result, Token, http::HttpResponse};
/// # fn example(response: HttpResponse) -> Result<Token> {
/// if !response.status().is_success() {
///     let message = format!("{} answered with {}", response.place(), response.status());
///     let error = Error::network(message).with_help("try again later");
///     return Err(match response.retry_after() {
///         Some(wait) => error.with_retry_after(wait),
///         None => error,
///     });
/// }
/// Token::new(response.required::<String>("token")?)
/// # }
/// ```
pub struct HttpResponse {
    pub(super) place: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) clock: Clock,
    pub(super) sent: Sent,
    /// How often the request was sent.
    pub(super) tries: u32,
}

impl HttpResponse {
    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the scheme, host and port of the server, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns a header's value; `None` if it is missing or not visible ASCII.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns all headers. They may contain secrets, so they must not be shown.
    #[doc(hidden)]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the server's time, from its `Date` header (RFC 9110, 6.6.1).
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header(&header::DATE)?).ok()
    }

    /// Returns whether the content type is `application/json` (RFC 8259, 11).
    pub fn is_json(&self) -> bool {
        let essence =
            |value: &str| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        self.header(&header::CONTENT_TYPE).is_some_and(|value| essence(value) == "application/json")
    }

    /// Returns the wait that the server asks for by `Retry-After` (RFC 9110, 10.2.3). A date is compared with the
    /// context's clock; one that has passed is zero.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header(&header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(self.clock.now().wall()).unwrap_or_default())
    }

    /// Returns what was sent with the request.
    #[doc(hidden)]
    pub fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Returns how often the request was sent.
    #[doc(hidden)]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Returns what the server says of an error, in JSON.
    #[doc(hidden)]
    pub fn said(&self) -> Said {
        Said::of_json(&self.sent, &self.body)
    }

    /// Returns the response if its status is 2xx, or else an error. Of its body, that contains at most the code and the
    /// description of an error in JSON, if nothing secret that was sent is in them; see
    /// [`Error::server_description`].
    ///
    /// A status of 429 or 5xx is [`Network`](crate::ErrorKind::Network), with the wait of `Retry-After`: the exchange is
    /// tried again later. Any other status is [`Refused`](crate::ErrorKind::Refused).
    pub fn success(self) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said = self.said();
        let (place, what) = (&self.place, said.summary(self.status.as_u16()));
        let Some(busy) = busy(self.status) else {
            let error = Error::refused(format!("{place} answered with {what}"))
                .with_help("check the address and the options");
            return Err(said.add_to(error));
        };
        let error = Error::network(format!("{place} {busy} ({what})")).with_help(later(self.tries));
        let error = said.add_to(error);
        Err(match self.retry_after() {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        })
    }

    /// Parses the body as JSON, whatever the status and the content type are. The error contains nothing of the body.
    ///
    /// serde's derive makes a struct of a list, too, by the order of the fields; [`member`](Self::member) does not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = match error.classify() {
                Category::Data => "JSON of another shape than expected".to_owned(),
                _ => format!("{} instead of JSON", self.description()),
            };
            Error::protocol(format!("{} answered with {what}", self.place))
                .with_help("check the address")
        })
    }

    /// Parses one member of a JSON object, for providers without serde's derive; `None` if it is missing or `null`. The
    /// error contains nothing of the body.
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

    /// Parses one member of a JSON object as [`member`](Self::member) does. It is an error of kind
    /// [`Protocol`](crate::ErrorKind::Protocol) if it is missing or `null`.
    ///
    /// ```no_run
    /// # fn example(response: authn::http::HttpResponse) -> authn::Result<authn::Token> {
    /// authn::Token::new(response.required::<String>("access_token")?)
    /// # }
    /// ```
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.member(name)?.ok_or_else(|| {
            Error::protocol(format!("{} answered without `{name}`", self.place))
                .with_help("check the address")
        })
    }

    /// Returns the bytes of the body, without a byte order mark. They may contain secrets, so they must not be shown.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    fn description(&self) -> String {
        describe(self.header(&header::CONTENT_TYPE), &self.body)
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

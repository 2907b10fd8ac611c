//! `HttpRequest`: one request, which a provider builds and the background runtime sends.

use std::{
    fmt,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Client;
use serde::Serialize;
use tracing::Instrument as _;
use url::Url;
use zeroize::Zeroizing;

use super::{
    ClientIdentity, HttpClient, HttpResponse, Reach, Sent, busy,
    client::{check, shown},
    contains_secret,
    failure::{Failure, late},
    in_flight::InFlight,
    is_showable,
    log::Attempt,
    redirected, retry, same_origin,
};
use crate::{
    Error, Result, Token,
    runtime::in_background,
    store::SendRight,
    telemetry,
    time::{Clock, Sleep, before, chance},
};

/// Most redirects that are followed.
const MOST_REDIRECTS: usize = 10;

/// Largest response that is read.
const LARGEST: usize = 1024 * 1024;

/// The mark with which some servers start a UTF-8 text. No parser of JSON accepts it (RFC 8259, 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A request that is being built. [`send`](Self::send) checks and sends it, so all errors come from there.
///
/// ```no_run
/// # use authn::{Context, Result, Token, Url};
/// # use authn::http::HttpResponse;
/// # async fn example(context: &Context, url: &Url, token: &Token) -> Result<HttpResponse> {
/// context.http().post(url).bearer(token).header("accept-language", "en").json(&[1, 2]).send().await
/// # }
/// ```
#[must_use]
pub struct HttpRequest {
    client: HttpClient,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    identity: Option<ClientIdentity>,
    allow_http: bool,
    manner: Manner,
    reach: Reach,
    answered_within: Option<Duration>,
    problem: Option<Error>,
}

impl HttpRequest {
    pub(super) fn new(client: HttpClient, method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        // An encoded body is not decoded here. Without the header, a server may choose any encoding (RFC 9110, 12.5.3).
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let reach = client.own_reach();
        Self {
            client,
            method,
            url,
            headers,
            body: None,
            identity: None,
            allow_http: false,
            manner: Manner { follows: false, reads_body: true, is_once: false },
            reach,
            answered_within: None,
            problem: None,
        }
    }

    /// Allows plain `http` to every host, and not to the loopback interface alone. Only an option of the provider should
    /// do this.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Follows redirects to the same scheme, host and port, at most ten (RFC 9110, 15.4). A redirect to another origin stays
    /// an error, so that no secret is sent there.
    ///
    /// ```no_run
    /// # use authn::{Context, Result, Url, http::HttpResponse};
    /// # async fn example(context: &Context, url: &Url) -> Result<HttpResponse> {
    /// context.http().get(url).same_origin_redirects().send().await
    /// # }
    /// ```
    pub fn same_origin_redirects(mut self) -> Self {
        self.manner.follows = true;
        self
    }

    /// Refuses addresses that are not public: loopback, private, link-local and reserved ones, also within an IPv6 address.
    /// It is for an address that a public server has named.
    ///
    /// The address that is connected to is checked, so a name can't resolve to another one meanwhile. Behind a proxy, which
    /// resolves names itself, only an address in the URL and `localhost` are checked.
    ///
    /// ```no_run
    /// # use authn::{Context, Result, Url, http::HttpResponse};
    /// # async fn example(context: &Context, named: &Url) -> Result<HttpResponse> {
    /// context.http().get(named).public_only().send().await
    /// # }
    /// ```
    pub fn public_only(self) -> Self {
        self.within(Reach::Public)
    }

    /// Connects only to [services of this machine](Reach::Machine), also by plain http, without a proxy. It is sent once,
    /// whatever happens: whether to ask again depends on the service.
    #[doc(hidden)]
    pub fn to_machine(self) -> Self {
        self.within(Reach::Machine)
    }

    /// Ends the request if it has no answer by then on the context's clock: nothing that answers so late is waited for.
    #[doc(hidden)]
    pub fn answered_within(mut self, limit: Duration) -> Self {
        self.answered_within = Some(limit);
        self
    }

    fn within(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Leaves the body of the answer unread: it is empty. It may be without an end, such as a stream of events.
    #[doc(hidden)]
    pub fn head_only(mut self) -> Self {
        self.manner.reads_body = false;
        self
    }

    /// Sends it a second time only if it can't have reached the server, whatever its method is. It contains what a server
    /// takes once.
    #[doc(hidden)]
    pub fn once(mut self) -> Self {
        self.manner.is_once = true;
        self
    }

    /// Shows the server this certificate, if it asks for one (mutual TLS). Connections are shared only with requests of the
    /// same certificate.
    pub fn identity(mut self, identity: &ClientIdentity) -> Self {
        self.identity = Some(identity.clone());
        self
    }

    /// Sets a header by its name, which is text such as `"x-tenant"` or a [`HeaderName`]. Its value is marked sensitive.
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: &str) -> Self {
        match (name.try_into(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
                self
            }
            (Ok(name), Err(_)) => self.refuse(format!(
                "the value of the header `{name}` has characters that no header may have"
            )),
            (Err(_), _) => self.refuse("the name of a header has characters that no name may have"),
        }
    }

    /// Keeps the first problem, which [`send`](Self::send) returns.
    fn refuse(mut self, message: impl Into<String>) -> Self {
        self.problem.get_or_insert_with(|| {
            Error::configuration(message).with_help("check what the request is built from")
        });
        self
    }

    /// Sets `Authorization: Bearer` (RFC 6750, 2.1).
    pub fn bearer(self, token: &Token) -> Self {
        let value = Zeroizing::new(format!("Bearer {}", token.secret()));
        self.header(header::AUTHORIZATION, &value)
    }

    /// Sets a form-encoded body.
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        self.body("application/x-www-form-urlencoded", body.into_bytes())
    }

    /// Sets a JSON body.
    pub fn json(self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body("application/json", body),
            Err(_) => self.refuse("the body of a token request can't be written as JSON"),
        }
    }

    /// Sets a body of bytes with its media type, such as `application/octet-stream`.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Zeroizing::new(body.into()));
        match HeaderValue::from_str(content_type) {
            Ok(content_type) => {
                self.headers.insert(header::CONTENT_TYPE, content_type);
                self
            }
            Err(_) => self.refuse("the media type has characters that no header may have"),
        }
    }

    /// Sends the request. It works in any runtime and in none. Dropping the future ends the request.
    ///
    /// A response of any status is returned, except a redirect that is not [followed](Self::same_origin_redirects), which is
    /// an error.
    ///
    /// In an exchange whose lease is lost, nothing is sent, neither at first nor again: see
    /// [`Context::check_lease`](crate::Context::check_lease).
    pub async fn send(self) -> Result<HttpResponse> {
        let is_to_machine = self.reach == Reach::Machine;
        check(&self.url, self.allow_http || is_to_machine)?;
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.client.check_reach(&self.url, self.reach)?;
        let place = shown(&self.url);
        let client = self.client.client(&self.url, self.identity.as_ref(), self.reach).await?;
        let mut request = reqwest::Request::new(self.method, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = self.body.as_ref().map(|body| body.to_vec().into());
        let (limit, clock) = (self.client.timeout(), self.client.clock().clone());
        let tries = if is_to_machine { 1 } else { retry::TRIES };
        let sent = Sent::request(self.url, self.headers, self.body.unwrap_or_default());
        let (options, reach) = (self.client, self.reach);
        let sending =
            Sending { client, options, reach, place, limit, clock, manner: self.manner, tries };
        let answered_within = self.answered_within;
        // Boxed, so that the caller's future is small.
        in_background(Box::pin(async move {
            let Some(limit) = answered_within else { return sending.send(request, sent).await };
            let end = sending.clock.sleep(limit);
            let answer = Box::pin(sending.send(request, sent));
            before(answer, end).await.unwrap_or_else(|| Err(late(&sending.place, limit, None)))
        }))
        .await
    }
}

/// What is done differently for a request.
#[derive(Clone, Copy)]
struct Manner {
    /// Whether redirects within the origin are followed.
    follows: bool,
    reads_body: bool,
    is_once: bool,
}

/// How a request is sent.
struct Sending {
    client: Client,
    options: HttpClient,
    reach: Reach,
    place: String,
    /// For all that is sent, and for the answer.
    limit: Duration,
    clock: Clock,
    manner: Manner,
    /// Most times that one request is sent.
    tries: u32,
}

impl Sending {
    /// Sends a request, and the requests to which its answers redirect.
    async fn send(&self, mut request: reqwest::Request, sent: Sent) -> Result<HttpResponse> {
        let _in_flight = InFlight::to(&self.place);
        // Real time, whatever the context's clock is: the network does not follow it. It is no deadline of reqwest,
        // which would end a request whose answer arrived while the process was stopped.
        let mut deadline = Clock::system().sleep(self.limit);
        for _ in 0..=MOST_REDIRECTS {
            // Bodies are in memory, so they can be sent again.
            let again = request.try_clone();
            let url = request.url().clone();
            let has_no_body = request.method() == Method::HEAD || !self.manner.reads_body;
            let (response, tries) = self.answer(request, &mut deadline).await?;
            if !response.status().is_redirection() {
                let received = self.receive(response, sent, tries, has_no_body);
                return before(received, deadline).await.unwrap_or_else(|| Err(self.late()));
            }
            let target = target(&response, &url);
            let is_followed = |target: &&Url| self.manner.follows && same_origin(&url, target);
            let next = redirected(again, response.status());
            let Some((target, mut next)) = target.as_ref().filter(is_followed).zip(next) else {
                return Err(self.redirected(&url, target.as_ref(), host(&response), &sent));
            };
            *next.url_mut() = target.clone();
            request = next;
        }
        let message = format!("{} redirects in a loop", self.place);
        Err(Error::protocol(message).with_help("check the address"))
    }

    /// Sends one request, more than once if the server can't have acted on it. Returns the answer without its body, and how
    /// often the request was sent.
    async fn answer(
        &self,
        mut request: reqwest::Request,
        deadline: &mut Sleep,
    ) -> Result<(reqwest::Response, u32)> {
        let method = if self.manner.is_once { Method::POST } else { request.method().clone() };
        let mut tried = 1;
        loop {
            let right = self.options.right();
            right.map_or(Ok(()), SendRight::check)?;
            let again = request.try_clone().filter(|_| tried < self.tries);
            let sent = Instant::now();
            let attempt = Attempt {
                span: telemetry::request(request.method(), request.url(), tried - 1),
                method: request.method().clone(),
                url: request.url().clone(),
                number: tried,
            };
            let answer = self.client.execute(request).instrument(attempt.span.clone());
            let result = before(answer, &mut *deadline).await;
            attempt.ended(result.as_ref(), sent.elapsed());
            let result = result.ok_or_else(|| self.late())?;
            if let (Ok(response), Some(right)) = (&result, right)
                && response.status().is_success()
                && !method.is_safe()
            {
                right.accepted();
            }
            let repeat = match &result {
                Ok(response) => retry::after_response(&method, response.status()),
                Err(error) => {
                    Failure::of(error).is_temporary()
                        && retry::after_failure(&method, error.is_connect())
                }
            };
            let explained = |result: reqwest::Result<_>| {
                let answer = result.map_err(|error| self.failed(&attempt.url, &error))?;
                Ok((answer, tried))
            };
            let Some(again) = again.filter(|_| repeat) else { return explained(result) };
            let wait = retry::BACK_OFF.jittered(tried, chance());
            attempt.repeated(&result, wait);
            if before(self.clock.sleep(wait), &mut *deadline).await.is_none() {
                return explained(result);
            }
            request = again;
            tried += 1;
        }
    }

    fn late(&self) -> Error {
        late(&self.place, self.limit, Some("http.timeout"))
    }

    fn failed(&self, url: &Url, error: &reqwest::Error) -> Error {
        Failure::of(error).error(&self.options.target(url, self.reach))
    }

    /// Receives the body of an answer.
    async fn receive(
        &self,
        mut response: reqwest::Response,
        sent: Sent,
        tries: u32,
        has_no_body: bool,
    ) -> Result<HttpResponse> {
        let (place, clock) = (self.place.clone(), self.clock.clone());
        let (status, headers) = (response.status(), response.headers().clone());
        // The answer to a `HEAD` has no body that could be encoded.
        let encoding = encoding(&headers).filter(|_| !has_no_body);
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = if has_no_body {
            None
        } else {
            response.chunk().await.map_err(|error| self.failed(response.url(), &error))?
        } {
            if body.len() + chunk.len() > LARGEST {
                return Err(Error::protocol(format!(
                    "{place} answered with more than 1 MiB, which is not read"
                ))
                .with_help("check the address"));
            }
            body.extend_from_slice(&chunk);
        }
        match encoding {
            None if body.starts_with(BYTE_ORDER_MARK) => drop(body.drain(..BYTE_ORDER_MARK.len())),
            None => {}
            // The status says enough: the server can't answer now.
            Some(_) if busy(status).is_some() => body.clear(),
            Some(encoding) => return Err(encoded(&place, status, encoding)),
        }
        Ok(HttpResponse { place, status, headers, body, clock, sent, tries })
    }

    /// Returns the error of a redirect that is not followed. Of its target, only the scheme, the host and the port are shown,
    /// unless they repeat something secret that was sent. `host` is the host as the server has written it: in lower case, it is
    /// no base64 any more.
    fn redirected(&self, from: &Url, target: Option<&Url>, host: &str, sent: &Sent) -> Error {
        let is_secret = |text: &str| contains_secret(text, &sent.secrets());
        let is_http = |target: &&Url| matches!(target.scheme(), "http" | "https");
        let target = target.filter(is_http);
        let other = if self.manner.follows { " to another origin" } else { "" };
        let to = match target.map(shown) {
            Some(_) if target.is_some_and(|target| same_origin(from, target)) => {
                " to another path of this server".to_owned()
            }
            Some(place) if is_secret(&place) || is_secret(host) => other.to_owned(),
            Some(place) if self.manner.follows => format!("{other}, {place}"),
            Some(place) => format!(" to {place}"),
            None => other.to_owned(),
        };
        let message =
            format!("{} answered with a redirect{to}, which is not followed here", self.place);
        Error::protocol(message).with_help(if self.reach == Reach::Machine {
            "set the option that has this address to the one that it redirects to"
        } else {
            "set the option that has this address, such as `token_endpoint_url` or `issuer_url`, to the address that it \
             redirects to, if that server is the right one"
        })
    }
}

/// Returns the target of a redirect, without a user or a fragment of its own; `None` if it is no URL.
fn target(response: &reqwest::Response, from: &Url) -> Option<Url> {
    let is_followed = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).filter(|_| is_followed)?;
    let target = from.join(location.to_str().ok()?).ok()?;
    (target.username().is_empty() && target.password().is_none()).then_some(target)
}

/// Returns the host and the port that a redirect names, with letters in upper and lower case.
fn host(response: &reqwest::Response) -> &str {
    let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
    let host = location.and_then(|location| location.split_once("//"));
    let host = host.and_then(|(_, rest)| rest.split(['/', '?', '#', '\\']).next());
    host.unwrap_or_default()
}

/// Returns the encoding of a body that has one (RFC 9110, 8.4).
fn encoding(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_one = |value: &&HeaderValue| {
        let codings = value.to_str().unwrap_or("?").split(',').map(str::trim);
        codings.into_iter().any(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
    };
    headers.get_all(header::CONTENT_ENCODING).into_iter().find(is_one)
}

fn encoded(place: &str, status: StatusCode, encoding: &HeaderValue) -> Error {
    let name = encoding.to_str().ok().filter(|name| is_showable(name));
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    let status = status.as_u16();
    Error::protocol(format!(
        "{place} answered with the content encoding{name} (status {status}), which was not accepted"
    ))
    .with_help(
        "configure the server, or the proxy before it, to respect `Accept-Encoding: identity`",
    )
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("to", &shown(&self.url))
            .finish_non_exhaustive()
    }
}

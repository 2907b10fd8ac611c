//! `Responder`: answers each request.

use std::{
    convert::Infallible,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use authn::Error;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Body;
use tokio::sync::{mpsc::UnboundedSender, watch};
use zeroize::Zeroizing;

use super::{
    super::{Answer, Checks, Event},
    page,
};

/// Longest form, in bytes. A query can't be longer either.
const FORM: usize = 64 << 10;

/// The error of a body that is cut off.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The response to a request that can't be the server's answer.
type Other = (StatusCode, &'static str);

/// The state that all connections share.
pub(super) struct Responder {
    path: String,
    expected: Arc<dyn Checks>,
    events: UnboundedSender<Event>,
    /// Only the first answer is used; a browser can repeat it.
    answered: AtomicBool,
    /// Answers to other logins are reported once, so that no page can fill the terminal.
    was_foreign: AtomicBool,
    outcome: watch::Sender<Option<bool>>,
    waiting: watch::Sender<usize>,
}

impl Responder {
    pub(super) fn new(
        path: String,
        expected: Arc<dyn Checks>,
        events: UnboundedSender<Event>,
    ) -> Self {
        Self {
            path,
            expected,
            events,
            answered: AtomicBool::new(false),
            was_foreign: AtomicBool::new(false),
            outcome: watch::Sender::new(None),
            waiting: watch::Sender::new(0),
        }
    }

    /// Answers a request. The answer to this login is shown only when its result is known.
    pub(super) async fn answer<B: Body<Error: Into<BoxError>>>(
        &self,
        request: Request<B>,
        held: &Held,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        Ok(match self.parameters(request).await {
            Err((status, text)) => page::text(status, text),
            Ok(parameters) => match self.expected.check(&parameters) {
                Answer::Foreign => {
                    if !self.was_foreign.swap(true, Ordering::AcqRel) {
                        self.tell(Event::Foreign);
                    }
                    page::foreign()
                }
                answer => {
                    // First, so that the end of the login waits for it.
                    held.hold(&self.waiting);
                    self.take(answer);
                    page::outcome(self.outcome().await)
                }
            },
        })
    }

    /// Returns the parameters of a request that can be the server's answer: its query, or the form of a POST request (OAuth
    /// 2.0 Form Post Response Mode). A form is read whatever was asked for, because some servers always send one.
    async fn parameters<B: Body<Error: Into<BoxError>>>(
        &self,
        request: Request<B>,
    ) -> Result<Zeroizing<String>, Other> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        // With the name of another site (DNS rebinding) this listener would be a part of that site.
        if !host.is_some_and(is_loopback) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "This is another address."));
        }
        // A browser that only guesses where its user goes next does not bring the answer (Fetch Standard, `Sec-Purpose`).
        let purpose = request.headers().get("sec-purpose").and_then(|value| value.to_str().ok());
        if purpose.is_some_and(|purpose| purpose.to_ascii_lowercase().contains("prefetch")) {
            return Err((StatusCode::SERVICE_UNAVAILABLE, "This address is not for prefetching."));
        }
        // Usually the path of the icon.
        if request.uri().path() != self.path {
            return Err((StatusCode::NOT_FOUND, "There is nothing here."));
        }
        match *request.method() {
            Method::GET => Ok(request.uri().query().unwrap_or_default().to_owned().into()),
            Method::POST => form(request).await,
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, "This address is only for GET and POST.")),
        }
    }

    fn take(&self, answer: Answer) {
        let code = match answer {
            Answer::Code(code) => Ok(code),
            Answer::Denied(error) | Answer::Failed(error) => Err(error),
            Answer::Foreign | Answer::Empty => {
                Err(Error::protocol("the server's answer holds neither a code nor an error")
                    .with_help("check the authorization endpoint, and log in again"))
            }
        };
        if !self.answered.swap(true, Ordering::AcqRel) {
            self.tell(Event::Answer(code));
        }
    }

    fn tell(&self, event: Event) {
        // The receiver is dropped when the login has ended in another way.
        drop(self.events.send(event));
    }

    async fn outcome(&self) -> bool {
        let mut outcome = self.outcome.subscribe();
        let known = outcome.wait_for(Option::is_some).await;
        known.is_ok_and(|known| *known == Some(true))
    }

    /// Reports the result of the login.
    pub(super) fn close(&self, is_logged_in: bool) {
        self.outcome.send_replace(Some(is_logged_in));
    }

    /// Returns how many connections wait for the result of the login or are receiving it.
    pub(super) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }
}

/// Whether a connection waits for the end of the login. It is counted until the connection has ended.
#[derive(Default)]
pub(super) struct Held(OnceLock<Counted>);

struct Counted(watch::Sender<usize>);

impl Held {
    pub(super) fn is_held(&self) -> bool {
        self.0.get().is_some()
    }

    fn hold(&self, waiting: &watch::Sender<usize>) {
        self.0.get_or_init(|| {
            waiting.send_modify(|count| *count += 1);
            Counted(waiting.clone())
        });
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Returns the form of a POST request.
async fn form<B: Body<Error: Into<BoxError>>>(
    request: Request<B>,
) -> Result<Zeroizing<String>, Other> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "This address is only for forms."));
    }
    let unread = |_| (StatusCode::PAYLOAD_TOO_LARGE, "This form is too long, or was cut off.");
    let body = Limited::new(request.into_body(), FORM).collect().await.map_err(unread)?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned().into())
}

/// Returns whether a `Host` is a name of the loopback interface, with any port.
fn is_loopback(host: &str) -> bool {
    let Ok(url) = url::Url::parse(&format!("http://{host}/")) else { return false };
    url.path() == "/"
        && url.username().is_empty()
        && match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_accepted() {
        for host in ["127.0.0.1", "127.0.0.1:80", "localhost:8888", "LOCALHOST", "[::1]:1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "evil.test",
            "127.0.0.1.evil.test",
            "localhost.evil.test:1",
            "10.0.0.1",
            "a@localhost",
            "[::2]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}

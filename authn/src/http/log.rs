//! What is logged of a request: its method, its address as `config show` shows one, the status, the time and the attempt. The
//! rest of the request and of its answer may contain secrets.

use std::time::Duration;

use http::Method;
use tracing::Span;
use url::Url;

use crate::{options::redact_url, telemetry};

/// One of the times that a request is sent.
pub(super) struct Attempt {
    pub(super) span: Span,
    pub(super) method: Method,
    pub(super) url: Url,
    /// From 1 on.
    pub(super) number: u32,
}

/// The result of sending a request.
type Answer = reqwest::Result<reqwest::Response>;

impl Attempt {
    /// Logs that it was answered, or why it was not; `None` if there was no answer in time.
    pub(super) fn ended(&self, answer: Option<&Answer>, elapsed: Duration) {
        let (status, why) = outcome(answer);
        if let Some(Ok(response)) = answer {
            telemetry::note_status(&self.span, response.status());
        } else if let Some(why) = why {
            telemetry::note_failure(&self.span, why);
        }
        let _in = self.span.enter();
        tracing::debug!(
            http.request.method = self.method.as_str(),
            url.full = redact_url(self.url.clone()),
            http.response.status_code = status,
            error.type = why,
            http.request.resend_count = (self.number > 1).then(|| self.number - 1),
            authn.duration = elapsed.as_secs_f64(),
            "{}",
            match answer {
                Some(Ok(_)) => "request answered",
                Some(Err(_)) => "request failed",
                None => "request not answered in time",
            }
        );
    }

    /// Logs that it is sent again after a wait.
    pub(super) fn repeated(&self, answer: &Answer, wait: Duration) {
        let (status, why) = outcome(Some(answer));
        let _in = self.span.enter();
        tracing::info!(
            http.request.method = self.method.as_str(),
            url.full = redact_url(self.url.clone()),
            http.response.status_code = status,
            error.type = why,
            http.request.resend_count = self.number,
            authn.wait = wait.as_secs_f64(),
            "request is sent again"
        );
    }
}

/// Returns the status, or else why there is none.
fn outcome(answer: Option<&Answer>) -> (Option<u16>, Option<&'static str>) {
    match answer {
        Some(Ok(response)) => (Some(response.status().as_u16()), None),
        Some(Err(error)) if error.is_connect() => (None, Some("connection")),
        Some(Err(_)) => (None, Some("_OTHER")),
        None => (None, Some("timeout")),
    }
}

//! Every span, with its fields.
//!
//! Fields have the names of OpenTelemetry's semantic conventions where these have one, and else start with `authn.`.
//! None has a secret: of an address only the host and the port are recorded.

use std::fmt;

#[cfg(feature = "reqwest")]
use http::{Method, StatusCode};
use tracing::{
    Id, Span, debug_span,
    field::{Empty, debug},
    info_span,
};
#[cfg(feature = "reqwest")]
use url::Url;

use super::Labels;
use crate::ErrorKind;

/// An exchange that the caller waits for. Callers who join it later have no span.
pub(crate) fn exchange(labels: &Labels) -> Span {
    exchange_of(Span::current().id(), labels)
}

/// An exchange that no caller waits for. It is not a part of the caller's work, so it only follows from that.
pub(crate) fn refresh(labels: &Labels) -> Span {
    let span = exchange_of(None, labels);
    span.follows_from(Span::current());
    span
}

fn exchange_of(parent: Option<Id>, labels: &Labels) -> Span {
    info_span!(
        parent: parent,
        "exchange",
        authn.provider = labels.provider.as_deref(),
        authn.profile = labels.profile.as_deref(),
        authn.reason = Empty,
        "error.type" = Empty,
    )
}

/// Notes in the span of an exchange why its source is asked.
pub(crate) fn note_reason(reason: impl fmt::Debug) {
    Span::current().record("authn.reason", debug(reason));
}

pub(super) fn login(labels: &Labels) -> Span {
    info_span!(
        "login",
        authn.provider = labels.provider.as_deref(),
        authn.profile = labels.profile.as_deref(),
        "error.type" = Empty,
    )
}

pub(super) fn store(store: &str, function: &str, labels: &Labels) -> Span {
    debug_span!(
        "store",
        authn.provider = labels.provider.as_deref(),
        authn.profile = labels.profile.as_deref(),
        authn.store.name = store,
        authn.store.operation = function,
        "error.type" = Empty,
    )
}

pub(super) fn fail(span: &Span, kind: ErrorKind) {
    span.record("error.type", kind.name());
}

/// One request of the HTTP client. One that is sent again, or redirected, has another span.
#[cfg(feature = "reqwest")]
pub(crate) fn request(method: &Method, url: &Url, resends: u32) -> Span {
    debug_span!(
        "HTTP request",
        otel.kind = "client",
        otel.name = method.as_str(),
        http.request.method = method.as_str(),
        http.request.resend_count = (resends > 0).then_some(resends),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        http.response.status_code = Empty,
        "error.type" = Empty,
    )
}

/// Notes the status of the answer to a request.
#[cfg(feature = "reqwest")]
pub(crate) fn note_status(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        span.record("error.type", status.as_str());
    }
}

/// Notes why a request has no answer.
#[cfg(feature = "reqwest")]
pub(crate) fn note_failure(span: &Span, why: &str) {
    span.record("error.type", why);
}

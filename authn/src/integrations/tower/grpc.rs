//! What the status of a gRPC answer means for its token.

use http::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE};

/// Returns the status that decides about the token. A gRPC server refuses a call with 200 and a `grpc-status`, which is in the
/// headers if the answer has nothing else ("Trailers-Only" of gRPC over HTTP/2).
pub(super) fn status<A>(response: &Response<A>) -> StatusCode {
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !kind.starts_with(b"application/grpc") {
        return response.status();
    }
    refusal(response.headers()).unwrap_or_else(|| response.status())
}

/// Returns the status of HTTP that says the same as `grpc-status`; `None` if the call was not refused.
pub(in crate::integrations) fn refusal(trailers: &HeaderMap) -> Option<StatusCode> {
    match trailers.get("grpc-status")?.as_bytes() {
        // UNAUTHENTICATED
        b"16" => Some(StatusCode::UNAUTHORIZED),
        // PERMISSION_DENIED
        b"7" => Some(StatusCode::FORBIDDEN),
        _ => None,
    }
}

//! When a request is sent again: only if the server can't have acted on the first one.
//!
//! A safe method, such as `GET`, changes nothing at the server (RFC 9110, 9.2.1), so it may be repeated. Other methods
//! can spend a refresh token or a code, so they are repeated only if they never left this machine. All other failures
//! are up to the source, which the cache asks again after a back-off.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::time::BackOff;

/// Most tries of one request.
pub(super) const TRIES: u32 = 3;
/// The waits between the tries, with full jitter so that clients don't come back at the same time.
pub(super) const BACK_OFF: BackOff =
    BackOff::new(Duration::from_millis(200), Duration::from_mins(1));

/// Returns whether a request that failed may be sent again.
pub(super) fn after_failure(method: &Method, never_sent: bool) -> bool {
    never_sent || method.is_safe()
}

/// Returns whether a request may be sent again after a response with this status.
pub(super) fn after_response(method: &Method, status: StatusCode) -> bool {
    method.is_safe() && matches!(status.as_u16(), 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_sent_again_only_if_the_server_has_not_acted_on_it() {
        assert!(after_failure(&Method::GET, false) && after_failure(&Method::HEAD, false));
        assert!(!after_failure(&Method::PUT, false) && !after_failure(&Method::DELETE, false));
        assert!(after_failure(&Method::POST, true));
        assert!(!after_failure(&Method::POST, false));
        assert!(after_response(&Method::GET, StatusCode::SERVICE_UNAVAILABLE));
        assert!(!after_response(&Method::GET, StatusCode::INTERNAL_SERVER_ERROR));
        assert!(!after_response(&Method::POST, StatusCode::SERVICE_UNAVAILABLE));
    }
}

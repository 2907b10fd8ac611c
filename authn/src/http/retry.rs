//! When a request is sent again: only where the server can't have acted on the first one.
//!
//! A `GET` asks for nothing to be done, so it may be repeated. Of the others, which can spend a refresh
//! token or a code, only those that never left this machine. Everything else is for the source to decide,
//! which the cache asks again after a back-off.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::time::BackOff;

/// Most tries of one request.
pub(super) const TRIES: u32 = 3;
/// Longest wait before the second try, and before any.
const BACK_OFF: BackOff = BackOff::new(Duration::from_millis(200), Duration::from_mins(1));

/// Gives the wait before the next try after `tried`, spread by `chance` between 0 and 1 so that clients do
/// not come back in step.
pub(super) fn wait(tried: u32, chance: f64) -> Duration {
    BACK_OFF.after(tried).mul_f64(chance)
}

/// Tells whether a request that failed may be sent again.
pub(super) fn after_failure(method: &Method, never_sent: bool) -> bool {
    never_sent || method == Method::GET
}

/// Tells whether a request may be sent again after this answer.
pub(super) fn after_answer(method: &Method, status: StatusCode) -> bool {
    method == Method::GET && matches!(status.as_u16(), 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_has_not_acted_on_is_sent_again() {
        assert!(after_failure(&Method::GET, false));
        assert!(after_failure(&Method::POST, true));
        assert!(!after_failure(&Method::POST, false));
        assert!(after_answer(&Method::GET, StatusCode::SERVICE_UNAVAILABLE));
        assert!(!after_answer(&Method::GET, StatusCode::INTERNAL_SERVER_ERROR));
        assert!(!after_answer(&Method::POST, StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(wait(2, 0.5), Duration::from_millis(200));
    }
}

//! The words for a server that can't act on a request now. A later request may succeed.

use http::StatusCode;

/// Returns what the status of an answer says of a server that can't act on a request now, such as `is unavailable or
/// overloaded`; `None` for any other status.
#[doc(hidden)]
#[must_use]
pub fn busy(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        429 => "limits the number of requests",
        502 | 504 => "got no answer from the server behind it",
        503 => "is unavailable or overloaded",
        _ if status.is_server_error() => "has failed",
        _ => return None,
    })
}

/// Returns the help for such an answer to the last of `tries` requests. It starts with "try again".
#[doc(hidden)]
#[must_use]
pub fn later(tries: u32) -> String {
    let times = if tries > 1 { format!("{tries} times") } else { "once".to_owned() };
    format!("try again later; the request was sent {times}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_that_may_pass_is_called_busy() {
        for (status, is_busy) in [
            (200, false),
            (400, false),
            (401, false),
            (404, false),
            (429, true),
            (500, true),
            (502, true),
            (503, true),
            (504, true),
            (529, true),
        ] {
            assert_eq!(busy(StatusCode::from_u16(status).unwrap()).is_some(), is_busy, "{status}");
        }
    }

    #[test]
    fn the_help_says_how_often_a_request_was_sent() {
        assert!(later(1).ends_with("was sent once"));
        assert!(later(3).ends_with("was sent 3 times"));
    }
}

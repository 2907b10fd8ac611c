//! What the fuzzer feeds; `fuzz/README.md` says how. It is compiled for fuzzing and for the tests, which
//! replay the fuzzer's corpus, and is no part of the library.

use authn::{Error, http::StatusCode};

use crate::oauth::response::{Advice, Received, accepted, device_authorization, grant};

/// Longest error text: an answer that found its way into one would make it longer some day.
const LONGEST: usize = 250;

/// Parses a body as the answer to a token request, to a device authorization and to a revocation, with every
/// sort of status.
///
/// # Panics
///
/// If that shows a fault of the parser.
pub fn token_response(body: &[u8]) {
    let advice = Advice { client: "-", grant: "-", login_helps: true };
    for (status, is_json) in [
        (StatusCode::OK, true),
        (StatusCode::OK, false),
        (StatusCode::BAD_REQUEST, true),
        (StatusCode::SERVICE_UNAVAILABLE, true),
    ] {
        let place = "https://server.test";
        let received = Received { place, status, is_json, retry_after: None, body };
        let granted = grant(&received, &advice).map(drop).map_err(Error::from);
        let begun = device_authorization(&received, &advice).map(drop).map_err(Error::from);
        for result in [granted, begun, accepted(&received, &advice)] {
            if let Err(error) = result {
                assert!(error.to_string().len() <= LONGEST, "the error is too long");
            }
        }
    }
}

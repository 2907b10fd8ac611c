//! The parser with any input.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A text in every generated answer that must not be in any error. Its colon is in no word that may be shown.
pub(super) const MARKER: &str = "M4r:K3r";

/// Parses an answer, and panics if the error contains the marker.
fn check(status: u16, content_type: &str, body: &[u8]) {
    let received = received(status, content_type, body);
    for result in [
        grant(&received, &ADVICE, None, Proof::None).map(drop).map_err(Error::from),
        device_authorization(&received, &ADVICE).map(drop).map_err(Error::from),
        accepted(&received, &ADVICE),
    ] {
        if let Err(error) = result {
            let shown = format!("{error} {error:?} {error:#?}");
            assert!(!shown.contains(MARKER), "{shown}");
        }
    }
}

/// JSON of any shape, in which known names and the marker are frequent.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("access_token"),
        Just("token_type"),
        Just("expires_in"),
        Just("refresh_token"),
        Just("scope"),
        Just("id_token"),
        Just("error"),
        Just("error_description"),
        Just("device_code"),
        Just("user_code"),
        Just("verification_uri"),
        Just("verification_uri_complete"),
        Just(MARKER),
    ];
    let text = prop_oneof![
        Just(MARKER.to_owned()),
        Just("Bearer".to_owned()),
        Just("invalid_grant".to_owned()),
        any::<String>().prop_map(|text| format!("{text}{MARKER}")),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    // A failure is printed in full, and nothing is written next to the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_becomes_a_grant_or_an_error_that_shows_nothing(
        status in 100_u16..600,
        content_type in prop_oneof![Just(JSON), Just(FORM), Just("text/html")],
        before: Vec<u8>,
        after: Vec<u8>,
    ) {
        check(status, content_type, &[&before, MARKER.as_bytes(), &after].concat());
    }

    #[test]
    fn any_json_becomes_a_grant_or_an_error_that_shows_nothing(
        status in prop_oneof![Just(200_u16), 400_u16..600],
        json in any_json(),
        cut: prop::sample::Index,
    ) {
        let body = json.to_string();
        check(status, JSON, body.as_bytes());
        check(status, JSON, &body.as_bytes()[..cut.index(body.len())]);
    }

    #[test]
    fn a_grant_has_the_values_of_the_answer(
        token in "[!-~]{1,40}",
        refresh_token in prop::option::of("[!-~]{1,40}"),
        seconds in 1_u64..1_000_000_000,
    ) {
        let body = json!({
            "access_token": token, "token_type": "bearer",
            "expires_in": seconds, "refresh_token": refresh_token,
        });
        let grant = parsed(200, &body.to_string()).unwrap();
        prop_assert_eq!(grant.token().secret(), token.as_str());
        let found = grant.refresh_token().map(|token| token.expose().to_owned());
        prop_assert_eq!(found, refresh_token);
    }
}

//! The parser with answers of servers, and with any input.

use std::time::Duration;

use authn::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{refusal::code, token_response::lifetime, *};

const ADVICE: Advice<'static> = Advice {
    client: "check the client",
    grant: GrantAdvice { meaning: "the session has ended", help: "log in", login_helps: true },
};

fn received(status: u16, is_json: bool, body: &[u8]) -> Received<'_> {
    let status = StatusCode::from_u16(status).unwrap();
    Received { place: "https://a.test", status, is_json, retry_after: None, body }
}

fn parsed(status: u16, body: &str) -> Result<TokenSet> {
    Ok(grant(&received(status, true, body.as_bytes()), &ADVICE)?)
}

fn expires_in(json: &str) -> Result<Option<Duration>, &'static str> {
    lifetime(&serde_json::from_str(json).unwrap())
}

#[test]
fn lifetimes_are_total() {
    let seconds = |count| Ok(Some(Duration::from_secs(count)));
    for (json, expected) in [
        ("60", seconds(60)),
        ("60.0", seconds(60)),
        ("60.5", seconds(60)),
        ("\"60\"", seconds(60)),
        ("\"60.0\"", seconds(60)),
        ("18446744073709551616", seconds(u64::MAX)),
        ("1e300", seconds(u64::MAX)),
        ("\"99999999999999999999999\"", seconds(u64::MAX)),
        ("0", Ok(None)),
        ("\"0\"", Ok(None)),
        ("0.4", Ok(None)),
        ("null", Ok(None)),
    ] {
        assert_eq!(expires_in(json), expected, "{json}");
    }
    for bad in [
        "-1",
        "-0.5",
        "\"3600abc\"",
        "\"\"",
        "\"-1\"",
        "\"+1\"",
        "\" 1\"",
        "\"1.\"",
        "\"NaN\"",
        "\"inf\"",
        "\"1e3\"",
        "true",
        "[60]",
        "{}",
    ] {
        assert!(expires_in(bad).is_err(), "{bad}");
    }
}

#[test]
fn all_members_are_read() {
    let grant = parsed(
        200,
        r#"{"access_token":"a","token_type":"bEaReR","expires_in":"60","refresh_token":"r",
            "scope":"x y","id_token":"i.j.k","team":{"id":[1]},"ok":true}"#,
    )
    .unwrap();
    assert_eq!(grant.token().secret(), "a");
    assert_eq!(grant.token().token_type(), Some("Bearer"));
    assert_eq!(grant.token().scope(), Some("x y"));
    assert!(grant.token().expires_at().is_some());
    assert_eq!(&*grant.token().id_token().unwrap().expose(), "i.j.k");
    assert_eq!(&*grant.refresh_token().unwrap().expose(), "r");
}

#[test]
fn other_answers_than_token_responses_are_refused() {
    for bad in [
        "",
        "{",
        "[]",
        "\"a\"",
        r"{}",
        r#"{"access_token":"","token_type":"Bearer"}"#,
        r#"{"access_token":"a b","token_type":"Bearer"}"#,
        r#"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#,
        r#"{"access_token":1,"token_type":"Bearer"}"#,
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","token_type":null}"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
        r#"{"access_token":"a","token_type":7}"#,
        r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":{}}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"a\nb"}"#,
        r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
    ] {
        let error = parsed(200, bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}: {error}");
    }
    let good = br#"{"access_token":"a","token_type":"Bearer"}"#;
    assert!(grant(&received(200, true, good), &ADVICE).is_ok());
    for (status, is_json) in [(200, false), (201, true), (204, true), (302, true)] {
        assert!(grant(&received(status, is_json, good), &ADVICE).is_err(), "{status} {is_json}");
    }
}

#[test]
fn codes_and_statuses_decide_the_kind_of_the_error() {
    for (status, body, kind, says) in [
        (400, r#"{"error":"invalid_grant"}"#, ErrorKind::LoginRequired, "ended; log in"),
        (403, r#"{"error":"invalid_grant"}"#, ErrorKind::LoginRequired, "log in"),
        (200, r#"{"ok":false,"error":"invalid_grant"}"#, ErrorKind::LoginRequired, "log in"),
        (401, r#"{"error":"invalid_client"}"#, ErrorKind::Refused, "check the client"),
        (400, r#"{"error":"invalid_scope"}"#, ErrorKind::Refused, "`scope`"),
        (400, r#"{"error":"invalid_target"}"#, ErrorKind::Refused, "`resource`"),
        (400, r#"{"error":"unsupported_grant_type"}"#, ErrorKind::Refused, "this grant"),
        (400, r#"{"error":"temporarily_unavailable"}"#, ErrorKind::Network, "later"),
        (503, r#"{"error":"server_error"}"#, ErrorKind::Network, "later"),
        (503, r#"{"error":"invalid_client"}"#, ErrorKind::Refused, "check the client"),
        (502, "<html>", ErrorKind::Network, "status 502); try again later"),
        (429, "", ErrorKind::Refused, "status 429); try again later"),
        (403, "", ErrorKind::Refused, "status 403"),
        (400, r#"{"error":["invalid_grant"]}"#, ErrorKind::Refused, "status 400"),
        (200, r#"{"error":true}"#, ErrorKind::Refused, "status 200"),
    ] {
        let error = parsed(status, body).unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert!(error.to_string().contains(says), "{status} {body}: {error}");
    }
    let advice = Advice { grant: GrantAdvice { login_helps: false, ..ADVICE.grant }, ..ADVICE };
    let received = received(400, true, br#"{"error":"invalid_grant"}"#);
    assert_eq!(grant(&received, &advice).unwrap_err().error.kind(), ErrorKind::Refused);
}

#[test]
fn a_server_that_is_busy_has_refused_nothing() {
    for (status, body, is_refusal) in [
        (400, r#"{"error":"invalid_grant"}"#, true),
        (400, r#"{"error":"invalid_scope"}"#, true),
        (403, "", true),
        (400, r#"{"error":"temporarily_unavailable"}"#, false),
        (429, r#"{"error":"invalid_request"}"#, false),
        (429, "", false),
        (502, "", false),
        (200, "", false),
    ] {
        let failure = grant(&received(status, true, body.as_bytes()), &ADVICE).unwrap_err();
        assert_eq!(failure.is_refusal, is_refusal, "{status} {body}");
    }
}

#[test]
fn servers_have_many_ways_to_refuse_a_client() {
    for (status, body, is_of_client) in [
        (401, r#"{"error":"invalid_client"}"#, true),
        (400, r#"{"error":"invalid_client"}"#, true),
        (200, r#"{"error":"invalid_client"}"#, true),
        (401, r#"{"error":"unauthorized_client"}"#, true),
        (401, "", true),
        (400, r#"{"error":"unauthorized_client"}"#, false),
        (401, r#"{"error":"invalid_grant"}"#, false),
        (403, "", false),
        (400, "", false),
        (200, "", false),
    ] {
        let failure = grant(&received(status, true, body.as_bytes()), &ADVICE).unwrap_err();
        assert_eq!(failure.is_of_client, is_of_client, "{status} {body}");
    }
}

#[test]
fn retry_after_is_passed_on() {
    let mut answer = received(503, true, b"");
    answer.retry_after = Some(Duration::from_secs(7));
    let error = grant(&answer, &ADVICE).unwrap_err().error;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let error = accepted(&answer, &ADVICE).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[test]
fn a_revocation_is_accepted_by_its_status() {
    let accepted =
        |status, body: &str| accepted(&received(status, false, body.as_bytes()), &ADVICE);
    for (status, body) in [(200, ""), (200, "{}"), (200, "revoked"), (204, "")] {
        assert!(accepted(status, body).is_ok(), "{status} {body}");
    }
    for (status, body, says) in [
        (400, r#"{"error":"unsupported_token_type"}"#, "does not revoke"),
        (401, r#"{"error":"invalid_client"}"#, "check the client"),
        (200, r#"{"error":"invalid_client"}"#, "check the client"),
        (503, "", "later"),
    ] {
        let error = accepted(status, body).unwrap_err();
        assert!(error.to_string().contains(says), "{status} {body}: {error}");
    }
}

#[test]
fn unknown_codes_are_not_shown() {
    let known = code(&serde_json::from_str("\"invalid_client\"").unwrap());
    assert_eq!(known, Some(ErrorCode::InvalidClient));
    assert_eq!(code(&serde_json::from_str("\"s3cr3t\"").unwrap()), None);
    let pending = received(400, true, br#"{"error":"authorization_pending"}"#);
    let code = grant(&pending, &ADVICE).unwrap_err().code;
    assert_eq!(code, Some(ErrorCode::AuthorizationPending));
}

/// A text in every generated answer that must not be in any error.
const MARKER: &str = "M4rK3r";

/// Parses an answer, and panics if the error contains the marker.
fn check(status: u16, is_json: bool, body: &[u8]) {
    let received = received(status, is_json, body);
    for result in [
        grant(&received, &ADVICE).map(drop).map_err(Error::from),
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
        is_json: bool,
        before: Vec<u8>,
        after: Vec<u8>,
    ) {
        check(status, is_json, &[&before, MARKER.as_bytes(), &after].concat());
    }

    #[test]
    fn any_json_becomes_a_grant_or_an_error_that_shows_nothing(
        status in prop_oneof![Just(200_u16), 400_u16..600],
        json in any_json(),
        cut: prop::sample::Index,
    ) {
        let body = json.to_string();
        check(status, true, body.as_bytes());
        check(status, true, &body.as_bytes()[..cut.index(body.len())]);
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

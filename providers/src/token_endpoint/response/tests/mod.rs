//! The parser with answers of servers.
//!
//! - [`any`]: with any input

mod any;

use std::{sync::LazyLock, time::Duration};

use authn::ErrorKind;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{refusal::code, *};

const ADVICE: Advice<'static> = Advice {
    client: "check the client",
    grant: GrantAdvice {
        meaning: "the session has ended",
        help: "log in",
        login_helps: true,
        guess: None,
    },
};
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What was sent: the text that no error may have.
static SENT: LazyLock<Sent> = LazyLock::new(|| {
    let mut sent = Sent::default();
    sent.add(any::MARKER);
    sent
});

fn received<'a>(status: u16, content_type: &'a str, body: &'a [u8]) -> Received<'a> {
    let (place, status) = ("https://a.test", StatusCode::from_u16(status).unwrap());
    let content_type = Some(content_type);
    Received {
        place,
        status,
        content_type,
        retry_after: None,
        sent: &SENT,
        hint: None,
        tries: 1,
        body,
    }
}

fn answered(status: u16, body: &str) -> Result<TokenSet, Failure> {
    grant(&received(status, JSON, body.as_bytes()), &ADVICE, None, Proof::None)
}

fn parsed(status: u16, body: &str) -> Result<TokenSet> {
    Ok(answered(status, body)?)
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
        r#"[{"access_token":"a"}]"#,
        r#"["a","Bearer",60]"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
        r#"{"access_token":"a","token_type":7}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":{}}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"a\nb"}"#,
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"\ud800"}"#,
        r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
        r#"{"access_token":"a","refresh_token":"b","refresh_token":"b"}"#,
        r#"{"access_token":"a","expires_in":1,"expires_in":1}"#,
    ] {
        let error = parsed(200, bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}: {error}");
    }
}

/// JSON has numbers, texts and names that Rust has not, and servers send bytes that are no UTF-8.
#[test]
fn a_member_that_can_not_be_read_spoils_no_other() {
    for member in [
        &br#""expires_in":1e400"#[..],
        br#""expires_in":-1e400"#,
        br#""unused":1e400"#,
        br#""unused":[1e400,{"\ud800":"\ud800"}]"#,
        br#""scope":"\ud800""#,
        b"\"scope\":\"\xe9\"",
        b"\"unused\":\"\xe9\"",
        b"\"\xe9\":1",
        br#""\ud800":1"#,
        br#""\ud800":1,"\ud800":1"#,
    ] {
        let with_member = |rest: &[u8]| [b"{", member, b",", rest, b"}"].concat();
        let shown = String::from_utf8_lossy(member);
        let good = with_member(br#""access_token":"a","refresh_token":"r""#);
        let tokens =
            grant(&received(200, JSON, &good), &ADVICE, None, Proof::None).map_err(Error::from);
        let tokens = tokens.unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert_eq!(tokens.token().secret(), "a", "{shown}");
        assert_eq!(&*tokens.refresh_token().unwrap().expose(), "r", "{shown}");
        assert_eq!(tokens.token().scope(), None, "{shown}");
        let refusal = with_member(br#""error":"invalid_grant""#);
        let failure =
            grant(&received(400, JSON, &refusal), &ADVICE, None, Proof::None).unwrap_err();
        let error = Error::from(failure);
        assert!(error.message().contains("invalid_grant"), "{shown}: {error}");
    }
}

#[test]
fn every_2xx_with_an_object_is_a_success_whatever_its_media_type() {
    let json = r#" {"access_token":"a","token_type":"Bearer"}"#;
    let form = "access_token=a&token_type=bearer&scope=&unused=%FF";
    for (status, content_type, body, is_one) in [
        (200, JSON, json, true),
        (201, JSON, json, true),
        (206, "text/plain", json, true),
        (200, "text/html; charset=utf-8", json, true),
        (200, "", json, true),
        (200, FORM, json, true),
        (200, FORM, form, true),
        (201, "Application/X-WWW-Form-URLEncoded; charset=utf-8", form, true),
        (200, "text/plain", form, false),
        (200, FORM, "access_token=a&access_token=b", false),
        (200, FORM, "a", false),
        (204, JSON, "", false),
        (302, JSON, json, false),
        (400, JSON, json, false),
    ] {
        let made =
            grant(&received(status, content_type, body.as_bytes()), &ADVICE, None, Proof::None);
        assert_eq!(made.is_ok(), is_one, "{status} {content_type} {body}");
    }
    let answer = Received { content_type: None, ..received(200, "", json.as_bytes()) };
    assert!(grant(&answer, &ADVICE, None, Proof::None).is_ok());
}

#[test]
fn a_token_without_a_type_is_a_bearer_token_and_an_option_decides_about_unknown_types() {
    let answer = |token_type: &str| format!(r#"{{"access_token":"a","token_type":{token_type}}}"#);
    for token_type in ["null", "\"\"", "\"Bearer\"", "\"BEARER\""] {
        let tokens = parsed(200, &answer(token_type)).unwrap();
        assert_eq!(tokens.token().token_type(), Some("Bearer"), "{token_type}");
    }
    assert!(parsed(200, r#"{"access_token":"a"}"#).is_ok());
    for (token_type, says) in [
        ("\"mac\"", "a token of an unknown type (mac) instead"),
        ("\"urn:x\"", "a token of an unknown type instead"),
        ("\"a b\"", "a token of an unknown type instead"),
        ("7", "a token of an unknown type instead"),
        ("[\"Bearer\"]", "a token of an unknown type instead"),
    ] {
        let body = answer(token_type);
        let error = parsed(200, &body).unwrap_err();
        assert!(error.message().contains(says), "{error}");
        assert!(error.help().unwrap().contains("`token_type = \"bearer\"`"), "{error}");
        let taken = grant(
            &received(200, JSON, body.as_bytes()),
            &ADVICE,
            Some(TokenType::Bearer),
            Proof::None,
        );
        assert_eq!(taken.unwrap().token().token_type(), Some("Bearer"), "{token_type}");
    }
}

#[test]
fn a_scope_with_a_secret_that_was_sent_is_dropped() {
    let mut sent = Sent::default();
    sent.add("s3cr3t+value");
    sent.add("read");
    let encoded = BASE64_STANDARD.encode("s3cr3t+value");
    for (scope, expected) in [
        ("read write", Some("read write")),
        ("read s3cr3t+value", None),
        ("read s3cr3t%2Bvalue", None),
        (&format!("read {encoded}"), None),
    ] {
        let body = format!(r#"{{"access_token":"a","scope":"{scope}"}}"#);
        let received = Received { sent: &sent, ..received(200, JSON, body.as_bytes()) };
        let Ok(tokens) = grant(&received, &ADVICE, None, Proof::None) else { panic!("{scope}") };
        assert_eq!(tokens.token().scope(), expected, "{scope}");
    }
}

#[test]
fn a_token_is_bound_to_a_key_if_a_proof_was_sent() {
    let typed = |token_type: &str| format!(r#"{{"access_token":"a"{token_type}}}"#);
    let (dpop, bearer) = (r#","token_type":"dpop""#, r#","token_type":"Bearer""#);
    for (token_type, proof, expected) in [
        (dpop, Proof::Offered, Ok("DPoP")),
        (dpop, Proof::Required, Ok("DPoP")),
        (dpop, Proof::None, Err(("bound to a key (DPoP)", "`dpop = true`"))),
        (bearer, Proof::None, Ok("Bearer")),
        (bearer, Proof::Offered, Ok("Bearer")),
        ("", Proof::Offered, Ok("Bearer")),
        (bearer, Proof::Required, Err(("bound to no key (DPoP)", "`dpop`"))),
        ("", Proof::Required, Err(("bound to no key (DPoP)", "`dpop`"))),
    ] {
        // Not even an option makes a bearer token of one that is bound.
        for unknown_type in [None, Some(TokenType::Bearer)] {
            let body = typed(token_type);
            let made = grant(&received(200, JSON, body.as_bytes()), &ADVICE, unknown_type, proof);
            match (made, expected) {
                (Ok(tokens), Ok(name)) => assert_eq!(tokens.token().token_type(), Some(name)),
                (Err(failure), Err((message, help))) => {
                    let error = failure.error;
                    assert!(error.message().contains(message), "{error}");
                    assert!(error.help().unwrap().contains(help), "{error}");
                }
                (made, _) => panic!("{token_type} {proof:?}: {:?}", made.is_ok()),
            }
        }
    }
}

#[test]
fn an_error_without_a_value_is_none() {
    for none in ["null", "\"\"", "false", "0", "0.0", "-0"] {
        let body = format!(r#"{{"access_token":"a","error":{none}}}"#);
        assert!(parsed(200, &body).is_ok(), "{none}");
    }
    for one in ["true", "1", "-1", "\"0\"", "[]", "{}", "\"x\",\"error\":\"\""] {
        let body = format!(r#"{{"access_token":"a","error":{one}}}"#);
        assert!(parsed(200, &body).unwrap_err().message().contains("refused"), "{one}");
    }
}

#[test]
fn the_refresh_token_of_an_answer_that_is_unusable_is_part_of_the_failure() {
    let kept = |status, body: &str| {
        let failure = answered(status, body).unwrap_err();
        failure.refresh_token.map(|token| token.expose().to_owned())
    };
    for (status, body) in [
        (200, r#"{"refresh_token":"r"}"#),
        (201, r#"{"access_token":"","refresh_token":"r"}"#),
        (200, r#"{"access_token":"a b","refresh_token":"r"}"#),
        (200, r#"{"access_token":[],"refresh_token":"r"}"#),
        (200, r#"{"access_token":"a","token_type":"mac","refresh_token":"r"}"#),
        (200, r#"{"access_token":"a","id_token":7,"refresh_token":"r"}"#),
        (200, r#"{"access_token":"a","access_token":"b","refresh_token":"r"}"#),
        (200, r#"{"error":"server_error","refresh_token":"r"}"#),
    ] {
        assert_eq!(kept(status, body).as_deref(), Some("r"), "{body}");
    }
    for (status, body) in [
        (200, r#"{"refresh_token":"r","refresh_token":"s"}"#),
        (200, r#"{"refresh_token":"a\nb"}"#),
        (200, r#"{"refresh_token":7}"#),
        (200, r#"["a","r"]"#),
        (200, r#"{"refresh_token":"r""#),
        (400, r#"{"error":"invalid_request","refresh_token":"r"}"#),
    ] {
        assert_eq!(kept(status, body), None, "{body}");
    }
    let form = received(200, FORM, b"token_type=bearer&refresh_token=r%2B");
    let failure = grant(&form, &ADVICE, None, Proof::None).unwrap_err();
    assert_eq!(failure.refresh_token.map(|token| token.expose().to_owned()).unwrap(), "r+");
}

#[test]
fn other_names_of_codes_are_understood() {
    for (name, code) in [
        ("access_denied", ErrorCode::AccessDenied),
        ("authorization_declined", ErrorCode::AccessDenied),
        ("declined", ErrorCode::AccessDenied),
        ("expired_token", ErrorCode::ExpiredToken),
        ("code_expired", ErrorCode::ExpiredToken),
    ] {
        let failure = answered(400, &json!({ "error": name }).to_string()).unwrap_err();
        assert_eq!(failure.code, Some(code), "{name}");
    }
}

#[test]
fn a_refusal_without_a_known_reason_is_probably_the_end_of_a_session() {
    let advice = Advice {
        grant: GrantAdvice { guess: Some("the session has probably ended"), ..ADVICE.grant },
        ..ADVICE
    };
    for (status, body, is_guess) in [
        (400, "", true),
        (400, r#"{"error":"token_gone"}"#, true),
        (401, r#"{"message":"x"}"#, true),
        (403, "<html>", true),
        (200, r#"{"ok":false,"error":"token_gone"}"#, true),
        (200, r#"{"ok":false}"#, false),
        (404, "", false),
        (429, "", false),
        (500, "", false),
        (400, r#"{"error":"invalid_client"}"#, false),
        (400, r#"{"error":"invalid_scope"}"#, false),
    ] {
        let failure = grant(&received(status, JSON, body.as_bytes()), &advice, None, Proof::None)
            .unwrap_err();
        let is_found = failure.error.message().ends_with("the session has probably ended");
        assert_eq!(is_found, is_guess, "{}", failure.error);
        assert_eq!(failure.error.help() == Some("log in"), is_guess, "{}", failure.error);
        // Only the server's word ends a session.
        assert_ne!(failure.error.kind(), ErrorKind::LoginRequired);
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
    let received = received(400, JSON, br#"{"error":"invalid_grant"}"#);
    assert_eq!(
        grant(&received, &advice, None, Proof::None).unwrap_err().error.kind(),
        ErrorKind::Refused
    );
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
        let failure = answered(status, body).unwrap_err();
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
        let failure = answered(status, body).unwrap_err();
        assert_eq!(failure.is_of_client, is_of_client, "{status} {body}");
    }
}

#[test]
fn retry_after_is_passed_on() {
    let mut answer = received(503, JSON, b"");
    answer.retry_after = Some(Duration::from_secs(7));
    let error = grant(&answer, &ADVICE, None, Proof::None).unwrap_err().error;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    let error = accepted(&answer, &ADVICE).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[test]
fn a_revocation_is_accepted_by_its_status() {
    let accepted =
        |status, body: &str| accepted(&received(status, "text/plain", body.as_bytes()), &ADVICE);
    for (status, body) in [(200, ""), (200, "{}"), (200, "revoked"), (204, "")] {
        assert!(accepted(status, body).is_ok(), "{status} {body}");
    }
    for (status, body, says) in [
        (400, r#"{"error":"unsupported_token_type"}"#, "takes no token of this type"),
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
    let code = answered(400, r#"{"error":"authorization_pending"}"#).unwrap_err().code;
    assert_eq!(code, Some(ErrorCode::AuthorizationPending));
}

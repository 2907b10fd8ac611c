//! The claims that a token must have (OpenID Connect Core 1.0, 3.1.3.7).

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_800_000_000;

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://i.test",
        client_id: "me",
        nonce: Some("n"),
        max_age: None,
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
    }
}

/// The payload of a valid token with some claims replaced. `null` removes a claim.
fn said(claims: &Value) -> String {
    let mut all = json!({
        "iss": "https://i.test", "aud": "me", "sub": "s", "nonce": "n", "iat": NOW, "exp": NOW + 600,
    });
    let members = all.as_object_mut().unwrap();
    for (name, value) in claims.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    all.to_string()
}

fn checked(claims: &Value) -> Result<Claims, String> {
    check(said(claims).as_bytes())
}

fn check(payload: &[u8]) -> Result<Claims, String> {
    expected().check(payload).map_err(|failure| Error::from(failure).to_string())
}

#[test]
fn right_claims_are_accepted() {
    for claims in [
        json!({}),
        json!({ "aud": ["me"] }),
        json!({ "aud": ["me", "you"], "azp": "me" }),
        json!({ "azp": "me" }),
        json!({ "exp": NOW }),
        json!({ "exp": NOW - 59 }),
        json!({ "exp": 1.8e9 + 0.5 }),
        json!({ "exp": 1e300 }),
        json!({ "iat": null }),
        json!({ "iat": 0 }),
        json!({ "iat": NOW + 299, "nbf": NOW + 299 }),
    ] {
        assert!(checked(&claims).is_ok(), "{claims}");
    }
}

#[test]
fn the_tenant_of_a_token_fills_the_issuer_of_many_tenants() {
    let of_many = Expected { issuer: "https://i.test/{tenantid}/v2.0", ..expected() };
    for (issuer, tenant, is_right) in [
        ("https://i.test/0f-1e/v2.0", json!("0f-1e"), true),
        ("https://i.test/0f-1e/v2.0", json!("2d"), false),
        ("https://i.test/0f-1e/v2.0", json!(null), false),
        ("https://i.test/{tenantid}/v2.0", json!("{tenantid}"), false),
        ("https://i.test/a/b/v2.0", json!("a/b"), false),
        ("https://j.test/0f-1e/v2.0", json!("0f-1e"), false),
    ] {
        let payload = said(&json!({ "iss": issuer, "tid": tenant }));
        assert_eq!(of_many.check(payload.as_bytes()).is_ok(), is_right, "{payload}");
    }
}

#[test]
fn wrong_claims_are_refused() {
    for (claims, what) in [
        (json!({ "iss": null }), "another issuer"),
        (json!({ "iss": "https://i.test/" }), "another issuer"),
        (json!({ "iss": "https://I.test" }), "another issuer"),
        (json!({ "iss": "https://i.test:443" }), "another issuer"),
        (json!({ "iss": ["https://i.test"] }), "another issuer"),
        (json!({ "aud": null }), "for another client"),
        (json!({ "aud": "you" }), "for another client"),
        (json!({ "aud": "ME" }), "for another client"),
        (json!({ "aud": "me you" }), "for another client"),
        (json!({ "aud": [] }), "for another client"),
        (json!({ "aud": ["you"], "azp": "me" }), "for another client"),
        (json!({ "aud": ["me", 1], "azp": "me" }), "for another client"),
        (json!({ "aud": { "me": "me" } }), "for another client"),
        (json!({ "aud": ["me", "you"] }), "for several clients"),
        (json!({ "aud": ["me", "you"], "azp": "you" }), "issued for another client"),
        (json!({ "aud": "me", "azp": "you" }), "issued for another client"),
        (json!({ "aud": "me", "azp": ["me"] }), "issued for another client"),
        (json!({ "exp": null }), "when it expires"),
        (json!({ "exp": (NOW + 600).to_string() }), "when it expires"),
        (json!({ "exp": NOW - 60 }), "has expired"),
        (json!({ "exp": 0 }), "has expired"),
        (json!({ "exp": -1 }), "has expired"),
        (json!({ "iat": NOW + 301 }), "in the future"),
        (json!({ "nbf": NOW + 301 }), "in the future"),
        (json!({ "iat": "now" }), "not a number"),
        (json!({ "nbf": [] }), "not a number"),
        (json!({ "nonce": null }), "another login"),
        (json!({ "nonce": "m" }), "another login"),
        (json!({ "nonce": "" }), "another login"),
        (json!({ "nonce": ["n"] }), "another login"),
        (json!({ "sub": null }), "does not name its user"),
        (json!({ "sub": "" }), "does not name its user"),
        (json!({ "sub": 1 }), "does not name its user"),
        (json!({ "sub": "x".repeat(1025) }), "does not name its user"),
        (json!({ "sub": "a\u{1b}[2J" }), "does not name its user"),
    ] {
        let found = checked(&claims).map(drop);
        assert!(found.as_ref().is_err_and(|text| text.contains(what)), "{claims}: {found:?}");
    }
    for payload in ["", "null", "[]", "\"sub\"", "{", "{\"exp\":1e400}"] {
        assert!(check(payload.as_bytes()).is_err_and(|what| what.contains("no claims")));
    }
    let many = (0..256).map(|number| (number.to_string(), json!(number))).collect::<Value>();
    assert!(checked(&many).is_err_and(|what| what.contains("256")));
}

#[test]
fn a_nonce_is_checked_if_one_was_sent() {
    for (sent, found, is_right) in
        [(None, json!(null), true), (None, json!("m"), true), (Some("n"), json!("m"), false)]
    {
        let payload = said(&json!({ "nonce": found }));
        let checked = Expected { nonce: sent, ..expected() }.check(payload.as_bytes());
        assert_eq!(checked.is_ok(), is_right, "{sent:?} {found}");
    }
}

#[test]
fn an_unverified_email_address_is_left_out() {
    for (verified, counts) in [
        (json!(null), true),
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(0), false),
        (json!([]), false),
    ] {
        let claims = checked(&json!({ "email": "a@a.test", "email_verified": verified })).unwrap();
        assert_eq!(claims.text("email").is_some(), counts, "{verified}");
    }
    let claims = checked(&json!({ "name": "a\nb", "upn": "x".repeat(1024) })).unwrap();
    assert!(claims.text("name").is_none() && claims.text("upn").is_some());
}

#[test]
fn a_token_ends_by_the_clock_of_the_context() {
    let pair = Pair::new(None);
    let login = Login::new(&[&pair]);
    let token = login.issue(&pair, &json!({}));
    assert!(login.verify(&token).is_ok());
    login.manual.advance(Duration::from_mins(12));
    let error = login.mismatch(&token);
    assert!(error.contains("has expired"), "{error}");
    login.manual.step_wall(-24 * 60 * 60);
    let error = login.mismatch(&token);
    assert!(error.contains("in the future"), "{error}");
}

#[test]
fn a_signed_token_with_a_wrong_claim_is_a_mismatch_that_shows_nothing() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    for name in ["iss", "aud", "azp", "exp", "iat", "nbf", "nonce"] {
        let mut claims = json!({});
        claims[name] = MARKER.into();
        let error = login.mismatch(&login.issue(&pair, &claims));
        assert!(error.starts_with("the ID token"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_payload_panics(payload: Vec<u8>, name in "aud|azp|exp|iat|iss|nbf|nonce|sub", text: String) {
        drop(expected().check(&payload));
        for value in [json!(text), json!([text]), json!({ &text: text }), json!(f64::MAX)] {
            let mut claims = json!({});
            claims[&name] = value;
            drop(checked(&claims));
        }
    }
}

#[test]
fn a_login_that_is_older_than_max_age_is_refused() {
    let old = "proves a login that is older than `max_age`";
    let missing = "does not say when the user logged in";
    for (max_age, auth_time, error) in [
        (Some(300), json!(NOW), None),
        (Some(300), json!(NOW - 300), None),
        (Some(300), json!(NOW - 360), None),
        (Some(300), json!(NOW - 361), Some(old)),
        (Some(0), json!(NOW), None),
        (Some(0), json!(NOW - 61), Some(old)),
        (Some(u64::MAX), json!(0), None),
        (Some(300), json!(1e300), None),
        (Some(300), json!(null), Some(missing)),
        (Some(300), json!("1800000000"), Some(missing)),
        (None, json!(0), None),
        (None, json!(null), None),
    ] {
        let payload = said(&json!({ "auth_time": auth_time }));
        let expected = Expected { max_age: max_age.map(Duration::from_secs), ..expected() };
        match (expected.check(payload.as_bytes()).map_err(Error::from), error) {
            (Ok(_), None) => {}
            (Err(found), Some(error)) => {
                assert!(found.to_string().contains(error), "{max_age:?} {auth_time}: {found}");
            }
            (found, _) => panic!("{max_age:?} {auth_time}: {found:?}"),
        }
    }
}

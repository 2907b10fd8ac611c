//! Where the key of a token comes from, and when it is fetched.

use super::*;

#[test]
fn keys_are_fetched_once_an_hour() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    let verified = || login.verify(&login.issue(&pair, &json!({}))).is_ok();
    assert!(verified() && verified());
    login.manual.advance(Duration::from_mins(59));
    assert!(verified());
    assert_eq!(login.server.asked(JWKS), 1);
    login.manual.advance(Duration::from_mins(1));
    assert!(verified());
    assert_eq!(login.server.asked(JWKS), 2);
}

#[test]
fn a_key_that_the_server_has_withdrawn_is_not_accepted() {
    let (old, new) = (Pair::new(Some("old")), Pair::new(Some("new")));
    let login = Login::new(&[&old]);
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
    login.publish(&[&new]);
    login.manual.advance(Duration::from_hours(1));
    let error = login.unable(&login.issue(&old, &json!({})));
    assert!(error.contains("does not publish"), "{error}");
}

#[test]
fn a_new_key_is_fetched_when_a_token_names_it_and_not_too_often() {
    let (old, new) = (Pair::new(Some("old")), Pair::new(Some("new")));
    let login = Login::new(&[&old]);
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());

    // The keys have just been fetched, so the server is not asked again.
    login.publish(&[&old, &new]);
    let error = login.unable(&login.issue(&new, &json!({})));
    assert!(error.contains("does not publish"), "{error}");
    assert_eq!(login.server.asked(JWKS), 1);

    login.manual.advance(Duration::from_mins(1));
    assert!(login.verify(&login.issue(&new, &json!({}))).is_ok());
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
    assert_eq!(login.server.asked(JWKS), 2);

    let unknown = Pair::new(Some("unknown"));
    for fetched in [3, 4] {
        login.manual.advance(Duration::from_mins(1));
        for _ in 0..3 {
            login.unable(&login.issue(&unknown, &json!({})));
        }
        assert_eq!(login.server.asked(JWKS), fetched);
    }
}

#[test]
fn a_key_without_an_identifier_can_be_replaced() {
    let (old, new) = (Pair::new(None), Pair::new(None));
    let login = Login::new(&[&old]);
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
    login.publish(&[&new]);
    let error = login.mismatch(&login.issue(&new, &json!({})));
    assert!(error.contains("not the server's"), "{error}");
    login.manual.advance(Duration::from_mins(1));
    assert!(login.verify(&login.issue(&new, &json!({}))).is_ok());
    assert_eq!(login.server.asked(JWKS), 2);
}

#[test]
fn a_server_that_fails_is_not_asked_again_at_once() {
    let (old, new) = (Pair::new(Some("old")), Pair::new(Some("new")));
    let login = Login::new(&[&old]);
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
    login.manual.advance(Duration::from_mins(1));
    login.server.answer(JWKS, "404 Not Found", "");
    for expected in ["status 404", "does not publish"] {
        let error = login.unable(&login.issue(&new, &json!({})));
        assert!(error.contains(expected), "{error}");
        assert_eq!(login.server.asked(JWKS), 2);
    }
    // The known keys are still accepted.
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
}

#[test]
fn an_invalid_key_set_is_an_error() {
    let pair = Pair::new(Some("k"));
    let set = json!({ "keys": [pair.public] }).to_string();
    let json = "200 OK\r\nContent-Type: application/json";
    let long = |length: usize| format!("{{\"keys\":[],\"{MARKER}\":\"{}\"}}", "x".repeat(length));
    for (head, body, expected) in [
        ("404 Not Found", MARKER.to_owned(), "status 404"),
        ("400 Bad Request\r\nContent-Type: application/json", set.clone(), "status 400"),
        ("302 Found\r\nLocation: /elsewhere", set.clone(), "redirect"),
        ("307 Temporary Redirect\r\nLocation: /elsewhere", set.clone(), "redirect"),
        ("429 Too Many Requests\r\nRetry-After: 7", MARKER.to_owned(), "try again in 7s"),
        (json, String::new(), "an empty body"),
        (json, format!("<html>{MARKER}</html>"), "HTML (application/json)"),
        (json, format!("[{set}]"), "a JSON list"),
        (json, set[..set.len() - 1].to_owned(), "ends too early"),
        (json, json!({ MARKER: [] }).to_string(), "without a list of keys"),
        (json, json!({ "keys": { MARKER: 1 } }).to_string(), "without a list of keys"),
        (json, long(300 * 1024), "more than 256 KiB"),
        (json, long(2 * 1024 * 1024), "more than 1 MiB"),
        (json, json!({ "keys": [{ "kty": MARKER }] }).to_string(), "does not publish"),
    ] {
        let login = Login::new(&[]);
        login.server.answer(JWKS, head, &body);
        login.server.serve("/elsewhere", &set);
        let error = login.unable(&login.issue(&pair, &json!({})));
        assert!(error.contains(expected), "{head}: {error}");
        assert_eq!(login.server.asked("/elsewhere"), 0);
        // Nothing of it is kept.
        login.publish(&[&pair]);
        login.manual.advance(Duration::from_mins(1));
        assert!(login.verify(&login.issue(&pair, &json!({}))).is_ok(), "{head}");
    }
}

#[test]
fn retry_after_is_passed_on() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[]);
    login.server.answer(JWKS, "429 Too Many Requests\r\nRetry-After: 7", "");
    let error = Error::from(login.verify(&login.issue(&pair, &json!({}))).unwrap_err());
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::Network, Some(Duration::from_secs(7)))
    );
}

#[test]
fn a_set_has_a_media_type_of_its_own() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[]);
    let set = json!({ "keys": [pair.public] }).to_string();
    login.server.answer(
        JWKS,
        "200 OK\r\nContent-Type: application/jwk-set+json; charset=utf-8",
        &set,
    );
    assert!(login.verify(&login.issue(&pair, &json!({}))).is_ok());
}

#[test]
fn an_issuer_with_another_name_has_no_keys() {
    let pair = Pair::new(Some("k"));
    let login = Login::new(&[&pair]);
    let metadata = json!({ "issuer": "https://other.test", "jwks_uri": login.server.url(JWKS) });
    login.server.serve(METADATA, &metadata.to_string());
    let error = login.unable(&login.issue(&pair, &json!({})));
    assert!(error.contains("calls itself"), "{error}");
    login.server.serve(METADATA, &json!({ "issuer": login.server.url("") }).to_string());
    let error = login.unable(&login.issue(&pair, &json!({})));
    assert!(error.contains("name no key set") && error.contains("set `jwks_url`"), "{error}");
    let metadata = json!({ "issuer": login.server.url(""), "jwks_uri": "http://a.test/jwks" });
    login.server.serve(METADATA, &metadata.to_string());
    login.manual.advance(Duration::from_hours(1));
    let error = login.unable(&login.issue(&pair, &json!({})));
    assert!(error.contains("without encryption"), "{error}");
    assert_eq!(login.server.asked(JWKS), 0);
}

#[test]
fn issuer_and_keys_can_be_configured_instead() {
    let pair = Pair::new(Some("k"));
    let server = Loopback::start();
    let endpoint = format!("token_endpoint_url = '{}'", server.url("/token"));
    let keys = format!("jwks_url = '{}'", server.url(JWKS));
    let issuer = format!("issuer = '{}'", server.url(""));
    for (options, expected) in [
        (vec![&endpoint, &keys], Some("no issuer is known; set `issuer`")),
        (vec![&endpoint, &issuer], Some("set `jwks_url`")),
        (vec![&endpoint, &keys, &issuer], None),
    ] {
        let options: Vec<&str> = options.into_iter().map(String::as_str).collect();
        let login = Login::with(server.clone(), &options.join("\n"));
        login.publish(&[&pair]);
        let token = login.issue(&pair, &json!({}));
        match expected {
            Some(expected) => {
                let error = login.unable(&token);
                assert!(error.contains(expected), "{error}");
            }
            None => assert_eq!(login.verify(&token).unwrap().subject(), MARKER),
        }
    }
    assert_eq!(server.asked(METADATA), 0);

    // With an issuer, they replace the discovered address.
    let elsewhere =
        format!("issuer_url = '{}'\njwks_url = '{}'", server.url(""), server.url("/own"));
    let login = Login::with(server.clone(), &elsewhere);
    server.serve("/own", &json!({ "keys": [pair.public] }).to_string());
    login.publish(&[]);
    assert!(login.verify(&login.issue(&pair, &json!({}))).is_ok());
    assert_eq!((server.asked(METADATA), server.asked("/own")), (0, 1));
}

#[test]
fn a_set_that_has_moved_is_fetched_from_its_new_place() {
    let (old, new) = (Pair::new(Some("old")), Pair::new(Some("new")));
    let login = Login::new(&[&old]);
    assert!(login.verify(&login.issue(&old, &json!({}))).is_ok());
    // The keys are fetched again, so that they are kept longer than the metadata.
    login.manual.advance(Duration::from_mins(30));
    login.unable(&login.issue(&new, &json!({})));
    assert_eq!(login.server.asked(JWKS), 2);
    let metadata =
        json!({ "issuer": login.server.url(""), "jwks_uri": login.server.url("/moved") });
    login.server.serve(METADATA, &metadata.to_string());
    login.server.serve("/moved", &json!({ "keys": [new.public] }).to_string());
    login.manual.advance(Duration::from_mins(30));
    login.unable(&login.issue(&old, &json!({})));
    assert!(login.verify(&login.issue(&new, &json!({}))).is_ok());
    assert_eq!((login.server.asked(JWKS), login.server.asked("/moved")), (2, 1));
}

#[test]
fn a_late_caller_gets_the_keys_that_another_has_fetched() {
    let (old, new) = (Pair::new(Some("old")), Pair::new(Some("new")));
    let login = Login::new(&[&old]);
    let (keys, context) = (&login.options.__keys, &login.context);
    let address = Address::parse(&login.server.url(JWKS)).unwrap();
    wait(async {
        let before = keys.get(&address, context).await.unwrap();
        assert!(keys.newer(&before, &address, context).await.unwrap().is_none());
        login.publish(&[&old, &new]);
        login.manual.advance(Duration::from_mins(1));
        assert!(keys.newer(&before, &address, context).await.unwrap().is_some());
        let late = keys.newer(&before, &address, context).await.unwrap().unwrap();
        let token = login.issue(&new, &json!({}));
        let token = Signed::parse(&token).unwrap();
        assert!(token.verify(&before).is_err() && token.verify(&late).is_ok());
    });
    assert_eq!(login.server.asked(JWKS), 2);
}

//! Token exchange (RFC 8693).

use authn::{ErrorKind, Token, hooks, reqwest::Client};
use authn_tests::rig::Rig;

use crate::{EXCHANGE, claims_of, exchange, load, of_user, signing, token_of};

#[tokio::test]
async fn every_kind_of_subject_is_exchanged_and_accepted_by_the_resource_server() {
    let rig = Rig::start();
    let token = token_of(&rig, "alice").await;
    let of_hook = token.clone();
    hooks::register("users-token", hooks::Hook::sync(move |_| Token::new(&of_hook))).unwrap();
    for subject in [
        of_user(&rig, "alice"),
        format!("{{ jwt = '{token}' }}"),
        "{ hook = 'users-token' }".to_owned(),
        format!("{{ cached = {{ bearer = '{token}' }} }}"),
    ] {
        let credentials = load(&rig, &exchange(&rig, &format!("subject = {subject}")));
        let client = Client::new(credentials.clone()).unwrap();
        let response = client.get(rig.resource_url("/rs/bearer")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{subject}");
        let claims = claims_of(&credentials).await;
        assert_eq!((&claims["sub"], &claims["client_id"]), (&"alice".into(), &"xchg".into()));
        assert!(claims.get("act").is_none(), "{claims}");
    }
    assert_eq!(rig.count(&[("grant", EXCHANGE), ("status", "200")]), 4);
}

#[tokio::test]
async fn actor_scope_audience_and_types_reach_the_server() {
    let rig = Rig::start();
    let subject = format!("subject = {}", of_user(&rig, "alice"));
    let actor = signing(&rig, "robot", "rsa.pem", "rsa-1");
    let acting = format!("{subject}\nactor = {actor}\nactor_token_type = 'jwt'\nscope = 'write'");
    let credentials = load(&rig, &exchange(&rig, &acting));
    let claims = claims_of(&credentials).await;
    assert_eq!((&claims["sub"], &claims["act"]["sub"]), (&"alice".into(), &"robot".into()));
    assert_eq!(claims["scope"], "write");
    let narrower = credentials.with_scope(&["read"]);
    assert_eq!(claims_of(&narrower).await["scope"], "read");

    let target =
        format!("{subject}\nresource = ['https://a.test/']\nrequested_token_type = 'access_token'");
    assert_eq!(claims_of(&load(&rig, &exchange(&rig, &target))).await["aud"], "https://a.test/");

    for (more, said) in [
        ("audience = 'urn:rig:forbidden'", "invalid_target"),
        ("requested_token_type = 'saml2'", "invalid_request"),
    ] {
        let before = rig.count(&[("grant", EXCHANGE)]);
        let credentials = load(&rig, &exchange(&rig, &format!("{subject}\n{more}")));
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains(said), "{error}");
        if said == "invalid_target" {
            assert_eq!(rig.count(&[("grant", EXCHANGE)]), before + 1, "nothing else helps");
        }
    }
}

#[tokio::test]
async fn a_service_that_needs_no_client_gets_none() {
    let rig = Rig::start();
    let token = token_of(&rig, "bob").await;
    let credentials = load(
        &rig,
        &format!(
            "[credentials.oauth]\ntoken_endpoint_url = '{}/google/sts'\ngrant_type = 'token_exchange'\n\
             subject.jwt = '{token}'\nsubject_token_type = 'jwt'\nrequested_token_type = 'access_token'",
            rig.issuer()
        ),
    );
    assert_eq!(claims_of(&credentials).await["sub"], "bob");
}

#[tokio::test]
async fn a_subject_that_has_ended_at_the_server_is_replaced() {
    let rig = Rig::start();
    let subject = format!("subject = {}", of_user(&rig, "alice"));
    let credentials = load(&rig, &exchange(&rig, &subject));
    let first = credentials.token().await.unwrap();
    // By this machine's clock the subject's token is valid.
    rig.clock(120);
    credentials.invalidate(&first);
    assert_ne!(credentials.token().await.unwrap().secret(), first.secret());
    assert_eq!(rig.count(&[("grant", "password")]), 2);
    assert_eq!(rig.count(&[("grant", EXCHANGE), ("error", "invalid_request")]), 1);
    assert_eq!(rig.count(&[("grant", EXCHANGE), ("status", "200")]), 2);

    let jwt = exchange(&rig, &format!("subject.jwt = '{}'", first.secret()));
    let error = load(&rig, &jwt).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(rig.count(&[("grant", EXCHANGE), ("error", "invalid_request")]), 2);
}

#[tokio::test]
async fn a_refused_token_is_exchanged_anew_and_the_request_repeated() {
    let rig = Rig::start();
    let subject = format!("subject = {}", of_user(&rig, "alice"));
    let client = Client::new(load(&rig, &exchange(&rig, &subject))).unwrap();
    let url = rig.resource_url("/rs/bearer");
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    rig.clock(120);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
}

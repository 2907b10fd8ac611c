//! JWTs of nested providers: the grant `jwt_bearer`, and the method `client_assertion`.

use authn_tests::rig::Rig;

use crate::{claims_of, load, signing};

#[tokio::test]
async fn a_jwt_of_another_provider_is_a_grant() {
    let rig = Rig::start();
    let signing = signing(&rig, "robot@rig.test", "ec.pem", "ec-1");
    for table in [
        format!(
            "[credentials.oauth]\nissuer_url = '{}'\ngrant_type = 'jwt_bearer'\nclient_id = 'sa'\n\
             assertion = {signing}",
            rig.issuer()
        ),
        format!(
            "[credentials.jwt_bearer]\nissuer_url = '{}'\nclient_id = 'sa'\nassertion = {signing}",
            rig.issuer()
        ),
        format!(
            "[credentials.jwt_bearer]\ntoken_endpoint_url = '{}/google/token'\nassertion = {signing}",
            rig.issuer()
        ),
    ] {
        let credentials = load(&rig, &table);
        assert_eq!(claims_of(&credentials).await["sub"], "robot@rig.test", "{table}");
        // The server takes each JWT once, so the second exchange needs another one.
        credentials.invalidate(&credentials.token().await.unwrap());
        assert_eq!(claims_of(&credentials).await["sub"], "robot@rig.test", "{table}");
    }
}

#[tokio::test]
async fn a_jwt_of_another_provider_authenticates_the_client() {
    let rig = Rig::start();
    let credentials = load(
        &rig,
        &format!(
            "[credentials.oauth]\nissuer_url = '{}'\nclient_id = 'cc-pkjwt'\n\
             token_endpoint_auth_method = 'client_assertion'\nassertion = {}",
            rig.issuer(),
            signing(&rig, "cc-pkjwt", "rsa.pem", "rsa-1")
        ),
    );
    let first = credentials.token().await.unwrap();
    assert_eq!(rig.count(&[("client", "cc-pkjwt"), ("status", "200")]), 1);
    // The server takes each JWT once, so this exchange needs another one.
    credentials.invalidate(&first);
    assert_ne!(credentials.token().await.unwrap().secret(), first.secret());
    assert_eq!(rig.count(&[("client", "cc-pkjwt"), ("status", "200")]), 2);
}

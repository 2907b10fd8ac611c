//! The choice of the server, and the requests to it.

use authn::ErrorKind;
use authn_tests::rig::Rig;

use super::load;

#[tokio::test]
async fn endpoint_realm_resource_and_scope_reach_the_server() {
    let rig = Rig::start();
    let endpoint = format!(
        "token_endpoint_url = '{}/token'\nclient_id = 'cc-basic'\nclient_secret = 'secret'\nscope = ['read']",
        rig.issuer()
    );
    let token = load(&rig, &endpoint).token().await.unwrap();
    assert_eq!(token.scope(), Some("read"));
    let scoped = load(&rig, &endpoint).with_scope(&["write"]).token().await.unwrap();
    assert_eq!(scoped.scope(), Some("write"));

    // Where Keycloak has its realms, and where it had them before version 17.
    for base in [rig.issuer().to_owned(), rig.resource_url("/"), rig.resource_url("/auth")] {
        let keycloak = format!(
            "keycloak_url = '{base}'\nrealm = 'test'\nclient_id = 'cc-basic'\nclient_secret = 'secret'"
        );
        assert!(load(&rig, &keycloak).token().await.unwrap().secret().starts_with("eyJ"));
    }

    let opaque = format!("{endpoint}\nresource = 'urn:rig:opaque'");
    assert!(!load(&rig, &opaque).token().await.unwrap().secret().starts_with("eyJ"));
}

#[tokio::test]
async fn the_issuer_must_be_the_configured_one() {
    let rig = Rig::start();
    let options = format!(
        "issuer_url = '{}/'\nclient_id = 'cc-basic'\nclient_secret = 'secret'",
        rig.issuer()
    );
    let error = load(&rig, &options).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("slash"), "{error}");
    let named = format!("{options}\nissuer = '{}'", rig.issuer());
    assert!(load(&rig, &named).token().await.is_ok(), "the configuration may say another name");
    let nowhere = format!(
        "issuer_url = '{}/realms/nope'\nclient_id = 'c'\nclient_secret = 's'",
        rig.issuer()
    );
    let error = load(&rig, &nowhere).token().await.unwrap_err();
    assert!(error.to_string().contains("no metadata"), "{error}");
}

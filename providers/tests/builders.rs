//! The builder of each provider has a method for each of its options, and builds what its table does.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::BTreeSet, path::Path, time::Duration};

use authn::{Entry, ErrorKind, Provider, config::ProblemCode, options::OptionValue};
use authn_providers::{
    ApiKey, AppService, AzureManagedIdentity, Basic, Bearer, Cached, FileToken, GcpMetadata,
    GithubActions, Gitlab, H2oCloud, Hook, Jwt, JwtBearer, OAuth, OAuth1, WorkloadIdentity,
};

/// Calls a builder's method for each option that is named, and checks that these are all options of the provider.
macro_rules! methods {
    ($($provider:ident: $($option:ident)*;)*) => {$(
        let named = BTreeSet::from([$(stringify!($option).trim_start_matches("r#")),*]);
        let entry: Entry = <$provider as Provider>::ENTRY;
        let known: BTreeSet<&str> = entry.fields().map(|field| field.key()).collect();
        assert_eq!(named, known, "{}", entry.name());
        let nothing = || None::<OptionValue>;
        let _ = $provider::builder()$(.$option(nothing()))*;
    )*};
}

#[test]
fn every_builder_has_a_method_for_each_option() {
    methods! {
        ApiKey: key header query_parameter headers query plain_headers r#for username r#override preset;
        AppService: incoming_headers lifetime
            placement header header_prefix query_parameter r#override preset;
        AzureManagedIdentity: resource client_id object_id resource_id host
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        Basic: username password r#override preset;
        FileToken: path ttl
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        GcpMetadata: scopes audience service_account host
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        GithubActions: audience
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        Gitlab: variable
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        Bearer: token placement header header_prefix query_parameter r#override preset;
        Cached: expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        H2oCloud: environment discovery_address discovery client client_secret refresh_token scope config_file
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        Hook: name username
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        Jwt: jwt placement header header_prefix query_parameter r#override preset;
        JwtBearer: token_endpoint_url issuer_url issuer subject audience scope private_key key_id algorithm
            lifetime claims jwt_header client_id token_type service_account_file self_signed assertion
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
        OAuth: resource_url issuer_url token_endpoint_url keycloak_url realm issuer authorization_endpoint_url
            device_authorization_endpoint_url pushed_authorization_request_endpoint_url
            introspection_endpoint_url revocation_endpoint_url registration_endpoint_url userinfo_endpoint_url
            end_session_endpoint_url jwks_url grant_type client_id client_secret token_endpoint_auth_method
            basic_encoding private_key key_id algorithm assertion_audience jwt_header certificate
            certificate_key refresh_token username password subject subject_token_type actor actor_token_type
            requested_token_type assertion client_assertion registration_page_url redirect_port redirect_path
            redirect_uri prompt login_hint browser login_timeout pushed_authorization_request request_object
            response_mode acr_values max_age ui_locales claims scope audience resource authorization_details
            parameters authorization_parameters token_type token_request_method token_request_encoding
            compliance dpop dpop_algorithm client_registration client_name software_statement
            initial_access_token expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store
            expected_username username_claim placement header header_prefix query_parameter r#override preset;
        OAuth1: client_id client_secret token token_secret signature_method private_key realm placement
            body_hash request_token_url authorization_url access_token_url callback expiry_threshold clock_skew
            expires_in_fallback minimal_refresh_period store expected_username username_claim r#override preset;
        WorkloadIdentity: identity exchange identity_audience path variable endpoint audience scope service_account tenant
            client_id federation_rule_id organization_id service_account_id workspace_id federation_policy_id
            token_endpoint_url iam_credentials_url
            expiry_threshold clock_skew expires_in_fallback minimal_refresh_period store expected_username
            username_claim placement header header_prefix query_parameter r#override preset;
    }
}

#[test]
fn an_exchange_in_code_is_a_word_or_a_table() {
    let by_name = WorkloadIdentity::builder()
        .exchange("openrouter")
        .federation_policy_id("4b2f7d1e-8c3a-4e5f-9a6b-1c2d3e4f5a6b")
        .build();
    assert!(format!("{:?}", by_name.unwrap()).contains("service = \"openrouter\""));
    let server = OptionValue::table([("issuer_url", "https://idp.example.com")]);
    let exchange = OptionValue::table([("token_exchange", server)]);
    let any = WorkloadIdentity::builder().exchange(exchange).build();
    assert!(format!("{:?}", any.unwrap()).contains("issuer_url = \"https://idp.example.com\""));
    let error = WorkloadIdentity::builder().exchange("nowhere").build().unwrap_err();
    assert!(error.to_string().contains("exchange.service"), "{error}");
}

#[tokio::test]
async fn each_provider_is_built_in_code() {
    let bearer = Bearer::builder().token("abc").build().unwrap();
    assert_eq!(bearer.token().await.unwrap().secret(), "abc");
    let cached = Cached::builder().of(Bearer::builder().token("inner")).build().unwrap();
    assert_eq!(cached.token().await.unwrap().secret(), "inner");
    let basic = Basic::builder().username("ali").password("baba").credentials().domain("a.test");
    assert_eq!(authorization(&basic.build().unwrap()).await, "Basic YWxpOmJhYmE=");
    let keys = ApiKey::builder()
        .headers(OptionValue::table([("authorization", "Key abc")]))
        .credentials()
        .domain("a.test");
    assert_eq!(authorization(&keys.build().unwrap()).await, "Key abc");
    authn::hooks::register("in_code", authn::hooks::Hook::sync(|_| authn::Token::new("hooked")))
        .unwrap();
    let hook = Hook::builder().name("in_code").build().unwrap();
    assert_eq!(hook.token().await.unwrap().secret(), "hooked");
    assert!(AppService::builder().build().unwrap().is_per_request());
    // The parts of a JWT: `{}`.
    let job = authn::Environment::empty().variable("ID_TOKEN", "e30.e30.of-job");
    let gitlab = Gitlab::builder().credentials().domain("a.test").environment(job);
    assert_eq!(authorization(&gitlab.build().unwrap()).await, "Bearer e30.e30.of-job");
    // Port 9 is `discard`. Usually no program listens on it.
    for credentials in [
        FileToken::builder().path(Path::new("/nonexistent/token")).build().unwrap(),
        GithubActions::builder().audience("a").build().unwrap(),
        GcpMetadata::builder().host("127.0.0.1:9").scopes(["a"]).build().unwrap(),
        AzureManagedIdentity::builder().resource("r").host("127.0.0.1:9").build().unwrap(),
    ] {
        assert!(credentials.token().await.unwrap_err().is_not_applicable());
    }
}

async fn authorization(credentials: &authn::Credentials) -> String {
    let (mut parts, ()) = http::Request::get("https://a.test/").body(()).unwrap().into_parts();
    credentials.authorize(&mut parts).await.unwrap();
    parts.headers["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn the_checks_of_the_table_apply() {
    let oauth = || OAuth::builder().client_id("c").client_secret("s");
    oauth().issuer_url("https://idp.test").build().unwrap();
    // Exactly one address names the server, an option that is not used is refused, an address is https.
    for (builder, word) in [
        (oauth(), "issuer_url"),
        (
            oauth().issuer_url("https://idp.test").token_endpoint_url("https://idp.test/t"),
            "token_endpoint_url",
        ),
        (oauth().issuer_url("https://idp.test").grant_type("implicit"), "grant_type"),
        (
            oauth().issuer_url("https://idp.test").login_timeout(Duration::from_secs(3)),
            "login_timeout",
        ),
        (oauth().issuer_url("http://idp.test"), "https"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    let relative = JwtBearer::builder().service_account_file(Path::new("key.json")).build();
    assert_eq!(relative.unwrap_err().problems()[0].code(), ProblemCode::RelativePath);
}

#[test]
fn the_builders_of_nested_providers_are_values() {
    let error = Cached::builder().of(OAuth::builder().client_id("c")).build().unwrap_err();
    assert!(error.to_string().contains("issuer_url"), "{error}");
}

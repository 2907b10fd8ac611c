//! Wrong options are found before anything is sent.

use authn::ErrorKind;

use crate::testing::load;

const KEY: &str = "private_key = '''-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----'''";

fn loaded(options: &str) -> authn::Result<authn::Credentials> {
    load(&format!("[credentials.oauth]\n{options}"))
}

/// A client of a server, and more.
fn with_server(options: &str) -> String {
    format!("issuer_url = 'https://i.test'\nclient_id = 'c'\nstore = 'memory'\n{options}")
}

fn problem(options: &str) -> String {
    let error = loaded(options).map(drop).expect_err(options);
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error.to_string()
}

#[test]
fn a_server_must_be_set_once_and_be_safe() {
    let client = "client_id = 'c'\nclient_secret = 's'\n";
    for (options, expected) in [
        ("", "no server is set"),
        ("realm = 'r'", "no server is set"),
        (
            "issuer_url = 'https://i.test'\ntoken_endpoint_url = 'https://i.test/t'",
            "set more than once",
        ),
        ("keycloak_url = 'https://k.test'", "only one of `keycloak_url` and `realm`"),
        ("issuer_url = 'https://i.test'\nrealm = 'r'", "only one of `keycloak_url` and `realm`"),
        ("keycloak_url = 'https://k.test'\nrealm = 'a/b'", "`realm`"),
        ("issuer_url = 'http://i.test'", "without encryption"),
        (
            "issuer_url = 'https://i.test'\nrevocation_endpoint_url = 'http://i.test/r'",
            "without encryption",
        ),
        (
            "issuer_url = 'https://i.test'\nauthorization_endpoint_url = 'http://i.test/a'",
            "without encryption",
        ),
        (
            "issuer_url = 'https://i.test'\ndevice_authorization_endpoint_url = 'http://i.test/d'",
            "without encryption",
        ),
        ("issuer_url = 'https://i.test'\njwks_url = 'http://i.test/j'", "without encryption"),
        ("issuer_url = 'nonsense'", "found a text without a scheme"),
        ("token_endpoint_url = 'https://i.test/t'\nissuer = ''", "`issuer` is empty"),
    ] {
        let problem = problem(&format!("{client}{options}"));
        assert!(problem.contains(expected), "{options}\n{problem}");
    }
    for options in [
        "token_endpoint_url = 'https://i.test/t'\nissuer = 'https://i.test'",
        "issuer_url = 'https://i.test'\nrevocation_endpoint_url = 'https://i.test/r'",
        "issuer_url = 'https://i.test'\njwks_url = 'https://i.test/j'",
        "issuer_url = 'https://i.test'\njwks_url = 'http://127.0.0.1:1/j'",
        "keycloak_url = 'https://k.test/auth'\nrealm = 'a'",
    ] {
        assert!(loaded(&format!("{client}{options}")).is_ok(), "{options}");
    }
}

#[test]
fn a_grant_needs_what_it_exchanges_and_nothing_else() {
    let secret = "client_secret = 's'\n";
    for (options, expected) in [
        ("grant_type = 'refresh_token'", "`refresh_token` is not set"),
        ("grant_type = 'password'", "`username` is not set"),
        ("grant_type = 'password'\nusername = ''\npassword = 'p'", "`username` is not set"),
        ("grant_type = 'password'\nusername = 'u'", "`password` is not set"),
        ("client_secret = 's'\nusername = 'u'", "grant_type = \"password\""),
        ("refresh_token = 'r'\npassword = 'p'", "`password` is set"),
        ("refresh_token = 'r'\ngrant_type = 'client_credentials'", "`refresh_token` is set"),
        ("grant_type = 'implicit'", "one of client_credentials, refresh_token, password"),
        ("refresh_token = 'r'\nredirect_port = 8888", "`redirect_port` is set"),
        ("refresh_token = 'r'\nlogin_hint = 'a'", "grant_type = \"authorization_code\""),
        ("refresh_token = 'r'\nlogin_timeout = '1m'", "`login_timeout` is set"),
        ("username = 'u'", "grant_type = \"password\""),
    ] {
        let options = if expected == "`refresh_token` is set" {
            format!("{secret}{options}")
        } else {
            options.to_owned()
        };
        let problem = problem(&with_server(&options));
        assert!(problem.contains(expected), "{options}\n{problem}");
    }
    for options in [
        "client_secret = 's'",
        KEY,
        "refresh_token = 'r'",
        "refresh_token = 'r'\nclient_secret = 's'",
        "grant_type = 'password'\nusername = 'u'\npassword = 'p'",
        "grant_type = 'password'\nusername = 'u'\npassword = 'p'\nclient_secret = 's'",
        "",
        "grant_type = 'authorization_code'\nclient_secret = 's'",
        "grant_type = 'device_code'\nredirect_port = 8888",
    ] {
        assert!(loaded(&with_server(options)).is_ok(), "{options}");
    }
}

#[test]
fn a_login_needs_time_and_a_place_to_come_back_to() {
    for (options, expected) in [
        ("login_timeout = 0", "`login_timeout` is 0"),
        ("browser = []", "`browser` is empty"),
        ("redirect_path = 'callback'", "`redirect_path` is not a path"),
        ("redirect_path = '/a?b'", "`redirect_path` is not a path"),
        ("redirect_uri = 'https://a.test/b#c'", "`redirect_uri` has a fragment"),
        ("redirect_uri = '/callback'", "found a text without a scheme"),
        ("registration_page_url = 'http://i.test'", "without encryption"),
        ("redirect_uri = 'http://127.0.0.1/a'\nredirect_port = 8888", "remove `redirect_port`"),
        ("redirect_uri = 'http://127.0.0.1/a'\nredirect_path = '/a'", "remove `redirect_port`"),
    ] {
        let problem = problem(&with_server(options));
        assert!(problem.contains(expected), "{options}\n{problem}");
    }
    assert!(loaded(&with_server("redirect_uri = 'com.example.app:/callback'")).is_ok());

    let endpoint = "token_endpoint_url = 'https://i.test/t'\nclient_id = 'c'\nstore = 'memory'\n";
    let problem = problem(endpoint);
    assert!(problem.contains("no user can log in"), "{problem}");
    for more in ["authorization", "device_authorization"] {
        let more = format!("{more}_endpoint_url = 'https://i.test/a'");
        assert!(loaded(&format!("{endpoint}{more}")).is_ok(), "{more}");
    }
}

#[test]
fn a_method_needs_what_it_authenticates_with_and_nothing_else() {
    let method = |name: &str| format!("token_endpoint_auth_method = '{name}'");
    for (name, options, expected) in [
        ("client_secret_basic", String::new(), "`client_secret` is not set"),
        ("client_secret_post", String::new(), "`client_secret` is not set"),
        ("client_secret_jwt", String::new(), "`client_secret` is not set"),
        ("private_key_jwt", String::new(), "`private_key` is not set"),
        ("none", "client_secret = 's'".to_owned(), "`client_secret` is set"),
        ("none", KEY.to_owned(), "`private_key` is set"),
        ("client_secret_post", format!("client_secret = 's'\n{KEY}"), "`private_key` is set"),
        ("client_secret_post", "client_secret = 's'\nkey_id = 'k'".to_owned(), "`key_id` is set"),
        (
            "client_secret_basic",
            "client_secret = 's'\nassertion_audience = 'a'".to_owned(),
            "`assertion_audience` is set",
        ),
        (
            "client_secret_jwt",
            "client_secret = 's'\nalgorithm = 'RS256'".to_owned(),
            "`algorithm` RS256 needs a private key",
        ),
        (
            "private_key_jwt",
            format!("{KEY}\nalgorithm = 'RS256'"),
            "`algorithm` RS256 does not fit this `private_key` (invalid-value); set it to `EdDSA`",
        ),
        ("private_key_jwt", "private_key = 's3cr3t'".to_owned(), "`private_key` holds no"),
        (
            "client_secret_post",
            "client_secret = 's'\njwt_header = { x5t = 'a' }".to_owned(),
            "`jwt_header` is set",
        ),
        (
            "client_secret_jwt",
            "client_secret = 's'\njwt_header = { kid = 's3cr3t' }".to_owned(),
            "credentials.oauth.jwt_header.kid: `jwt_header` must not",
        ),
        (
            "private_key_jwt",
            format!("{KEY}\njwt_header = {{ alg = 'none' }}"),
            "credentials.oauth.jwt_header.alg: `jwt_header` must not",
        ),
        ("tls", String::new(), "one of client_secret_basic"),
    ] {
        let options = format!("{}\n{options}\nrefresh_token = 'r'", method(name));
        let problem = problem(&with_server(&options));
        assert!(problem.contains(expected), "{options}\n{problem}");
        assert!(!problem.contains("s3cr3t"), "{problem}");
    }
    let both = problem(&with_server(&format!("client_secret = 's'\n{KEY}")));
    assert!(both.contains("both `client_secret` and `private_key`"), "{both}");
}

#[test]
fn a_colon_of_the_client_is_encoded_or_refused() {
    let client = "token_endpoint_url = 'https://i.test/t'\nclient_id = 'a:b'\nclient_secret = 's'\nstore = 'memory'\n";
    for options in ["", "token_endpoint_auth_method = 'client_secret_post'"] {
        let loaded = loaded(&format!("{client}{options}"));
        assert!(loaded.is_ok(), "{options}\n{loaded:?}");
    }
    let problem = problem(&format!("{client}basic_encoding = 'raw'"));
    assert!(problem.contains("`client_id` has a colon"), "{problem}");
}

#[test]
fn credentials_that_a_user_types_in_need_not_be_configured() {
    let server = "keycloak_url = 'https://k.test'\nrealm = 'r'\nstore = 'memory'\n\
                  grant_type = 'client_credentials'";
    for options in [
        "",
        "client_id = 'c'",
        "client_id = ''",
        "client_secret = 's'",
        "registration_page_url = 'https://k.test/register'",
        "registration_page_url = 'http://127.0.0.1/register'",
        "token_endpoint_auth_method = 'none'\nclient_id = 'c'",
        "token_endpoint_auth_method = 'client_secret_basic'",
        "token_endpoint_auth_method = 'client_secret_post'",
        "token_endpoint_auth_method = 'client_secret_jwt'\nalgorithm = 'HS512'",
    ] {
        let loaded = loaded(&format!("{server}\n{options}"));
        assert!(loaded.is_ok(), "{options}\n{loaded:?}");
    }
    for (options, expected) in [
        ("token_endpoint_auth_method = 'none'", "`client_id` is not set"),
        ("token_endpoint_auth_method = 'private_key_jwt'\nclient_id = 'c'", "`private_key` is not"),
        (KEY, "`client_id` is not set"),
        ("key_id = 'k'", "`key_id` is set"),
        ("algorithm = 'HS256'", "`algorithm` is set"),
        (
            "token_endpoint_auth_method = 'client_secret_jwt'\nalgorithm = 'ES256'",
            "`algorithm` ES256 needs a private key",
        ),
        ("registration_page_url = 'http://k.test/register'", "without encryption"),
        ("login_timeout = 0", "`login_timeout` is 0"),
        ("client_id = 'c'\nclient_secret = 's'\nlogin_timeout = '1m'", "`login_timeout` is set"),
    ] {
        let problem = problem(&format!("{server}\n{options}"));
        assert!(problem.contains(expected), "{options}\n{problem}");
    }
    assert!(loaded(&format!("{server}\nlogin_timeout = '1m'")).is_ok());
    // A shared file can name the page although some users have a client already, or log in another way.
    let page = "registration_page_url = 'https://k.test'";
    assert!(loaded(&format!("{server}\nclient_id = 'c'\nclient_secret = 's'\n{page}")).is_ok());
    assert!(loaded(&with_server(page)).is_ok());
    // Without the name of the grant it is not known that the client needs a secret.
    let unnamed = problem("issuer_url = 'https://i.test'\nstore = 'memory'");
    assert!(unnamed.contains("`client_id` is not set"), "{unnamed}");
}

#[test]
fn parameters_can_not_replace_what_the_provider_sends() {
    for name in super::request::OWN_PARAMETERS {
        let options = with_server(&format!("client_secret = 's'\nparameters = {{ {name} = 'x' }}"));
        let problem = problem(&options);
        assert!(problem.contains(&format!("must not contain `{name}`")), "{problem}");
    }
    for client in ["", "client_id = ''"] {
        let problem =
            problem(&format!("{client}\nclient_secret = 's'\nissuer_url = 'https://i.test'"));
        assert!(problem.contains("`client_id` is not set"), "{problem}");
    }
}

#[test]
fn it_knows_its_principal() {
    let identity = |options: &str| loaded(&with_server(options)).unwrap().principal();
    assert_eq!(identity("client_secret = 's'").as_deref(), Some("c"));
    assert_eq!(identity("refresh_token = 'r'"), None);
    let password = "grant_type = 'password'\nusername = 'alice'\npassword = 'p'";
    assert_eq!(identity(password).as_deref(), Some("alice"));
}

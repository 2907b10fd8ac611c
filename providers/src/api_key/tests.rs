//! The visible behaviour of `api_key`: what is sent with requests, and the errors of wrong options.

use std::{collections::BTreeMap, sync::OnceLock};

use authn::{Context, Environment, ErrorKind, Loader, Placement, SecretString, TokenProvider as _};
use http::HeaderName;

use super::{ApiKey, KeySet};
use crate::testing::{SecretFile, authorized, load, request, wait};

const URL: &str = "https://api.example.com/v1?page=2";

#[test]
fn one_key_goes_into_its_header() {
    for (text, header) in [
        ("api_key = \"s3cr3t\"", "x-api-key"),
        ("api_key = { key = \"s3cr3t\" }", "x-api-key"),
        ("api_key = { key = \"s3cr3t\", header = \"X-Auth\" }", "x-auth"),
    ] {
        let credentials = load(text).unwrap();
        let parts = authorized(&credentials, URL);
        assert_eq!(parts.headers[header], "s3cr3t");
        assert!(parts.headers[header].is_sensitive());
        assert_eq!((parts.headers.len(), parts.uri.to_string()), (1, URL.to_owned()));
        assert_eq!(wait(credentials.token()).unwrap_err().kind(), ErrorKind::NoToken);
    }
}

#[test]
fn one_key_goes_into_its_query_parameter() {
    let credentials = load("api_key = { key = \"a&b=c +\", query_parameter = \"k\" }").unwrap();
    let parts = authorized(&credentials, URL);
    assert_eq!(parts.uri.query(), Some("page=2&k=a%26b%3Dc+%2B"));
    assert!(parts.headers.is_empty());
}

#[test]
fn several_headers_and_parameters() {
    let credentials = load(
        r#"
        [credentials.api_key]
        headers = { X-Id = "one", Authorization = "ApiKey two" }
        query = { k = "three" }
        plain_headers = { X-User = "alice smith" }
        username = "alice"
        "#,
    )
    .unwrap();
    let parts = authorized(&credentials, URL);
    assert_eq!(parts.headers["x-id"], "one");
    assert_eq!(parts.headers["authorization"], "ApiKey two");
    assert_eq!(parts.headers["x-user"], "alice smith");
    assert_eq!(parts.uri.query(), Some("page=2&k=three"));
    assert_eq!(credentials.principal().as_deref(), Some("alice"));
    assert_eq!(
        format!("{credentials:?}"),
        "ApiKey { key: (not set), header: \"x-api-key\", query_parameter: (not set), \
         headers: (set), query: (set), plain_headers: { X-User = \"alice smith\" }, \
         for: [], username: \"alice\" }"
    );
}

#[test]
fn headers_and_parameters_of_the_caller_are_kept() {
    let credentials =
        load("api_key = { headers = { X-Id = \"one\" }, query = { page = \"3\" } }").unwrap();
    let mut parts = request(URL);
    parts.headers.insert("x-id", "mine".parse().unwrap());
    wait(credentials.authorize(&mut parts)).unwrap();
    assert_eq!(parts.headers["x-id"], "mine");
    assert_eq!(parts.uri.query(), Some("page=2"));
}

const SETS: &str = r#"
    origins = ["https://*.example.com:8443", "https://api.example.com.evil.test"]
    [[credentials.api_key.for]]
    origin = "https://api.example.com"
    headers = { X-Id = "for-api" }
    [[credentials.api_key.for]]
    origin = "https://eu.example.com:8443"
    headers = { X-Id = "for-eu" }
    query = { k = "eu" }
    [credentials.api_key]
"#;

#[test]
fn sets_are_chosen_by_exact_origin() {
    let credentials = load(SETS).unwrap();
    let parts = authorized(&credentials, "https://API.example.com:443/x");
    assert_eq!((&parts.headers["x-id"], parts.uri.query()), (&"for-api".parse().unwrap(), None));
    let parts = authorized(&credentials, "https://eu.example.com:8443/");
    assert_eq!(
        (&parts.headers["x-id"], parts.uri.query()),
        (&"for-eu".parse().unwrap(), Some("k=eu"))
    );
}

#[test]
fn an_origin_without_a_key_is_an_error() {
    let credentials = load(SETS).unwrap();
    for url in ["https://api.example.com.evil.test/", "https://us.example.com:8443/?u=s3cr3t"] {
        let mut parts = request(url);
        let error = wait(credentials.authorize(&mut parts)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Origin);
        assert!(error.to_string().contains("add a key set for this origin"), "{error}");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
        assert!(parts.headers.is_empty());
    }
    let mut parts = request("https://elsewhere.test/");
    assert_eq!(wait(credentials.authorize(&mut parts)).unwrap_err().kind(), ErrorKind::Origin);
    assert!(parts.headers.is_empty());
}

#[test]
fn sets_win_over_the_common_keys() {
    let text = format!("{SETS}\nheaders = {{ x-id = \"common\", x-more = \"common\" }}");
    let credentials = load(&text).unwrap();
    let parts = authorized(&credentials, "https://eu.example.com:8443/");
    assert_eq!(parts.headers["x-id"], "for-eu");
    assert_eq!(parts.headers["x-more"], "common");
    assert_eq!(parts.headers.get_all("x-id").iter().count(), 1);
    let parts = authorized(&credentials, "https://us.example.com:8443/");
    assert_eq!(parts.headers["x-id"], "common");
}

#[test]
fn maps_come_from_variables_as_toml() {
    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__DOMAIN", "api.example.com")
        .variable("AUTHN_CREDENTIALS__API_KEY__HEADERS", "{ x-id = \"one\" }")
        .variable(
            "AUTHN_CREDENTIALS__API_KEY__FOR",
            "[{ origin = \"https://api.example.com\", query = { k = \"two\" } }]",
        );
    let credentials = Loader::new().environment(environment).load().unwrap();
    let parts = authorized(&credentials, URL);
    assert_eq!(parts.headers["x-id"], "one");
    assert_eq!(parts.uri.query(), Some("page=2&k=two"));
}

#[test]
fn rotated_files_are_read_everywhere() {
    let file = SecretFile::new("first");
    let text = format!(
        "[credentials.api_key]\nheaders = {{ x-id.file = {0:?} }}\n[[credentials.api_key.for]]\n\
         origin = \"https://api.example.com\"\nquery = {{ k.file = {0:?} }}",
        file.path()
    );
    let credentials = load(&text).unwrap();
    for value in ["first", "second"] {
        file.write(value);
        let parts = authorized(&credentials, "https://api.example.com/");
        assert_eq!(parts.headers["x-id"], value);
        assert_eq!(parts.uri.query(), Some(format!("k={value}").as_str()));
    }
    file.write("s3cr3t\nx: y");
    let mut parts = request("https://api.example.com/");
    let error = wait(credentials.authorize(&mut parts)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`x-id`"), "{error}");
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    assert!(parts.headers.is_empty());
}

#[test]
fn a_sets_key_wins_over_the_common_one_also_where_it_replaces_the_callers() {
    for replaces in [false, true] {
        let text = format!(
            "[credentials.api_key]\noverride = {replaces}\nkey = 'common'\nquery = {{ k = 'common' }}\n\
             plain_headers = {{ x-plain = 'plain' }}\n\
             for = [{{ origin = 'https://api.example.com', \
             headers = {{ x-api-key = 'special', x-plain = 'special' }}, query = {{ k = 'special' }} }}]"
        );
        let credentials = load(&text).unwrap();
        let parts = authorized(&credentials, "https://api.example.com/?k=mine");
        assert_eq!(parts.headers["x-api-key"], "special", "{replaces}");
        assert_eq!(parts.headers["x-plain"], "special", "{replaces}");
        let query = if replaces { "k=special" } else { "k=mine" };
        assert_eq!(parts.uri.query(), Some(query));
    }
}

#[test]
fn wrong_options_are_found_at_load_and_no_value_is_shown() {
    for (options, said) in [
        ("", "no key is set (invalid); set `key`, `headers`, `query` or `for`"),
        ("key = \"\"", "the secret is empty"),
        ("plain_headers = { x-user = \"alice\" }", "no key is set"),
        ("for = []", "no key is set"),
        ("key = \"s3cr3t\\r\\n\"", "option `header`: the value of `x-api-key` is not a valid"),
        ("key = \"s3cr3t\\u0000\", query_parameter = \"k\"", "the value of `k` has control"),
        ("key = \"s3cr3t\", query_parameter = \"\"", "a parameter has no name"),
        ("key = \"s3cr3t\", header = \"x y\"", "option `header`: `x y` is not a valid header name"),
        ("key = \"s3cr3t\", header = \"x\", query_parameter = \"k\"", "are both set"),
        ("headers = { \"x:\" = \"s3cr3t\" }", "option `headers`: `x:` is not a valid header name"),
        ("headers = { x = \"s3cr3t\\n\" }", "option `headers`: the value of `x` is not a valid"),
        ("headers = { x = \"s3cr3t\", X = \"s3cr3t\" }", "the header `x` is set twice"),
        ("key = \"s3cr3t\", headers = { X-Api-Key = \"s3cr3t\" }", "`x-api-key` is set twice"),
        ("key = \"s3cr3t\", plain_headers = { X-Api-Key = \"a\" }", "`x-api-key` is set twice"),
        (
            "key = \"s3cr3t\", query = { k = \"s3cr3t\" }, query_parameter = \"k\"",
            "`k` is set twice",
        ),
        (
            "plain_headers = { x = \"ä\" }, key = \"s3cr3t\"",
            "option `plain_headers`: the value of `x`",
        ),
        ("for = [{ headers = { x = \"s3cr3t\" } }]", "credentials.api_key.for.0.origin"),
        ("for = [{ origin = \"s3cr3t\", headers = { x = \"s3cr3t\" } }]", "for.0.origin"),
        (
            "for = [{ origin = \"https://a.test/p\", headers = { x = \"s3cr3t\" } }]",
            "without a path",
        ),
        ("for = [{ origin = \"https://a.test\" }]", "the key set has no key"),
        (
            "for = [{ origin = \"https://a.test\", heders = { x = \"s3cr3t\" } }]",
            "did you mean `headers`?",
        ),
        (
            "for = [{ origin = \"https://a.test\", headers = { x = \"s3cr3t\\n\" } }]",
            "`for.0.headers`",
        ),
        ("for = \"s3cr3t\"", "expected a list, found a text"),
        ("headers = \"s3cr3t\"", "expected a table, found a text"),
        ("key = { value = \"s3cr3t\" }, header = 1", "this is not a reference"),
        ("key = { file = [\"s3cr3t\"] }, unknown = 1", "this is not a reference"),
        ("headers = { x = 1 }, unknown = \"s3cr3t\", query = { k = \"s3cr3t\" }", "a reference"),
    ] {
        let error = load(&format!("api_key = {{ {options} }}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(said), "{options}: {error}");
        let reports: Vec<String> =
            error.problems().iter().map(|problem| problem.render(false)).collect();
        for told in [error.to_string(), format!("{error:?}"), reports.concat()] {
            assert!(!told.contains("s3cr3t"), "{options}: {told}");
        }
    }
}

#[test]
fn a_problem_in_one_table_shows_no_value_of_its_neighbours() {
    let text = r#"
        [[credentials.api_key.for]]
        origin = "https://a.test"
        headers = { x = 1, y = "s3cr3t", z = { env = "NAME" } }
    "#;
    let error = load(text).unwrap_err();
    let report = error.problems()[0].render(false);
    assert!(report.contains(r#"headers = { x = ***, y = ***, z = { env = "NAME" } }"#), "{report}");
}

#[test]
fn every_key_of_a_set_is_shown_as_set_and_no_more() {
    let text = r#"
        [credentials.api_key]
        for = [{ origin = "https://a.test", headers = { x = "s3cr3t" } }]
        query = { k = "s3cr3t" }
    "#;
    let environment = Environment::empty();
    let config = Loader::new().environment(environment).defaults(text).read();
    let settings = config.settings();
    let shown: Vec<&str> = settings.iter().map(|setting| setting.key.as_str()).collect();
    assert!(shown.contains(&"credentials.api_key.for.0.headers.x"), "{shown:?}");
    assert!(shown.contains(&"credentials.api_key.query.k"), "{shown:?}");
    assert!(!format!("{settings:?}").contains("s3cr3t"));
}

/// A redirect to another origin removes what is there. The values are not needed, so a secret may be missing.
#[test]
fn every_place_of_a_key_is_named_by_the_configuration() {
    let missing = || SecretString::from("");
    let keys = |name: &str| Some(BTreeMap::from([(name.to_owned(), missing())]));
    let set = KeySet::sample(keys("x-set"), keys("set"));
    let provider = ApiKey {
        _key: Some(missing()),
        header: "X-Own".to_owned(),
        query_parameter: Some("own".to_owned()),
        _headers: keys("x-further"),
        _query: keys("further"),
        plain_headers: Some(BTreeMap::from([("x-plain".to_owned(), "value".to_owned())])),
        r#for: vec![set],
        username: None,
        __prepared: OnceLock::new(),
    };
    let placements = provider.placements(&Context::new());
    for name in ["x-own", "x-further", "x-plain", "x-set"] {
        let placement = Placement::header(HeaderName::from_static(name), "");
        assert!(placements.contains(&placement), "{name}: {placements:?}");
    }
    for name in ["own", "further", "set"] {
        assert!(placements.contains(&Placement::query(name)), "{name}: {placements:?}");
    }
}

#[test]
fn keys_need_no_token_to_be_authenticated() {
    let status = wait(load("api_key = \"s3cr3t\"").unwrap().status()).unwrap();
    assert!(status.is_authenticated() && !status.has_token, "{status:?}");
}

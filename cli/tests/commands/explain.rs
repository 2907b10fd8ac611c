//! `explain`: what would be added to a request, without values, and with nothing sent, run or read.

use serde_json::{Value, json};

use crate::sandbox::{Outcome, Sandbox};

const CHAIN: &str = "
default_profile = 'prod'
[credentials]
domain = 'a.test'
[[credentials.chain.providers]]
bearer = { env = 'API_TOKEN' }
[[credentials.chain.providers]]
[credentials.chain.providers.api_key]
headers = { x-one = { file = '/nowhere/s3cr3t' } }
[[credentials.chain.providers]]
[credentials.chain.providers.oauth]
issuer_url = 'https://idp.test'
client_id = 'cli'
grant_type = 'authorization_code'
[[credentials.chain.providers]]
[credentials.chain.providers.basic]
username = 'u'
password = 's3cr3t'
[[credentials.chain.providers]]
bearer = 's3cr3t'
[profile.prod.credentials]
[profile.other.credentials]
domain = 'other.test'
[profile.twin.credentials]
";

fn explain(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run_without_folder(&[&["explain"], arguments].concat())
}

fn document(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let text = explain(sandbox, &[arguments, &["--json"]].concat()).done();
    assert!(!text.contains("s3cr3t") || text.contains("/nowhere/s3cr3t"), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Returns a member of each provider of a chain.
fn each(document: &Value, member: &str) -> Vec<Value> {
    let providers = document["providers"].as_array().unwrap();
    providers.iter().map(|provider| provider[member].clone()).collect()
}

#[test]
fn each_provider_of_a_chain_is_shown_in_its_order() {
    let sandbox = Sandbox::with(CHAIN);
    let document = document(&sandbox, &["https://u:p@a.test/things?key=s3cr3t"]);
    assert_eq!(document["url"], "https://a.test/things", "without what may be secret");
    assert_eq!((&document["method"], &document["credentials"]), (&json!("GET"), &json!("yes")));
    assert_eq!(document["profile"], "prod");
    assert_eq!(document["profile_origin"]["line"], 2);
    assert_eq!(document["other_profiles"], json!(["twin"]));
    assert_eq!(document["provider"], "chain");
    assert_eq!(each(&document, "applies"), ["no", "no", "depends", "yes", "not_asked"]);
    let reasons = each(&document, "reason");
    assert_eq!(reasons[0], "the environment variable API_TOKEN is not set");
    assert_eq!(reasons[1], "the secret file /nowhere/s3cr3t does not exist");
    assert!(reasons[2].as_str().unwrap().contains("if a user is logged in"));
    let header = |name: &str| json!([{ "part": "header", "name": name }]);
    let [one, other] = [header("authorization"), header("x-one")];
    assert_eq!(each(&document, "sets"), [one.clone(), other, one.clone(), one.clone(), one]);
    let value = &document["providers"][0]["values"][0];
    assert_eq!(value["key"], "credentials.chain.providers.0.bearer.token");
    assert_eq!(
        (&value["origin"]["line"], &value["reference"]),
        (&json!(6), &json!("env API_TOKEN"))
    );
    assert_eq!(value.get("value"), None);
    let touches = document["touches"].as_array().unwrap();
    let named = |kind: &str, name: &str| {
        touches.iter().any(|touched| {
            touched["kind"] == kind && touched["name"].as_str().unwrap().ends_with(name)
        })
    };
    assert!(named("variable", "API_TOKEN") && named("file", "/nowhere/s3cr3t"), "{touches:?}");
    assert!(named("server", "https://idp.test") && named("store", "authn/tokens"), "{touches:?}");

    // The first one serves, so nothing of the others is touched.
    let sandbox = Sandbox::with(CHAIN).env("API_TOKEN", "s3cr3t");
    let document = self::document(&sandbox, &["https://a.test/"]);
    assert_eq!(each(&document, "applies")[..2], [json!("yes"), json!("not_asked")]);
    assert_eq!(document["touches"], json!([{ "kind": "variable", "name": "API_TOKEN" }]));
}

#[test]
fn names_are_those_that_the_provider_sets() {
    let key = "'''\n-----BEGIN PRIVATE KEY-----\nunread\n-----END PRIVATE KEY-----\n'''";
    for (provider, method, expected) in [
        ("bearer = { token = 's3cr3t', placement = 'query' }", "GET", vec!["query access_token"]),
        ("bearer = { token = 's3cr3t', placement = 'body' }", "POST", vec!["body access_token"]),
        ("bearer = { token = { file = '/s' }, header = 'x-t' }", "GET", vec!["header x-t"]),
        ("jwt = 's3cr3t'", "GET", vec!["header authorization"]),
        (
            "api_key = { key = 's3cr3t', query_parameter = 'k', plain_headers = { x-p = 'p' } }",
            "GET",
            vec!["header x-p", "query k"],
        ),
        (
            "api_key = { for = [{ origin = 'https://a.test', headers = { x-a = 's3cr3t' } }, \
             { origin = 'https://b.test', headers = { x-b = 's3cr3t' } }] }",
            "GET",
            vec!["header x-a"],
        ),
        ("app_service = ''", "GET", vec!["header authorization"]),
        (
            "oauth1 = { client_id = 'c', client_secret = 's3cr3t' }",
            "GET",
            vec!["header authorization"],
        ),
        (
            "oauth = { token_endpoint_url = 'https://i.test', client_id = 'c', dpop = 'true', \
             client_secret = 's3cr3t' }",
            "GET",
            vec!["header authorization", "header dpop"],
        ),
        ("cached = { bearer = { token = 's3cr3t', header = 'x-t' } }", "GET", vec!["header x-t"]),
        (
            &format!(
                "jwt_bearer = {{ token_endpoint_url = 'https://i.test', issuer = 'me', \
                 private_key = {{ file = '/key' }}, audience = {key} }}"
            ),
            "GET",
            vec!["header authorization"],
        ),
    ] {
        let sandbox = Sandbox::with(format!("[credentials]\ndomain = 'a.test'\n{provider}\n"));
        let document = document(&sandbox, &["https://a.test/?page=1", "--method", method]);
        let sets = document["providers"][0]["sets"].as_array().unwrap().iter();
        let word = |name: &Value, member: &str| name[member].as_str().unwrap().to_owned();
        let sets: Vec<_> =
            sets.map(|name| format!("{} {}", word(name, "part"), word(name, "name"))).collect();
        assert_eq!(sets, expected, "{provider}");
    }
}

#[test]
fn what_is_not_sent_says_why() {
    for (configuration, url, sent, said) in [
        ("domain = 'a.test'\nbearer = 's3cr3t'", "https://b.test/", "no", "not for this origin"),
        ("domain = 'a.test'\nbearer = 's3cr3t'", "http://a.test/", "no", "not for this origin"),
        ("bearer = 's3cr3t'", "https://a.test/", "no", "bound to no origin"),
        (
            "domain = 'a.test'\nbearer = { env = 'NONE' }",
            "https://a.test/",
            "no",
            "NONE is not set",
        ),
        ("domain = 'a.test'\napp_service = ''", "https://a.test/", "depends", "is served"),
        ("origins = ['*']\nbearer = 's3cr3t'", "https://b.test/", "yes", ""),
        (
            "domain = 'a.test'\nchain = { providers = [{ bearer = { env = 'NONE' } }] }",
            "https://a.test/",
            "no",
            "no provider of the chain applies",
        ),
    ] {
        let sandbox = Sandbox::with(format!("[credentials]\n{configuration}\n"));
        let document = document(&sandbox, &[url]);
        assert_eq!(document["credentials"], sent, "{configuration}");
        assert!(document["reason"].as_str().unwrap_or("").contains(said), "{document}");
        // For CI: whatever could be sent fails.
        let outcome = explain(&sandbox, &[url, "--assert-no-credentials"]);
        assert_eq!(outcome.code, i32::from(sent != "no"), "{configuration}: {outcome:?}");
        assert_eq!(outcome.stderr.contains("be sent\n"), sent != "no", "{outcome:?}");
    }
    let outcome = explain(&Sandbox::new(), &["https://a.test/", "--assert-no-credentials"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert_eq!(explain(&Sandbox::new(), &["https://a.test/"]).code, 3);
    let wrong = Sandbox::with("[credentials]\ndomain = 5\nbearer = 's3cr3t'");
    assert_eq!(explain(&wrong, &["https://a.test/", "--assert-no-credentials"]).code, 3);
    for bad in [&["no-url"][..], &["https://a.test/", "--redirect-to", "x"]] {
        let outcome = explain(&Sandbox::with(CHAIN), bad);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains("found a text without a scheme"), "{outcome:?}");
    }
}

#[test]
fn a_redirect_drops_what_the_client_would_drop() {
    let sandbox = Sandbox::with(
        "[credentials]\norigins = ['https://a.test', 'https://b.test']\n\
         [credentials.api_key]\nheaders = { x-one = 's3cr3t' }\nquery = { k = 's3cr3t' }\n",
    );
    for (target, followed, names, again) in [
        ("https://a.test/other", true, vec![], true),
        (
            "https://b.test/",
            true,
            vec!["authorization", "cookie", "proxy-authorization", "x-one", "k"],
            true,
        ),
        (
            "https://c.test/",
            true,
            vec!["authorization", "cookie", "proxy-authorization", "x-one", "k"],
            false,
        ),
        ("http://a.test/", false, vec![], false),
    ] {
        let document = document(&sandbox, &["https://a.test/", "--redirect-to", target]);
        let redirect = &document["redirect"];
        assert_eq!(redirect["refusal"].is_null(), followed, "{target}: {redirect}");
        let dropped = redirect["dropped"].as_array().unwrap().iter();
        let dropped: Vec<_> = dropped.map(|name| name["name"].as_str().unwrap()).collect();
        assert_eq!(dropped, names, "{target}");
        assert_eq!(redirect["credentials"], again, "{target}");
    }
}

#[test]
fn the_rows_are_tab_separated() {
    let sandbox = Sandbox::with("[credentials]\ndomain = 'a.test'\nbearer = 's3cr3t'\n");
    let arguments = ["https://a.test/", "--redirect-to", "https://b.test/"];
    assert_eq!(
        explain(&sandbox, &arguments).done(),
        "request\tGET https://a.test/\t-\n\
         credentials\tsent\t-\n\
         profile\tnone\t-\n\
         origin\thttps://a.test\t-\n\
         provider\tbearer\t/home/.config/authn/config.toml:3:10\n\
         value\tcredentials.domain\t\"a.test\" from /home/.config/authn/config.toml:2:10\n\
         provider\tcredentials.bearer\tapplies\n\
         sets\theader authorization\t-\n\
         value\tcredentials.bearer.token\t(set) from /home/.config/authn/config.toml:3:10\n\
         redirect\thttps://b.test/\tfollowed without credentials\n\
         redirect\theader authorization\tdropped\n\
         redirect\theader cookie\tdropped\n\
         redirect\theader proxy-authorization\tdropped\n"
    );
}

#[test]
fn a_command_may_have_no_token() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = 'api.example.com'\n\
         [[credentials.chain.providers]]\nexec.command = ['gh', 'auth', 'token']\n\
         [[credentials.chain.providers]]\nbearer.token = 's3cr3t'\n",
    );
    let document = document(&sandbox, &["https://api.example.com/"]);
    assert_eq!(each(&document, "applies"), ["depends", "yes"]);
    assert!(document["touches"].to_string().contains("gh"), "{document}");
}

#[test]
fn the_profile_is_that_for_the_url() {
    let sandbox = Sandbox::with(
        "[profile.one.credentials]\ndomain = 'one.test'\nbearer.token = 's3cr3t'\n\
         [profile.two.credentials]\ndomain = 'two.test'\nbearer.token = 's3cr3t'\n",
    );
    let document = document(&sandbox, &["https://two.test/"]);
    assert_eq!((&document["profile"], &document["credentials"]), (&json!("two"), &json!("yes")));
    for (arguments, code) in [
        (&["https://two.test/"][..], 1),
        (&["https://three.test/"], 0),
        (&["https://three.test/", "--redirect-to", "https://x.test/"], 0),
    ] {
        let all = [&["--assert-no-credentials"], arguments].concat();
        assert_eq!(explain(&sandbox, &all).code, code, "{arguments:?}");
    }
    // A redirect to the credentials' own host gets them.
    let sandbox = Sandbox::with("[credentials]\ndomain = 'one.test'\nbearer.token = 's3cr3t'\n");
    let redirect =
        ["https://two.test/", "--redirect-to", "https://one.test/", "--assert-no-credentials"];
    assert_eq!(explain(&sandbox, &redirect).code, 1);
}

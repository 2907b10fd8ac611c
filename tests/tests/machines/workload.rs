//! `workload_identity` from the platform to the API: a job's token is exchanged at a real authorization server, and
//! `doctor` says why one is refused.

use authn::{Environment, Loader, reqwest::Client};
use authn_tests::{
    command::{Outcome, Sandbox, binary},
    rig::Rig,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::service;

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json";

/// Starts the service of a job of GitHub that has this token, and returns the job's variables.
fn job(token: &str) -> [(&'static str, String); 2] {
    let host = service::start(FINE, format!("{{\"value\":\"{token}\"}}"));
    [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{host}/token?api-version=2.0")),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner".to_owned()),
    ]
}

fn unsigned(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", part("{\"alg\":\"RS256\"}"), part(claims))
}

#[tokio::test]
async fn the_token_of_a_job_becomes_that_of_an_api() {
    let rig = Rig::start();
    let signed = format!(
        "[credentials.jwt_bearer]\nself_signed = true\nissuer = 'robot'\naudience = '{}'\nlifetime = '1m'\n\
         key_id = 'rsa-1'\nprivate_key = {{ file = '{}' }}",
        rig.issuer(),
        rig.key("rsa.pem").display()
    );
    let signed = Loader::new().environment(Environment::empty()).defaults(&signed).load().unwrap();
    let variables = job(signed.token().await.unwrap().secret());
    let environment = variables
        .into_iter()
        .fold(Environment::empty(), |all, (name, value)| all.variable(name, value));
    let text = format!(
        "[credentials]\norigins = ['{0}']\n\
         [credentials.workload_identity.exchange.token_exchange]\n\
         token_endpoint_url = '{0}/google/sts'\nrequested_token_type = 'access_token'",
        rig.issuer()
    );
    let credentials = Loader::new().environment(environment).defaults(&text).load().unwrap();
    let client = Client::new(credentials).unwrap();
    let response = client.get(rig.resource_url("/rs/bearer")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    assert_eq!(rig.count(&[("grant", exchange), ("status", "200")]), 1);
}

/// Runs `doctor` in a job with a token, at a server that answers like this.
fn doctor(claims: &str, head: &'static str, body: &str, more: &str) -> (Outcome, String) {
    let token = unsigned(claims);
    let server = service::start(head, body.to_owned());
    let mut sandbox = Sandbox::new();
    let text = format!(
        "[credentials]\ndomain = 'a.test'\n[credentials.workload_identity]\nexchange = 'anthropic'\n\
         federation_rule_id = 'fdrl_1'\norganization_id = 'o'\nservice_account_id = 'svac_1'\n\
         token_endpoint_url = 'http://{server}/v1/oauth/token'\n{more}\n"
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    for (name, value) in job(&token) {
        sandbox.env(name, value);
    }
    let outcome = sandbox.run(binary("authn"), &["doctor"]);
    assert!(!outcome.stdout.contains(&token) && !outcome.stderr.contains(&token), "{outcome:?}");
    let payload = token.split('.').nth(1).unwrap();
    assert!(!outcome.stdout.contains(payload), "{outcome:?}");
    (outcome, server)
}

/// Returns the rows of the check of the identity: state, finding and help.
fn rows(outcome: &Outcome) -> Vec<[&str; 3]> {
    let cells = outcome.stdout.lines().map(|row| row.split('\t').collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells[1] == "identity");
    rows.map(|cells| [cells[0], cells[2], cells[3]]).collect()
}

const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json";
const REFUSAL: &str = "{\"error\":\"invalid_grant\",\"error_description\":\"no such rule\"}";
/// Without `spiffe`, which only some programs are built with.
const HAS: [&str; 3] = [
    "ok",
    "this machine has the identity `github_actions`, the first that applies of github_actions, gitlab, file_token, \
     gcp_metadata, azure_managed_identity",
    "-",
];

#[test]
fn doctor_shows_what_the_identity_says_if_all_is_well() {
    let claims = r#"{"iss":"https://ci.test","sub":"repo:a/b","aud":"https://api.anthropic.com"}"#;
    let body = "{\"access_token\":\"t0k3n\",\"token_type\":\"Bearer\",\"expires_in\":600}";
    let (outcome, server) = doctor(claims, FINE, body, "");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let said = "the claims of its token: `iss` is `https://ci.test`, `sub` is `repo:a/b`, `aud` is `https://api.anthropic.com`";
    let [has, claims] = rows(&outcome)[..] else { panic!("{outcome:?}") };
    assert_eq!(has.map(|cell| cell.replace(" spiffe,", "")), HAS);
    assert_eq!(claims, ["ok", said, "-"]);
    assert!(outcome.stdout.contains(&format!("http://{server} is reachable")), "{outcome:?}");
    assert!(!outcome.stdout.contains("t0k3n"));
}

#[test]
fn doctor_shows_both_audiences_if_the_token_is_for_another() {
    let claims = r#"{"iss":"https://ci.test","sub":"repo:a/b","aud":["https://github.com/a"]}"#;
    let (outcome, server) = doctor(claims, REFUSED, REFUSAL, "");
    assert_eq!(outcome.code, 5, "{outcome:?}");
    let [has, said, difference, refusal] = rows(&outcome)[..] else { panic!("{outcome:?}") };
    assert_eq!(has.map(|cell| cell.replace(" spiffe,", "")), HAS);
    assert!(said[1].ends_with("`aud` is `https://github.com/a`"), "{said:?}");
    assert_eq!(
        difference,
        [
            "problem",
            "the token of the identity has the audience `https://github.com/a`, but the exchange expects `https://api.anthropic.com`",
            "in the settings of the platform, set the audience of the token to `https://api.anthropic.com`"
        ]
    );
    let refused = format!(
        "http://{server} refused the request (invalid_grant, status 400): the server does not accept the identity of this machine. \
         The server says: \"no such rule\""
    );
    let help = "correct the audience first: the server accepts only a token that is for it";
    assert_eq!(refusal, ["problem", &*refused, help]);
    assert!(!outcome.stdout.contains("s3cr3t"), "{outcome:?}");
}

#[test]
fn doctor_shows_an_audience_that_the_options_have_changed() {
    let claims = r#"{"iss":"https://ci.test","sub":"repo:a/b","aud":"https://other.test"}"#;
    let (outcome, _) = doctor(claims, REFUSED, REFUSAL, "identity_audience = 'https://other.test'");
    let [.., refusal] = rows(&outcome)[..] else { panic!("{outcome:?}") };
    assert_eq!(
        refusal[2],
        "`identity_audience` is `https://other.test`, but the server expects `https://api.anthropic.com` by default: \
         remove the option, or add `https://other.test` to the audiences that the server accepts"
    );
}

#[test]
fn doctor_shows_the_subject_that_the_servers_rule_must_name() {
    // Nothing of a claim reaches the terminal as it is.
    let claims =
        r#"{"iss":"https://ci.test","sub":"repo:a/b:\u001b[2J","aud":"https://api.anthropic.com"}"#;
    let (outcome, _) = doctor(claims, REFUSED, REFUSAL, "");
    assert_eq!(outcome.code, 5, "{outcome:?}");
    let [_, _, refusal] = rows(&outcome)[..] else { panic!("{outcome:?}") };
    assert_eq!(refusal[0], "problem");
    let help = "the audience is the expected one: compare the server's rule with the claims of the token: `iss` is `https://ci.test`, \
                `sub` is `repo:a/b:";
    assert!(refusal[2].starts_with(help), "{refusal:?}");
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
}

#[test]
fn doctor_says_why_an_identity_is_not_here_also_if_it_may_send_nothing() {
    let sandbox = Sandbox::new();
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.workload_identity]\nidentity = 'gitlab'\n\
                exchange = 'openrouter'\nfederation_policy_id = 'p'\n";
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    for arguments in [&["doctor"][..], &["doctor", "--offline"]] {
        let outcome = sandbox.run(binary("authn"), arguments);
        let said = "the environment variable ID_TOKEN is not set";
        assert!(outcome.stdout.contains(said), "{outcome:?}");
        assert_eq!((outcome.code, rows(&outcome).len()), (5, 0), "{outcome:?}");
    }
}

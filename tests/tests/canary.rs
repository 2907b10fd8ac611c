//! The canary sweep: a made-up secret in every secret option of every linked provider, searched for in
//! everything that is shown. Options come from the schema, so a new provider is swept without a change.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;

use authn::{
    Entry, Environment, Loader, Registry,
    conformance::{Canary, check_entry, sample},
    options::{Field, Kind, Type},
};
use authn_providers as _;
use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
};
use serde_json::json;

/// A key that stands in a specification (RFC 8410, 10.3).
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

/// A certificate of this key.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/canary.crt");

/// An RSA key, which is used nowhere else.
const RSA_KEY: &str = include_str!("canary-rsa.pem");

/// The file with a token. The tests of the command line put it elsewhere.
const TOKEN_FILE: &str = "/nonexistent/token";

/// A command that prints the secret as its token.
const PRINTS: &str = "echo \"$sample\"";

/// One way of using a provider, so complete that the sweep reaches its exchange.
#[derive(Default)]
struct Way {
    options: String,
    /// Secrets that do not go with the others. What one way leaves out, another has.
    without: Vec<&'static str>,
}

/// Everything that a command can do wrong, with the secret in its environment.
fn of_commands() -> Vec<Way> {
    [
        "echo \"$sample\"; echo \"$sample\" >&2; exit 1",
        "echo \"{$sample\"; echo \"$sample\" >&2'\nformat = 'json",
        "echo \"$sample $sample\"",
        "echo \"$sample\"; kill -9 $$",
        "yes \"$sample\"",
        PRINTS,
    ]
    .map(|script| Way {
        options: format!("command = ['/bin/sh', '-c', '{script}']")
            .replace("'\nformat = 'json']", "']\nformat = 'json'"),
        without: Vec::new(),
    })
    .into()
}

fn of_h2o(endpoint: &str) -> Vec<Way> {
    let issuer = endpoint.trim_end_matches("/token");
    let given = format!("{{ issuer_url = '{issuer}', clients = {{ platform = 'c' }} }}");
    [format!("discovery = {given}"), format!("environment = '{issuer}'")]
        .map(|options| Way { options, without: Vec::new() })
        .into()
}

/// The ways of using a provider. All secrets at once, which may be refused, is always one of them.
fn ways(endpoint: &str, name: &str, secret: &str) -> Vec<Way> {
    let way = |options: &str, without: &[&'static str]| {
        let options = format!("token_endpoint_url = '{endpoint}'\n{options}");
        Way { options, without: without.to_vec() }
    };
    // Keys may be commented, and a comment is no less secret than what it stands beside.
    let key = format!("private_key = \"\"\"\n{secret}\n{KEY}\"\"\"");
    let certificate_key = key.replace("private_key =", "certificate_key =");
    let ways = match name {
        "oauth" => vec![
            way("", &["private_key", "refresh_token", "password", "certificate_key"]),
            way(
                &format!(
                    "grant_type = 'client_credentials'\nclient_registration = 'dynamic'\n\
                     registration_endpoint_url = '{endpoint}'"
                ),
                &["client_secret", "private_key", "refresh_token", "password", "certificate_key"],
            ),
            way(
                "token_endpoint_auth_method = 'client_secret_jwt'",
                &["private_key", "refresh_token", "password", "certificate_key"],
            ),
            way("", &["private_key", "password", "certificate_key"]),
            way(
                "grant_type = 'password'\nusername = 'alice'",
                &["private_key", "refresh_token", "client_secret", "certificate_key"],
            ),
            way(&key, &["client_secret", "refresh_token", "password", "certificate_key"]),
            // It is shown only by TLS.
            Way {
                options: format!(
                    "token_endpoint_url = '{}'\ncertificate = '{CERTIFICATE}'\n{certificate_key}",
                    endpoint.replacen("http:", "https:", 1)
                ),
                without: vec!["client_secret", "private_key", "refresh_token", "password"],
            },
            way(
                &format!(
                    "grant_type = 'device_code'\ndevice_authorization_endpoint_url = '{endpoint}'"
                ),
                &["private_key", "refresh_token", "password", "certificate_key"],
            ),
            way(
                &format!(
                    "grant_type = 'authorization_code'\nauthorization_endpoint_url = '{endpoint}'"
                ),
                &["private_key", "refresh_token", "password", "certificate_key"],
            ),
        ],
        "oauth1" => vec![
            Way { options: String::new(), without: vec!["private_key"] },
            Way {
                options: format!("signature_method = 'RSA-SHA1'\n{}", key.replace(KEY, RSA_KEY)),
                without: vec!["client_secret", "token_secret"],
            },
            Way {
                options: format!(
                    "request_token_url = '{endpoint}'\nauthorization_url = '{endpoint}'\n\
                     access_token_url = '{endpoint}'"
                ),
                without: vec!["private_key", "token", "token_secret"],
            },
        ],
        "exec" => of_commands(),
        "h2o_cloud" => of_h2o(endpoint),
        "jwt_bearer" => vec![way(&format!("issuer = 'me'\n{key}"), &[])],
        // No service is at this address, nor is any asked that is not of this test. What they answer is swept elsewhere.
        "azure_managed_identity" | "gcp_metadata" => {
            return vec![Way { options: "host = '127.0.0.1:9'".to_owned(), without: Vec::new() }];
        }
        "workload_identity" => {
            let of = |identity: &str, exchange: &str| Way {
                options: format!(
                    "identity = '{identity}'\nexchange.{exchange}.token_endpoint_url = '{endpoint}'"
                ),
                without: Vec::new(),
            };
            return vec![of("gitlab", "token_exchange"), of("github_actions", "jwt_bearer")];
        }
        // No agent is at this address.
        "spiffe" => {
            return vec![Way {
                options: "endpoint = 'tcp://127.0.0.1:9'".to_owned(),
                without: Vec::new(),
            }];
        }
        "file_token" => {
            return vec![Way { options: format!("path = '{TOKEN_FILE}'"), without: Vec::new() }];
        }
        _ => Vec::new(),
    };
    // A user may type in the client, so it is not required; here no user does.
    let client = |mut way: Way| {
        if name == "oauth" && !way.options.contains("client_registration") {
            way.options.insert_str(0, "client_id = 'sample'\n");
            if !way.without.is_empty() {
                way.without.push("initial_access_token");
            }
        }
        way
    };
    ways.into_iter().chain([Way::default()]).map(client).collect()
}

/// The lines of a provider's table.
fn table(entry: &Entry, secret: &str, way: &Way) -> String {
    let key = |line: &str| line.split(" =").next().unwrap_or_default().to_owned();
    let given: Vec<String> = way.options.lines().map(key).collect();
    let sample = sample(entry, secret);
    let sample = sample.lines().filter(|line| {
        let key = key(line);
        !given.contains(&key) && !way.without.contains(&key.as_str())
    });
    format!("{}\n{}", way.options, sample.collect::<Vec<_>>().join("\n"))
}

fn documents(rig: &Rig, entry: &Entry, secret: &str) -> Vec<String> {
    let (name, endpoint) = (entry.name(), format!("{}/token", rig.issuer()));
    let document = |way| {
        let table = table(entry, secret, &way);
        format!("[credentials]\norigins = ['*']\n[credentials.{name}]\n{table}\n")
    };
    ways(&endpoint, name, secret).into_iter().map(document).collect()
}

fn entries() -> Vec<Entry> {
    let entries: Vec<Entry> = Registry::linked().unwrap().iter().copied().collect();
    assert!(entries.len() >= 7, "the built-in providers are linked");
    entries
}

#[test]
fn every_provider_conforms() {
    let hook = authn::hooks::Hook::sync(|_| authn::Token::new("hooked"));
    authn::hooks::register("sample", hook).unwrap();
    for entry in entries() {
        // A way's other secrets may not go with one, so each must be swept in one way at least.
        let mut unswept: Vec<&str> = secrets(&entry).collect();
        let mut ways = ways("http://127.0.0.1:9/token", entry.name(), "sample");
        if ways.len() > 1 {
            // All secrets at once are not accepted here; that this shows nothing is tested below.
            ways.pop();
        }
        for way in ways {
            let report = check_entry(&entry, &table(&entry, "sample", &way));
            unswept.retain(|key| report.unswept.contains(key));
            let is_login = way.options.contains("request_token_url");
            let giving = ["jwt", "bearer", "cached", "chain", "hook", "oauth1"];
            let expected = giving.contains(&entry.name());
            let expected = (expected && !is_login) || way.options.ends_with(&format!("{PRINTS}']"));
            assert_eq!(report.token.is_ok(), expected, "{}: {:?}", entry.name(), report.token);
        }
        assert_eq!(unswept, Vec::<&str>::new(), "{}", entry.name());
    }
}

fn secrets(entry: &Entry) -> impl Iterator<Item = &'static str> {
    entry.fields().filter(|field| field.kind() == Kind::Secret).map(Field::key)
}

#[tokio::test]
async fn a_check_may_run_within_a_runtime_and_keep_a_session() {
    let options =
        "token_endpoint_url = 'http://127.0.0.1:9/'\nclient_id = 'x'\nrefresh_token = 'abc'";
    let report = authn::conformance::check::<authn_providers::OAuth>(options);
    assert_eq!(report.token.unwrap_err().kind(), authn::ErrorKind::Network);
    assert!(!report.unswept.contains(&"refresh_token"));
    assert!(report.unswept.contains(&"private_key"), "a made-up secret is no key");
}

#[test]
fn no_secret_option_is_shown_by_the_library() {
    let rig = Rig::start();
    for entry in entries() {
        let canary = Canary::new();
        let is_secret = |(_, field): &&(String, &Field)| field.kind() == Kind::Secret;
        let secrets = entry.options().iter().filter(is_secret).count();
        for text in documents(&rig, &entry, canary.as_str()) {
            let loader = Loader::new().environment(Environment::empty()).defaults(&text);
            let config = loader.read();
            let mut shown = vec![format!("{config:?} {config:#?} {:#?}", config.settings())];
            for problem in config.problems() {
                shown.push(format!("{problem} {problem:?} {}", problem.render(true)));
            }
            match config.credentials() {
                Ok(credentials) => shown.push(format!("{credentials:?} {credentials:#?}")),
                Err(error) => shown.push(format!("{error} {error:?} {error:#?}")),
            }
            let shown = shown.concat();
            assert_eq!(canary.find_in(shown.as_bytes()), None, "{}: {shown}", entry.name());
            if secrets > 0 {
                let is_swept = canary.find_in(text.as_bytes()).is_some();
                assert!(is_swept, "{} was not swept", entry.name());
            }
        }
    }
}

/// The providers that give the secret itself to whoever asks for the credential.
const GIVING: [&str; 10] = [
    "jwt",
    "bearer",
    "basic",
    "api_key",
    "cached",
    "chain",
    "exec",
    "file_token",
    "gitlab",
    "oauth1",
];

/// Writes the configuration, with the secret where the platform of a machine puts it: in a file, and in variables.
fn write(sandbox: &mut Sandbox, document: &str, rig: &Rig, secret: &str) {
    let token = sandbox.file("token", secret);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    }
    sandbox.file("secret.toml", document.replace(TOKEN_FILE, token.to_str().unwrap()));
    sandbox.env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/token", rig.issuer()));
    sandbox.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", secret).env("ID_TOKEN", secret);
}

/// The commands that ask a server for something.
const ASKING: &[&[&str]] = &[
    &["config", "check", "--network"],
    &["doctor"],
    &["doctor", "--token"],
    &["token"],
    &["token", "--json", "--min-ttl", "5m"],
    &["header", "--url", "https://127.0.0.1:9/"],
    &["-v", "token"],
    &["logout"],
];

/// The commands that ask none.
const QUIET: &[&[&str]] = &[
    &["config", "show"],
    &["config", "show", "--all"],
    &["config", "show", "--json", "--all-layers"],
    &["config", "check"],
    &["config", "check", "--all-profiles", "--json", "--strict"],
    &["config", "path"],
    &["providers", "oauth"],
    &["options", "credentials.oauth"],
    &["config", "schema"],
    &["status"],
    &["stores"],
    &["stores", "file"],
    &["stores", "--json"],
    &["token", "--json", "--url", "nonsense"],
    &["doctor", "--json"],
    &["explain", "https://127.0.0.1:9/"],
    &["explain", "https://127.0.0.1:9/", "--json", "--redirect-to", "https://a.test/"],
];

/// The helpers of other tools, and what these write.
const HELPERS: [(&[&str], &str); 13] = [
    (&["exec", "--", "true"], ""),
    (&["git-credential", "get"], "protocol=https\nhost=127.0.0.1:9\n\n"),
    (&["git-credential", "get"], "capability[]=authtype\nprotocol=https\nhost=127.0.0.1:9\n\n"),
    (&["git-credential", "erase"], "protocol=https\nhost=127.0.0.1:9\npassword=CANARY\n\n"),
    (&["kubernetes-exec-credential"], ""),
    (&["cargo-credential"], ""),
    (
        &["cargo-credential", "--cargo-plugin"],
        "{\"v\":1,\"registry\":{\"index-url\":\"sparse+https://127.0.0.1:9/\"},\"kind\":\"get\"}\n",
    ),
    (&["docker-credential", "get"], "https://127.0.0.1:9"),
    (&["bazel-credential", "get"], "{\"uri\":\"https://127.0.0.1:9/\"}"),
    (&["terraform-credentials", "get", "127.0.0.1:9"], ""),
    (&["keyring", "--mode=creds", "get", "https://127.0.0.1:9/"], ""),
    (&["gcp-executable"], ""),
    (&["aws-credential-process"], ""),
];

#[test]
fn no_secret_option_is_shown_by_the_helpers_of_other_tools() {
    let rig = Rig::start();
    for entry in entries() {
        let canary = Canary::new();
        for document in documents(&rig, &entry, canary.as_str()) {
            let body = format!("{{\"access_token\":\"{}\"", canary.as_str());
            let json = json!({ "content-type": "application/json" });
            for failure in [json!([]), json!([{ "status": 200, "headers": json, "body": body }])] {
                let mut sandbox = Sandbox::new();
                write(&mut sandbox, &document, &rig, canary.as_str());
                sandbox.env("AUTHN_LOG", "trace").env("RUST_LOG", "trace");
                sandbox.env("CARGO_REGISTRY_INDEX_URL", "sparse+https://127.0.0.1:9/");
                for (arguments, input) in HELPERS {
                    rig.faults(&failure);
                    let config = sandbox.work().join("secret.toml");
                    let all = [&["--config", config.to_str().unwrap()][..], arguments].concat();
                    let input = input.replace("CANARY", canary.as_str());
                    let outcome = sandbox.run_with_input(binary("authn"), &all, input.as_bytes());
                    let mut shown = outcome.stderr.clone();
                    if !(GIVING.contains(&entry.name()) && outcome.code == 0) {
                        shown.push_str(&outcome.stdout);
                    }
                    let name = entry.name();
                    assert_eq!(
                        canary.find_in(shown.as_bytes()),
                        None,
                        "{name} {arguments:?}\n{shown}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_secret_option_is_shown_by_the_command_line_whatever_fails() {
    let rig = Rig::start();
    let json = json!({ "content-type": "application/json" });
    let failures = [
        json!([]),
        json!([{ "status": 400, "headers": json, "body": "{\"error\":\"invalid_client\"}" }]),
        json!([{ "status": 500, "body": "<html>CANARY</html>" }]),
        json!([{ "status": 200, "headers": json, "body": "{\"access_token\":\"CANARY\"" }]),
        json!([{ "status": 200, "headers": json, "body": "{\"access_token\":[\"CANARY\"]}" }]),
        json!([{ "drop": true }]),
    ];
    let mut logged = String::new();
    let mut formats = ["text", "full", "json"].into_iter().cycle();
    for entry in entries() {
        let canary = Canary::new();
        let documents = documents(&rig, &entry, canary.as_str());
        for (document, failure) in documents
            .iter()
            .flat_map(|document| failures.iter().map(move |failure| (document, failure)))
        {
            let mut sandbox = Sandbox::new();
            write(&mut sandbox, document, &rig, canary.as_str());
            sandbox.env("AUTHN_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
            let failure: serde_json::Value =
                serde_json::from_str(&failure.to_string().replace("CANARY", canary.as_str()))
                    .unwrap();
            let is_first = failure == failures[0];
            let arguments = ASKING.iter().chain(if is_first { QUIET } else { &[] });
            for &arguments in arguments {
                rig.faults(&failure);
                sandbox.env("AUTHN_LOG_FORMAT", formats.next().unwrap());
                let config = sandbox.work().join("secret.toml");
                let config = config.to_str().unwrap();
                let mut all = vec!["--config", config];
                all.extend_from_slice(arguments);
                let outcome = sandbox.run(binary("authn"), &all);
                // What is asked for is given: the static providers' own secret, on stdout alone.
                let gives = arguments.contains(&"token") || arguments.first() == Some(&"header");
                let own = GIVING.contains(&entry.name());
                let mut shown = outcome.stderr.clone();
                let is_ours = |line: &&str| {
                    ["debug: ", "info: ", "{", "warning: "]
                        .iter()
                        .any(|start| line.starts_with(start))
                        || line.contains(" authn::")
                };
                let lines = shown.lines().filter(is_ours);
                logged.extend(lines.map(|line| format!("{line}\n")));
                if !(gives && own && outcome.code == 0) {
                    shown.push_str(&outcome.stdout);
                }
                assert_eq!(
                    canary.find_in(shown.as_bytes()),
                    None,
                    "{} {arguments:?} {failure}\n{shown}",
                    entry.name()
                );
            }
        }
    }
    // The sweep has searched the lines about each step.
    let steps = ["exchange started", "request answered", "request failed", "logged out"];
    // Each line is written with the spans that it is in, and their fields.
    let spans = ["exchange{authn.provider=", "HTTP request{", "http.request.method=\"POST\""];
    let formats = ["debug: request answered: POST http", "\"message\":\"request answered\""];
    for line in steps.into_iter().chain(spans).chain(formats) {
        assert!(logged.contains(line), "{line}");
    }
}

/// Sets an option by its path, which may lead through lists and maps of tables.
fn assignment(path: &str, value: &str) -> String {
    match path.split_once("[].") {
        Some((list, rest)) => format!("{list} = [{{ {} }}]", assignment(rest, value)),
        None => format!("{} = {value}", path.replace(".NAME.", ".sample.")),
    }
}

#[test]
fn a_secret_is_hidden_in_whatever_shape_it_is_misplaced() {
    for entry in entries() {
        let canary = Canary::new();
        let name = entry.name();
        let secret = canary.as_str();
        for (path, field) in entry.options() {
            for value in [
                format!("'{secret}'"),
                format!("['{secret}']"),
                format!("{{ {secret} = '{secret}' }}"),
                format!("{{ file = '/nowhere', env = '{secret}' }}"),
                format!("{{ command = '{secret}' }}"),
                format!("[[{{ a = '{secret}' }}]]"),
            ] {
                let takes_text = matches!(
                    field.value_type(),
                    Type::String
                        | Type::Path
                        | Type::Command
                        | Type::List(_)
                        | Type::Map(_)
                        | Type::Any
                );
                if takes_text && field.kind() == Kind::Plain {
                    // A plain option that takes a text shows it: it is not a secret.
                    continue;
                }
                // Keys are shown; a secret for a key is beyond us.
                let value = value.replace(&format!("{{ {secret} ="), "{ a =");
                let text = format!("[credentials.{name}]\n{}\n", assignment(&path, &value));
                let loader = Loader::new().environment(Environment::empty()).defaults(&text);
                let config = loader.read();
                let rendered: String =
                    config.problems().iter().map(|problem| problem.render(false)).collect();
                let shown = format!("{:?} {rendered} {config:?}", config.settings());
                assert_eq!(canary.find_in(shown.as_bytes()), None, "{text}\n{shown}");
            }
        }
    }
}

//! The canary sweep: a made-up secret in every secret option of every linked provider, searched for in
//! everything that is shown. Options come from the schema, so a new provider is swept without a change.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use authn::{
    Entry, Environment, Loader, Registry,
    conformance::{Canary, check_entry, sample},
    schema::{Kind, Type},
};
use authn_providers as _;
use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
};
use serde_json::json;

/// What makes a provider's sample complete, so that the sweep reaches its exchange.
fn completion(rig: &Rig, name: &str) -> String {
    match name {
        "oauth" => format!("token_endpoint_url = '{}/token'", rig.issuer()),
        _ => String::new(),
    }
}

fn document(rig: &Rig, entry: &Entry, secret: &str) -> String {
    let name = entry.name();
    let required = completion(rig, name);
    let given: Vec<&str> = required.lines().filter_map(|line| line.split(" =").next()).collect();
    let sample = sample(entry, secret);
    let sample: Vec<&str> = sample
        .lines()
        .filter(|line| !given.contains(&line.split(" =").next().unwrap_or_default()))
        .collect();
    format!(
        "[credentials]\norigins = ['*']\n[credentials.{name}]\n{required}\n{}\n",
        sample.join("\n")
    )
}

fn entries() -> Vec<Entry> {
    let entries: Vec<Entry> = Registry::linked().unwrap().iter().copied().collect();
    assert!(entries.len() >= 7, "the built-in providers are linked");
    entries
}

#[test]
fn every_provider_conforms() {
    for entry in entries() {
        let sample = sample(&entry, "sample");
        // Whether a sample's options make sense together is not the point; whether they leak is.
        let options = match entry.name() {
            "oauth" => format!("token_endpoint_url = 'http://127.0.0.1:9/token'\n{sample}"),
            "hook" => {
                let hook = authn::hooks::Hook::sync(|_| authn::Token::new("hooked"));
                authn::hooks::register("sample", hook).unwrap();
                sample
            }
            _ => sample,
        };
        let report = check_entry(&entry, &options);
        let expected = matches!(entry.name(), "jwt" | "bearer" | "hook");
        assert_eq!(report.token.is_ok(), expected, "{}: {:?}", entry.name(), report.token);
    }
}

#[test]
fn no_secret_option_is_shown_by_the_library() {
    let rig = Rig::start();
    for entry in entries() {
        let canary = Canary::new();
        let text = document(&rig, &entry, canary.as_str());
        let secrets = entry.fields().filter(|field| field.kind() == Kind::Secret).count();
        let loader = Loader::new().environment(Environment::empty()).inline("test.toml", &text);
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
            assert!(canary.find_in(text.as_bytes()).is_some(), "{} was not swept", entry.name());
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
    for entry in entries() {
        let canary = Canary::new();
        let mut sandbox = Sandbox::new();
        sandbox.file("secret.toml", document(&rig, &entry, canary.as_str()));
        sandbox.env("AUTHN_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        for failure in &failures {
            let failure: serde_json::Value =
                serde_json::from_str(&failure.to_string().replace("CANARY", canary.as_str()))
                    .unwrap();
            for arguments in [
                &["config", "show"][..],
                &["config", "show", "--json", "--all-layers"],
                &["config", "check"],
                &["config", "path"],
                &["providers", entry.name()],
                &["token"],
                &["header", "--url", "https://127.0.0.1:9/"],
                &["-v", "token"],
            ] {
                rig.faults(&failure);
                let config = sandbox.work().join("secret.toml");
                let config = config.to_str().unwrap();
                let mut all = vec!["--config", config];
                all.extend_from_slice(arguments);
                let outcome = sandbox.run(binary("authn"), &all);
                // What is asked for is given: the static providers' own secret, on stdout alone.
                let gives = matches!(arguments.last(), Some(&"token"))
                    || arguments.first() == Some(&"header");
                let own = matches!(entry.name(), "jwt" | "bearer" | "basic" | "api_key");
                let mut shown = outcome.stderr.clone();
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
}

#[test]
fn a_secret_is_hidden_in_whatever_shape_it_is_misplaced() {
    for entry in entries() {
        let canary = Canary::new();
        let name = entry.name();
        let secret = canary.as_str();
        for field in entry.fields() {
            for value in [
                format!("'{secret}'"),
                format!("['{secret}']"),
                format!("{{ {secret} = '{secret}' }}"),
                format!("{{ file = '/nowhere', env = '{secret}' }}"),
                format!("{{ command = '{secret}' }}"),
                format!("[[{{ a = '{secret}' }}]]"),
            ] {
                if matches!(field.r#type(), Type::String | Type::List(_) | Type::Map(_) | Type::Any)
                    && field.kind() == Kind::Plain
                {
                    // A plain option that takes a text shows it: it is not a secret.
                    continue;
                }
                // Keys are shown; a secret for a key is beyond us.
                let value = value.replace(&format!("{{ {secret} ="), "{ a =");
                let text = format!("[credentials.{name}]\n{} = {value}\n", field.key());
                let loader =
                    Loader::new().environment(Environment::empty()).inline("test.toml", &text);
                let config = loader.read();
                let rendered: String =
                    config.problems().iter().map(|problem| problem.render(false)).collect();
                let shown = format!("{:?} {rendered} {config:?}", config.settings());
                assert_eq!(canary.find_in(shown.as_bytes()), None, "{text}\n{shown}");
            }
        }
    }
}

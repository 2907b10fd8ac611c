//! The AWS command line, whose requests are signed with the keys that a command prints.

use std::fs;

use authn::conformance::Canary;
use authn_tests::tools::{aws::Keys, server::Server};
use serde_json::json;

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("AWS");

#[test]
fn its_requests_are_signed_with_the_keys() {
    let mut scene = Scene::new();
    let [secret, session_token] = [(); 2].map(|()| Canary::new());
    let keys = Keys {
        identifier: "AKIATHINGS".to_owned(),
        secret: secret.as_str().to_owned(),
        session_token: session_token.as_str().to_owned(),
    };
    let server = Server::start(keys.clone());
    // The program that has the keys is a script outside of what the user's tools write.
    let source = tempfile::tempdir().unwrap();
    let printed = json!({
        "Version": 1, "AccessKeyId": keys.identifier, "SecretAccessKey": keys.secret,
        "SessionToken": keys.session_token, "Expiration": "2099-01-01T00:00:00Z",
    });
    let file = source.path().join("keys.json");
    fs::write(&file, printed.to_string()).unwrap();
    let text =
        format!("[credentials.exec]\ncommand = ['cat', '{}']\nformat = 'aws'\n", file.display());
    scene.sandbox.file(scene.sandbox.config().join("authn/config.toml"), text);
    scene.sandbox.env("AWS_DEFAULT_REGION", "eu-west-1").env("AWS_ENDPOINT_URL", server.url());
    scene.sandbox.env("AWS_EC2_METADATA_DISABLED", "true");
    if !scene.has("aws", &["--version"]) {
        SECTION.run(&scene, Tool::Absent, &[]);
        return;
    }
    let outcome = SECTION.run(&scene, Tool::Present, &[]);
    assert!(outcome.stdout.contains("arn:aws:iam::123456789012:user/things"), "{outcome:?}");
    assert_eq!(server.authorized(), ["POST /"]);
    for canary in [secret, session_token] {
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(canary.find_in(shown.as_bytes()), None, "{outcome:?}");
        let settings = fs::read(scene.sandbox.home().join(".aws/config")).unwrap();
        assert_eq!(canary.find_in(&settings), None);
    }
}

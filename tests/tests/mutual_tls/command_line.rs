//! A token that is bound to a certificate, on the command line.

use authn_tests::{
    command::{Sandbox, binary},
    rig::Rig,
};

use super::scene::client;

/// What curl needs beside the token is said, and is enough.
#[test]
fn what_else_curl_needs_is_said() {
    let rig = Rig::start();
    let sandbox = Sandbox::new();
    let text = format!(
        "[http]\nca_file = '{}'\n[credentials]\norigins = ['{}']\n[credentials.oauth]\n{}\n",
        rig.ca().display(),
        rig.mtls(),
        client(&rig, "cc-mtls-san", "client", "store = 'file'"),
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    let url = format!("{}/rs/echo", rig.mtls());
    for command in [&["token"][..], &["header", "--url", &url]] {
        let outcome = sandbox.run(binary("authn"), command);
        for said in ["bound to a client certificate", "`--cert FILE --key FILE`"] {
            assert!(outcome.stderr.contains(said), "{command:?}\n{}", outcome.stderr);
        }
        outcome.success();
    }
    let header = sandbox.run(binary("authn"), &["header", "--url", &url]).success();
    let path = |file: &str| rig.key(file).display().to_string();
    let [ca, certificate, key] =
        [rig.ca().display().to_string(), path("client.crt"), path("client.key")];
    let curl = |files: &[&str]| {
        let common = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &ca, "-H", "@-"];
        let arguments = [&common, files, &[&url]].concat();
        sandbox.run_with_input("curl", &arguments, header.as_bytes()).stdout
    };
    assert_eq!(curl(&["--cert", &certificate, "--key", &key]), "200");
}

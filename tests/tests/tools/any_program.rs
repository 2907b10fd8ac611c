//! curl, and any program that takes a token from a variable.

use authn_tests::tools::{access::Access, server::Server};
use serde_json::Value;

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("Any program");

/// A program that takes its token from a variable.
const PROGRAM: &str = "import os, urllib.request
token = os.environ['THINGS_TOKEN']
request = urllib.request.Request('URL/things', headers={'Authorization': f'Bearer {token}'})
print(urllib.request.urlopen(request).read().decode(), end='')
";

#[test]
fn curl_has_the_header_and_a_program_the_variable() {
    let scene = Scene::new();
    let access = Access::bearer(&scene.token());
    let server = Server::start(access.clone());
    scene.configure(&[&server.url()]);
    scene.sandbox.file("things.py", PROGRAM.replace("URL", &server.url()));
    let outcome = SECTION.run(&scene, Tool::Present, &[("https://api.example.com", &server.url())]);
    assert_eq!(outcome.stdout, "welcome\nwelcome\n");
    assert_eq!(server.authorized(), ["GET /things", "GET /things"]);
    access.assert_only_at(&server, None);
    scene.assert_secrecy(&[&outcome]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1, "one exchange for both");
}

#[test]
fn curl_takes_the_header_from_its_configuration() {
    let scene = Scene::new();
    let server = Server::start(Access::bearer(&scene.token()));
    scene.configure(&[&server.url()]);
    let url = format!("{}/things", server.url());
    let outcome = scene.shell(&format!(
        "authn header --url {url} | sed 's/.*/header = \"&\"/' | curl -sS --config - {url}"
    ));
    assert_eq!(outcome.stdout, "welcome\n", "{}", outcome.stderr);
    scene.assert_secrecy(&[&outcome]);
}

#[test]
fn scripts_have_the_headers_as_json() {
    let scene = Scene::new();
    let access = Access::bearer(&scene.token());
    scene.configure(&["https://api.example.com"]);
    for flags in ["", "--url https://api.example.com/things"] {
        let printed = scene.shell(&format!("authn header --json {flags}")).success();
        let headers: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(headers, serde_json::json!({ "Authorization": access.accepted() }));
    }
}

#[test]
fn a_program_that_is_run_is_the_same_process_and_its_code_is_the_outcome() {
    let scene = Scene::new();
    scene.configure(&["https://api.example.com"]);
    // The parent of the shell that is run is the one that runs it, if `authn` has become it.
    let script = "authn exec -- sh -c 'echo \"$AUTHN_TOKEN $PPID\"; exit 42' || echo \"$$ $?\"";
    let outcome = scene.shell(script);
    let shell = outcome.stdout.lines().nth(1).unwrap();
    let (pid, code) = shell.split_once(' ').unwrap();
    assert_eq!(outcome.stdout, format!("{} {pid}\n{pid} {code}\n", scene.token()));
    assert_eq!(code, "42");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn another_origin_gets_nothing() {
    let scene = Scene::new();
    let foreign = Server::start(Access::bearer(&scene.token()));
    scene.configure(&["https://api.example.com"]);
    let url = foreign.url();
    let outcome = scene.shell(&format!("authn header --url {url} | curl -sS -H @- {url}"));
    assert_eq!(outcome.stdout, "", "{}", outcome.stderr);
    scene.assert_foreign(&foreign);
    assert!(scene.rig.log().is_empty(), "no token is needed");
}

//! Google's command line and library: both exchange the token of an executable for one of Google's.

use authn_tests::tools::{
    google::{ACCESS_TOKEN, Exchange},
    program,
    server::Server,
};

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("Google Cloud");

const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/things/providers/corp";

/// A program with Google's library, as the guide has it in mind.
const PROGRAM: &str = "import os, google.auth.pluggable, google.auth.transport.requests
account = os.environ['GOOGLE_APPLICATION_CREDENTIALS']
credentials = google.auth.pluggable.Credentials.from_file(account, scopes=['things'])
credentials.refresh(google.auth.transport.requests.Request())
print(credentials.token)";

/// Creates a user of Google's tools, and the service that they ask.
fn scene() -> (Scene, Server) {
    let mut scene = Scene::new();
    scene.configure(&["https://api.example.com"]);
    let server = Server::start(Exchange::new(&scene.token(), AUDIENCE));
    scene.sandbox.env("CLOUDSDK_CONFIG", scene.sandbox.home().join(".config/gcloud"));
    for name in ["CORE_DISABLE_PROMPTS", "CORE_DISABLE_USAGE_REPORTING"] {
        scene.sandbox.env(format!("CLOUDSDK_{name}"), "true");
    }
    scene.sandbox.env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
    (scene, server)
}

/// The commands after the setup, for which the service is that of the test.
fn redirected(server: &Server) -> String {
    let file = "\"$CLOUDSDK_CONFIG/authn.json\"";
    let url = server.url();
    // gcloud derives the second address from the first only if that is Google's own.
    format!(
        "sed -i 's#\"token_url\": \".*\"#\"token_url\": \"{url}/v1/token\", \
         \"token_info_url\": \"{url}/v1/introspect\"#' {file}\ngrep -q {url} {file}\nexport GOOGLE_"
    )
}

#[test]
fn gcloud_exchanges_the_token() {
    let (scene, server) = scene();
    if !scene.has("gcloud", &["--version"]) {
        SECTION.run(&scene, Tool::Absent, &[]);
        return;
    }
    let places: &[_] = &[("export GOOGLE_", &*redirected(&server))];
    let outcome = SECTION.run(&scene, Tool::Present, places);
    assert!(outcome.stdout.lines().any(|line| line == ACCESS_TOKEN), "{outcome:?}");
    assert!(server.requests().contains(&"POST /v1/token".to_owned()), "{:?}", server.requests());
    scene.assert_secrecy(&[&outcome]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

#[test]
fn a_program_with_googles_library_exchanges_the_token() {
    let (mut scene, server) = scene();
    scene.shell(&format!("authn setup gcloud --yes --audience {AUDIENCE}")).success();
    let account = scene.sandbox.home().join(".config/gcloud/authn.json");
    scene.sandbox.env("GOOGLE_APPLICATION_CREDENTIALS", account);
    let python = program::of_python("python");
    let run = format!("{} -c \"{PROGRAM}\"", python.display());
    let refused = scene.shell(&run);
    assert!(refused.stderr.contains("Executables need to be explicitly allowed"), "{refused:?}");
    let allowed = redirected(&server) + "EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1\n";
    let outcome = scene.shell(&(allowed + &run));
    assert_eq!(outcome.stdout, format!("{ACCESS_TOKEN}\n"), "{outcome:?}");
    assert_eq!(server.requests(), ["POST /v1/token"]);
    scene.assert_secrecy(&[&outcome, &refused]);
}

//! docker's client, which asks a registry about an image without an engine.

use authn_tests::tools::{access::Access, container::Images, server::Server};

use crate::{
    guide::{Section, Tool},
    scene::{CLIENT, Scene},
};

pub(crate) const SECTION: Section = Section("docker");

#[test]
fn it_inspects_an_image_with_the_token_as_a_password() {
    let mut scene = Scene::new();
    scene.sandbox.env("SSL_CERT_FILE", scene.rig.ca());
    // An engine of this machine would log in for the client.
    let engine = format!("unix://{}/no-engine", scene.sandbox.root().display());
    scene.sandbox.env("DOCKER_HOST", engine);
    let access = Access::basic(CLIENT, &scene.token());
    let [server, foreign] =
        [(); 2].map(|()| Server::start_tls(Images::new(access.clone()), &scene.rig));
    scene.configure(&[&server.url()]);
    let places: &[_] = &[("registry.example.com", &*server.authority())];
    if !scene.has("docker", &["--version"]) {
        SECTION.run(&scene, Tool::Absent, places);
        return;
    }
    let outcome = SECTION.run(&scene, Tool::Present, places);
    assert!(outcome.stdout.contains("\"schemaVersion\": 2"), "{outcome:?}");
    access.assert_only_at(&server, None);
    assert!(server.authorized().contains(&"GET /v2/things/manifests/1".to_owned()));

    let refused = scene.shell(&format!("docker manifest inspect {}/things:1", foreign.authority()));
    assert!(refused.stderr.contains("no basic auth credentials"), "{refused:?}");
    scene.assert_foreign(&foreign);
    // A password is not stored by the helper, and so nowhere.
    let login = scene.shell(&format!(
        "authn token | docker login --username {CLIENT} --password-stdin {}",
        server.authority()
    ));
    assert!(login.stderr.contains("this helper stores no passwords"), "{login:?}");
    scene.assert_secrecy(&[&outcome, &refused, &login]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

//! Terraform, with a private registry of modules.

use std::fs;

use authn_tests::tools::{access::Access, server::Server, terraform::Modules};

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("Terraform");

/// Uses a module of a registry.
fn r#use(scene: &Scene, registry: &Server) {
    let text = format!(
        "module \"things\" {{\n  source  = \"{}/acme/things/null\"\n  version = \"1.0.0\"\n}}\n",
        registry.authority()
    );
    scene.sandbox.file("main.tf", text);
}

#[test]
fn it_gets_a_module_with_the_token() {
    let mut scene = Scene::new();
    scene.sandbox.env("SSL_CERT_FILE", scene.rig.ca()).env("CHECKPOINT_DISABLE", "1");
    scene.sandbox.file("made/main.tf", "output \"name\" {\n  value = \"things\"\n}\n");
    scene.shell("tar -czf made/things.tar.gz -C made main.tf").success();
    let archive = fs::read(scene.sandbox.work().join("made/things.tar.gz")).unwrap();
    let access = Access::bearer(&scene.token());
    let serve = || Server::start_tls(Modules::new(archive.clone(), access.clone()), &scene.rig);
    let (server, foreign) = (serve(), serve());
    scene.configure(&[&server.url()]);
    r#use(&scene, &server);
    if !scene.has("terraform", &["version"]) {
        SECTION.run(&scene, Tool::Absent, &[]);
        return;
    }
    let outcome = SECTION.run(&scene, Tool::Present, &[]);
    assert!(scene.sandbox.work().join(".terraform/modules/things/main.tf").is_file());
    for request in ["versions", "1.0.0/download"] {
        let request = format!("GET /modules/acme/things/null/{request}");
        assert!(server.authorized().contains(&request), "{request}");
    }
    access.assert_only_at(&server, None);

    r#use(&scene, &foreign);
    let refused = scene.shell("rm -r .terraform\nterraform init");
    assert_ne!(refused.code, 0, "{refused:?}");
    scene.assert_foreign(&foreign);
    scene.assert_secrecy(&[&outcome, &refused]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

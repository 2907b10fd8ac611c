//! cargo, with a registry that gives nothing without a token.

use std::{env, fs, path::PathBuf};

use authn_tests::tools::{access::Access, cargo::Registry, server::Server};

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("cargo");

/// What cargo asks a registry for a crate.
const REQUESTS: [&str; 3] =
    ["GET /index/config.json", "GET /index/th/in/things", "GET /dl/things/1.0.0/download"];

/// Creates a user of cargo who works on a crate.
fn scene() -> Scene {
    let mut scene = Scene::new();
    // The toolchain's own programs: rustup's would look for their toolchains in the user's home folder.
    let cargo = PathBuf::from(env::var_os("CARGO").expect("cargo runs the tests"));
    let toolchain = cargo.parent().unwrap().to_owned();
    for name in ["cargo", "rustc"] {
        scene.install(name, toolchain.join(name));
    }
    scene.sandbox.env("CARGO_TERM_QUIET", "true").env("CARGO_NET_RETRY", "0");
    scene.sandbox.file("Cargo.toml", "[package]\nname = 'user'\nedition = '2021'\n[workspace]\n");
    scene.sandbox.file("src/lib.rs", "");
    scene
}

/// Makes the file of a crate, and serves it.
fn serve(scene: &Scene, access: &Access) -> Server {
    let manifest = "[package]\nname = 'things'\nversion = '1.0.0'\nedition = '2021'\n";
    scene.sandbox.file("made/things-1.0.0/Cargo.toml", manifest);
    scene.sandbox.file("made/things-1.0.0/src/lib.rs", "");
    scene.shell("tar -czf made/things.crate -C made things-1.0.0").success();
    let package = fs::read(scene.sandbox.work().join("made/things.crate")).unwrap();
    Server::start(Registry::new(package, access.clone()))
}

/// Names the registry.
fn know(scene: &Scene, registry: &Server) {
    let text = format!("[registries.example]\nindex = 'sparse+{}/index/'\n", registry.url());
    scene.sandbox.file(".cargo/config.toml", text);
}

fn downloaded(scene: &Scene) -> usize {
    let sources = scene.sandbox.home().join(".cargo/registry/src");
    let registries = fs::read_dir(sources).into_iter().flatten();
    registries
        .filter(|folder| folder.as_ref().unwrap().path().join("things-1.0.0").is_dir())
        .count()
}

#[test]
fn it_fetches_with_the_token_and_sends_it_to_no_other_registry() {
    let scene = scene();
    let access = Access::bearer(&scene.token());
    let (server, foreign) = (serve(&scene, &access), serve(&scene, &access));
    know(&scene, &server);
    scene.configure(&[&format!("{}/", server.url())]);
    let outcome = SECTION.run(&scene, Tool::Present, &[]);
    assert_eq!(downloaded(&scene), 1);
    for request in REQUESTS {
        assert!(server.authorized().contains(&request.to_owned()), "{request}");
    }
    access.assert_only_at(&server, None);

    know(&scene, &foreign);
    let refused = scene.shell("rm Cargo.lock\ncargo fetch");
    assert_ne!(refused.code, 0);
    scene.assert_foreign(&foreign);
    scene.assert_secrecy(&[&outcome, &refused]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

#[test]
fn it_takes_the_token_from_standard_output() {
    let scene = scene();
    let access = Access::bearer(&scene.token());
    let server = serve(&scene, &access);
    know(&scene, &server);
    scene.configure(&[&server.url()]);
    let provider = "[registry]\nglobal-credential-providers = \
                    ['cargo:token-from-stdout authn cargo-credential']\n";
    scene.sandbox.file(scene.sandbox.home().join(".cargo/config.toml"), provider);
    let outcome = scene.shell("cargo add things --registry example\ncargo fetch");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(downloaded(&scene), 1);
    access.assert_only_at(&server, None);
    scene.assert_secrecy(&[&outcome]);
}

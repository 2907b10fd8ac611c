//! uv, whose `keyring` is `authn`.

use authn_tests::tools::{access::Access, program};

use crate::{
    guide::{Section, Tool},
    python_user::{assert_installed, places, requests, serve},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("uv");

#[test]
fn it_installs_with_the_token_as_a_password() {
    let mut scene = Scene::new();
    scene.install("uv", program::of_python("uv"));
    scene.sandbox.env("UV_PYTHON_DOWNLOADS", "never");
    let environment = scene.sandbox.home().join("environment");
    scene.sandbox.env("VIRTUAL_ENV", &environment);
    let python = program::of_python("python");
    let make = format!("uv venv -q --python {} {}", python.display(), environment.display());
    scene.shell(&make).success();

    let access = Access::basic("oauth2", &scene.token());
    let (server, foreign) = (serve(&scene, &access), serve(&scene, &access));
    scene.configure(&[&server.url()]);
    let [(from, to)] = places(&server);
    let outcome = SECTION.run(&scene, Tool::Present, &[(from, &to)]);
    assert_installed(&scene, &format!("{}/lib/python3*/site-packages", environment.display()));
    for request in requests() {
        assert!(server.authorized().contains(&request), "{request} {:?}", server.authorized());
    }
    access.assert_only_at(&server, Some("oauth2"));

    let [(_, to)] = places(&foreign);
    let refused = scene
        .shell(&format!("uv pip install --no-cache --reinstall --index-url {to}/simple things"));
    assert_ne!(refused.code, 0, "{refused:?}");
    scene.assert_foreign(&foreign);
    scene.assert_secrecy(&[&outcome, &refused]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

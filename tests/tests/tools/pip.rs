//! pip, whose `keyring` is `authn`.

use authn_tests::tools::{access::Access, program};

use crate::{
    guide::{Section, Tool},
    python_user::{assert_installed, places, requests, serve},
    scene::{CLIENT, Scene},
};

pub(crate) const SECTION: Section = Section("pip");

#[test]
fn it_installs_with_the_token_as_a_password() {
    let mut scene = Scene::new();
    scene.install("pip", program::of_python("pip"));
    let target = scene.sandbox.home().join("target");
    scene.sandbox.env("PIP_TARGET", &target).env("PIP_NO_INPUT", "1");
    scene.sandbox.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_RETRIES", "0");

    let access = Access::basic("oauth2", &scene.token());
    let (server, foreign) = (serve(&scene, &access), serve(&scene, &access));
    scene.configure(&[&server.url()]);
    let [(from, to)] = places(&server);
    let outcome = SECTION.run(&scene, Tool::Present, &[(from, &to)]);
    assert_installed(&scene, target.to_str().unwrap());
    for request in requests() {
        assert!(server.authorized().contains(&request), "{request} {:?}", server.authorized());
    }
    access.assert_only_at(&server, Some("oauth2"));

    // Without a user in the address, it takes the user from the answer.
    let access = Access::basic(CLIENT, &scene.token());
    let other = serve(&scene, &access);
    let url = other.url();
    scene.configure(&[&server.url(), &url]);
    scene
        .shell(&format!("pip install --no-cache --upgrade --index-url {url}/simple things"))
        .success();
    access.assert_only_at(&other, None);

    let [(_, to)] = places(&foreign);
    let refused =
        scene.shell(&format!("pip install --no-cache --upgrade --index-url {to}/simple things"));
    assert_ne!(refused.code, 0, "{refused:?}");
    scene.assert_foreign(&foreign);
    scene.assert_secrecy(&[&outcome, &refused]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

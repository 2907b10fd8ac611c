//! Scopes that a resource says are missing (RFC 6750, 3.1).

use authn::{Environment, Loader, reqwest::Client};
use authn_providers as _;
use authn_tests::rig::Rig;

fn client(rig: &Rig, scope: &str) -> Client {
    let text = format!(
        "[credentials]\norigins = ['{0}']\n[credentials.oauth]\nstore = 'memory'\nissuer_url = '{0}'\n\
         client_id = 'cc-basic'\nclient_secret = 'secret'\nscope = '{scope}'",
        rig.issuer()
    );
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    Client::new(loader.load().unwrap()).unwrap()
}

async fn status(client: &Client, rig: &Rig, scope: &str) -> u16 {
    let url = rig.resource_url(&format!("/rs/bearer?scope={scope}"));
    client.get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_scopes_are_asked_for_once_if_the_program_wants_that() {
    let rig = Rig::start();
    let plain = client(&rig, "read");
    assert_eq!(status(&plain, &rig, "write").await, 403);
    assert_eq!(rig.count(&[("endpoint", "token")]), 1);

    let stepping = plain.clone().step_up(true);
    assert_eq!(status(&stepping, &rig, "write").await, 200);
    assert_eq!(rig.count(&[("endpoint", "token")]), 2);
    let asked = |rig: &Rig| {
        rig.log()
            .iter()
            .rev()
            .find_map(|entry| entry["params"]["scope"].as_str().map(str::to_owned))
    };
    assert_eq!(asked(&rig).as_deref(), Some("read write"), "the configured scopes stay");
    // The token of more scopes is kept, too; the next request starts with the configured ones again.
    assert_eq!(status(&stepping, &rig, "write").await, 200);
    assert_eq!(status(&stepping, &rig, "read").await, 200);
    assert_eq!(rig.count(&[("endpoint", "token")]), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_refusal_is_the_answer() {
    let rig = Rig::start();
    let stepping = client(&rig, "read").step_up(true);
    // No token can have this scope: the server refuses it, or leaves it out.
    assert_eq!(status(&stepping, &rig, "admin").await, 403);
    let asked = rig.count(&[("endpoint", "token")]);
    assert!(asked <= 2, "{asked}");
}

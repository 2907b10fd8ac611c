//! The key of a certificate, searched for in everything that is shown.

use std::fs;

use authn::{Request, Used, reqwest::Client};
use authn_tests::{logs::Logs, rig::Rig};

use super::scene::{at, client, loader};

#[tokio::test]
async fn the_key_is_never_shown() {
    let logs = Logs::of_process();
    let rig = Rig::start();
    for (id, certificate) in [("cc-mtls-san", "client"), ("cc-mtls-san", "client2")] {
        let key = fs::read_to_string(rig.key(&format!("{certificate}.key"))).unwrap();
        let config = loader(&rig, &client(&rig, id, certificate, ""), &[]).read();
        let mut shown = vec![format!("{config:?} {config:#?} {:#?}", config.settings())];
        let credentials = config.credentials().unwrap();
        let api = Client::new(credentials.clone()).unwrap();
        shown.push(format!("{:?}", api.get(at(&rig, "/rs/bearer")).send().await));
        let mut used = Used::default();
        let (mut parts, ()) = http::Request::get(at(&rig, "/")).body(()).unwrap().into_parts();
        let request = Request::from(&mut parts).with_used(&mut used);
        shown.push(format!("{:?}", credentials.authorize(request).await));
        shown.push(format!("{:?} {used:?}", credentials.client_identity(&used)));
        shown.push(format!("{credentials:?} {credentials:#?} {api:?}"));
        shown.push(logs.text(0));
        let shown = shown.join("\n");
        // Lines of a PEM file that are no label.
        for line in key.lines().filter(|line| !line.starts_with('-')) {
            assert!(!shown.contains(line), "{id} {certificate}\n{shown}");
        }
    }
    assert!(logs.text(0).contains("rustls"), "TLS logs nothing");
}

//! What a server refuses, and what follows.

use authn::{Credentials, Request, reqwest::Client};
use reqwest::StatusCode;

use crate::server::Server;

/// Authorises a POST with a form, and returns it ready to be sent by another client.
async fn signed(credentials: &Credentials, url: &str) -> reqwest::Request {
    let request = reqwest::Client::new().post(url).body("a=1&b=2+3");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let mut request = request.build().unwrap();
    credentials.authorize(Request::from(&mut request)).await.unwrap();
    request
}

async fn send(request: reqwest::Request) -> StatusCode {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.execute(request).await.unwrap().status()
}

#[tokio::test]
async fn wrong_secrets_and_strangers_are_refused() {
    let server = Server::start();
    let secret = server.ready("secret");
    let wrong = server.client().replace(secret, "wrong");
    let stranger = server.client().replace("'client'", "'stranger'");
    let token_secret = server.token().replace(server.ready("token_secret"), "wrong");
    for method in ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"] {
        for (client, token) in [(&wrong, ""), (&stranger, ""), (&server.client(), &*token_secret)] {
            let options = format!("signature_method = '{method}'\n{client}{token}");
            let client = Client::new(server.load(&options)).unwrap();
            let before = server.count("/api/a");
            let response = client.get(server.url("/api/a")).send().await.unwrap();
            assert_eq!(response.status(), 401, "{options}");
            assert_eq!(server.count("/api/a"), before + 1, "it is the same token again");
        }
    }
}

#[tokio::test]
async fn a_request_is_accepted_once_and_only_as_it_was_signed() {
    let server = Server::start();
    for method in ["HMAC-SHA1", "HMAC-SHA256"] {
        for placement in ["header", "query", "body"] {
            let options = format!(
                "{}{}signature_method = '{method}'\nplacement = '{placement}'",
                server.client(),
                server.token()
            );
            let credentials = server.load(&options);
            let url = server.url("/api/a?x=y");
            let request = signed(&credentials, &url).await;
            let again = request.try_clone().unwrap();
            assert_eq!(send(request).await, 200, "{placement}");
            assert_eq!(send(again).await, 401, "{placement}");

            let mut request = signed(&credentials, &url).await;
            let query = request.url().query().unwrap().replace("x=y", "x=z");
            request.url_mut().set_query(Some(&query));
            assert_eq!(send(request).await, 401, "{placement}");

            let mut request = signed(&credentials, &url).await;
            request.url_mut().set_path("/api/b");
            assert_eq!(send(request).await, 401, "{placement}");

            let mut request = signed(&credentials, &url).await;
            let body = String::from_utf8(request.body().unwrap().as_bytes().unwrap().to_vec());
            *request.body_mut() = Some(body.unwrap().replace("a=1", "a=2").into());
            request.headers_mut().remove("content-length");
            assert_eq!(send(request).await, 401, "{placement}");

            let mut request = signed(&credentials, &url).await;
            *request.method_mut() = http::Method::PUT;
            assert_eq!(send(request).await, 401, "{placement}");

            // Signed anew, it is accepted again: nothing of the earlier signature is left.
            let mut request = signed(&credentials, &url).await;
            credentials.authorize(&mut request).await.unwrap();
            assert_eq!(send(request).await, 200, "{placement}");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_off_costs_one_request() {
    let server = Server::start();
    let credentials = server.load(&format!("{}{}", server.client(), server.token()));
    let client = Client::new(credentials).unwrap();
    for (offset, expected) in [("0", 1), ("7200", 2), ("7200", 1), ("-7200", 2), ("0", 2)] {
        server.set(&[("clock", offset)]);
        let before = server.count("/api/a");
        let response = client.get(server.url("/api/a")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{offset}");
        assert_eq!(server.count("/api/a") - before, expected, "{offset}");
    }
}

#[tokio::test]
async fn rotated_secrets_take_effect_after_a_refusal() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("{{ file = '{}' }}", path.display())
    };
    let secret = write("secret", server.ready("secret"));
    let token = write("token", server.ready("token"));
    let options = format!(
        "client_id = 'client'\nclient_secret = {secret}\ntoken = {token}\ntoken_secret = {:?}",
        server.ready("token_secret")
    );
    let load = || Client::new(server.load(&options)).unwrap();
    let status =
        async |client: &Client| client.get(server.url("/api/a")).send().await.unwrap().status();
    let client = load();
    assert_eq!(status(&client).await, 200);
    server.set(&[("token", "anothertoken")]);
    write("token", "anothertoken");
    // It is sent again with the new token.
    assert_eq!(status(&client).await, 200);

    // Another client, because of one the next exchange after a refusal is soon after the last one, and held back.
    let client = load();
    assert_eq!(status(&client).await, 200);
    server.set(&[("secret", "another")]);
    write("secret", "another");
    // The token is the same, so the caller gets the answer.
    assert_eq!(status(&client).await, 401);
    assert_eq!(status(&client).await, 200);
}

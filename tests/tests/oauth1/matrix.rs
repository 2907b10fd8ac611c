//! Every method and every place is accepted, and what is sent is what the caller sends.

use authn::reqwest::Client;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::server::Server;

const METHODS: [&str; 5] = ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"];

/// The options of a method, and of what it signs with.
fn options(server: &Server, method: &str, is_token: bool, placement: &str) -> String {
    let common = format!("signature_method = '{method}'\nplacement = '{placement}'\n");
    if method == "PLAINTEXT" && placement != "header" {
        let token =
            if is_token { "token = 'plainertoken'\ntoken_secret = 'plain-t0ken'\n" } else { "" };
        return format!("{common}client_id = 'plain'\nclient_secret = 'plain-s3cret'\n{token}");
    }
    if !method.starts_with("RSA") {
        let token = if is_token { server.token() } else { String::new() };
        return format!("{common}{}{token}", server.client());
    }
    let token =
        if is_token { format!("token = '{}'\n", server.ready("token")) } else { String::new() };
    let key = server.ready("private_key");
    format!("{common}client_id = 'client'\nprivate_key = '''\n{key}'''\n{token}")
}

async fn received(response: reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

fn body(received: &Value) -> Vec<u8> {
    STANDARD.decode(received["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn every_method_at_every_place_is_accepted() {
    let server = Server::start();
    for method in METHODS {
        for (placement, is_token) in [
            ("header", true),
            ("header", false),
            ("query", true),
            ("query", false),
            ("body", true),
            ("body", false),
        ] {
            let options = options(&server, method, is_token, placement);
            let realm = if placement == "header" { "realm = 'Photos'" } else { "" };
            let client = Client::new(server.load(&format!("{options}{realm}"))).unwrap();
            let url = server.url("/api/a%20b;c/\u{e4}?q=%3D%253D&a=1+2&a=&b5=%C3%A4&a=%2B*~");
            let form = [("c2", ""), ("a3", "2 q&="), ("\u{2603}", "+ ~*'")];
            let response = client.post(&url).form(&form).send().await.unwrap();
            assert_eq!(response.status(), 200, "{method} {placement} {is_token}");
            let received = received(response).await;
            let sent = String::from_utf8(body(&received)).unwrap();
            assert!(sent.starts_with("c2=&a3=2+q%26%3D&%E2%98%83=%2B+%7E*%27"), "{sent}");
            assert_eq!(sent.contains("oauth_signature="), placement == "body");
            let target = received["target"].as_str().unwrap();
            assert_eq!(target.contains("oauth_signature="), placement == "query");
            let header = received["authorization"].as_str().unwrap_or_default();
            assert_eq!(header.starts_with("OAuth realm=\"Photos\", "), placement == "header");
            if placement == "body" {
                continue;
            }
            let response = client.get(&url).send().await.unwrap();
            assert_eq!(response.status(), 200, "{method} {placement} {is_token}");
        }
    }
}

#[tokio::test]
async fn other_bodies_are_sent_as_they_are() {
    let server = Server::start();
    for more in ["", "body_hash = true\n"] {
        let options = format!("{}{}{more}", server.client(), server.token());
        let client = Client::new(server.load(&options)).unwrap();
        let json = br#"{"a": [1, 2], "b": "c=d&e"}"#;
        let request = client.put(server.url("/api/json")).body(&json[..]);
        let request = request.header("content-type", "application/json");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{more}");
        let received = received(response).await;
        assert_eq!(body(&received), json);
        assert_eq!(received["type"], "application/json");
        let header = received["authorization"].as_str().unwrap();
        assert_eq!(header.contains("oauth_body_hash=\""), !more.is_empty());
        for method in [http::Method::DELETE, http::Method::PATCH, http::Method::HEAD] {
            let request = client.request(method, server.url("/api/x?a=b"));
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
    }
}

#[tokio::test]
async fn a_client_without_a_secret_of_letters() {
    let server = Server::start();
    let client = "client_id = 'other client/&'\nclient_secret = 'another'\n";
    for placement in ["header", "query"] {
        let credentials = server.load(&format!("{client}placement = '{placement}'"));
        let client = Client::new(credentials).unwrap();
        assert_eq!(client.get(server.url("/api/a")).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_signed_anew() {
    let server = Server::start();
    for placement in ["header", "query", "body"] {
        let options = format!("{}{}placement = '{placement}'", server.client(), server.token());
        let client = Client::new(server.load(&options)).unwrap();
        let response =
            client.post(server.url("/api/moved?a=1")).form(&[("b", "2")]).send().await.unwrap();
        assert_eq!(response.status(), 200, "{placement}");
        let received = received(response).await;
        assert_eq!(received["path"], "/api/new");
        let all = format!("{received}{}", String::from_utf8(body(&received)).unwrap());
        assert_eq!(all.matches("oauth_nonce=").count(), 1, "{placement}: {all}");
    }
}

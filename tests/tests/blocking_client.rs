//! `authn::blocking::reqwest::Client` against real servers, on a thread without a runtime.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{io::Read as _, net::TcpListener, thread};

use authn::{
    ErrorKind,
    blocking::{Credentials, reqwest::Client},
    reqwest::Error,
    testing::TokenServer,
};
use authn_providers::{Bearer, JwtBearer, OAuth};
use authn_tests::rig::Rig;
use serde_json::{Value, json};

const SECRET: &str = "s3cr3t-token";

fn bearer(origin: &str) -> Credentials {
    Bearer::builder().token(SECRET).credentials().origin(origin).build().unwrap().into()
}

fn client(rig: &Rig) -> Client {
    Client::new(bearer(rig.issuer())).unwrap()
}

#[test]
fn the_verbs_are_the_ordinary_ones() {
    let rig = Rig::start();
    let client = client(&rig);
    let url = rig.resource_url("/rs/echo");
    for (method, request) in [
        ("GET", client.get(&url)),
        ("POST", client.post(&url).json(&json!({ "a": 1 }))),
        ("PUT", client.put(&url).body("x")),
        ("PATCH", client.patch(&url).form(&[("a", "b c")])),
        ("DELETE", client.delete(&url)),
    ] {
        let request = request.query(&[("q", "1 2")]).header("x-mine", "yes");
        let echo: Value = request.send().unwrap().json().unwrap();
        assert_eq!(echo["method"], method);
        assert_eq!(echo["query"]["q"], "1 2");
        assert_eq!(echo["headers"]["x-mine"], "yes");
        assert_eq!(echo["headers"]["authorization"], format!("Bearer {SECRET}"));
    }
    let head = client.head(&url).send().unwrap();
    assert_eq!((head.status().as_u16(), head.url().as_str()), (200, url.as_str()));
}

#[test]
fn a_token_is_withheld_exchanged_and_refused_elsewhere_as_by_the_asynchronous_client() {
    let (rig, other) = (Rig::start(), Rig::start());
    let client = client(&rig);
    let url = rig.resource_url("/rs/echo");
    let authorization = |echo: Value| echo["headers"]["authorization"].clone();
    let withheld = client.get(&url).withhold_token().send().unwrap().json().unwrap();
    assert_eq!(authorization(withheld), Value::Null);
    let admin =
        Bearer::builder().token("admin").credentials().origin(rig.issuer()).build().unwrap();
    let request = client.get(&url).use_credentials(&admin.into());
    assert_eq!(authorization(request.send().unwrap().json().unwrap()), "Bearer admin");
    let error = client.get(other.resource_url("/rs/echo")).send().unwrap_err();
    let Error::Authorization(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), ErrorKind::Origin);
}

#[test]
fn a_refused_token_is_renewed_and_the_request_is_sent_again() {
    let server = TokenServer::start().unwrap();
    let credentials = OAuth::builder()
        .issuer_url(server.issuer_url())
        .client_id("c")
        .client_secret("s")
        .credentials()
        .origin(&server.url(""))
        .build()
        .unwrap();
    let client = Client::new(credentials.into()).unwrap();
    let status = || client.get(server.url("/things")).send().unwrap().status();
    assert_eq!(status(), 200);
    server.revoke_access_tokens();
    assert_eq!(status(), 200);
    assert_eq!((server.token_requests().len(), server.api_requests()), (2, 3));
}

/// RFC 8410, 10.3.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

#[test]
fn a_signed_assertion_is_exchanged_once_for_all_requests() {
    let server = TokenServer::start().unwrap();
    let credentials = JwtBearer::builder()
        .token_endpoint_url(server.url("/token"))
        .issuer("robot@example.com")
        .private_key(KEY)
        .credentials()
        .origin(&server.url(""))
        .build()
        .unwrap();
    let client = Client::new(credentials.into()).unwrap();
    let url = server.url("/things");
    for request in [client.get(&url), client.post(&url).json(&json!({ "a": 1 })), client.get(&url)]
    {
        let answer = request.send().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().unwrap(), json!({ "authorized": true }));
    }
    let exchanges = server.token_requests();
    assert_eq!((exchanges.len(), server.api_requests()), (1, 3));
    let grant = exchanges[0].parameter("grant_type");
    assert_eq!(grant, Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    assert_eq!(exchanges[0].parameter("assertion").unwrap().split('.').count(), 3);
}

/// Answers one request with a body in two parts.
fn serve_parts(parts: [&'static [u8]; 2]) -> String {
    use std::io::Write as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").unwrap();
        for part in parts {
            stream.write_all(part).unwrap();
            stream.flush().unwrap();
        }
    });
    url
}

#[test]
fn a_body_is_read_as_a_stream_and_the_rest_as_a_whole() {
    let url = serve_parts([b"[1, 2,", b" 3]"]);
    let client = Client::new(bearer(&url)).unwrap();
    let mut response = client.get(&url).send().unwrap();
    assert_eq!(response.content_length(), Some(9));
    let mut start = [0; 2];
    response.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"[1");
    assert_eq!(response.text().unwrap(), ", 2, 3]");

    let url = serve_parts([b"[1, 2,", b" 3]"]);
    let client = Client::new(bearer(&url)).unwrap();
    let mut all = String::new();
    client.get(&url).send().unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "[1, 2, 3]");

    let url = serve_parts([b"[1, 2,", b" 3 s3cr3t-token"]);
    let client = Client::new(bearer(&url)).unwrap();
    let error = client.get(&url).send().unwrap().json::<Vec<u8>>().unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("line 1, column") && !text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn on_a_blocking_thread_of_a_runtime_it_works_too() {
    let rig = Rig::start();
    let (client, url) = (client(&rig), rig.resource_url("/rs/echo"));
    let status = tokio::task::spawn_blocking(move || client.get(url).send().unwrap().status());
    assert_eq!(status.await.unwrap(), 200);
}

//! Answers of servers as providers get them: byte order marks, encodings, and errors of bodies that are no JSON.

#![cfg(feature = "reqwest")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    thread::{self, JoinHandle},
};

use authn::{
    ErrorKind, Result, Url,
    http::{HttpClient, HttpResponse, header},
};

/// Starts a server that sends one answer, and returns the lines of the request.
fn server(answer: Vec<u8>) -> (Url, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map(std::result::Result::unwrap);
        let request = lines.take_while(|line| !line.is_empty()).collect();
        stream.write_all(&answer).unwrap();
        request
    });
    (url, served)
}

async fn ask(status: &str, headers: &str, body: &[u8]) -> Result<HttpResponse> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    let (url, served) = server([head.as_bytes(), body].concat());
    let response = HttpClient::default().post(&url).send().await;
    served.join().unwrap();
    response
}

#[tokio::test]
async fn a_byte_order_mark_is_dropped() {
    let marked = b"\xef\xbb\xbf{\"token\":\"abc\"}";
    let response = ask("200 OK", "", marked).await.unwrap();
    assert_eq!(response.member::<String>("token").unwrap().as_deref(), Some("abc"));
    assert_eq!(response.bytes(), &marked[3..]);
    let response = ask("200 OK", "", b"\xef\xbb\xbf").await.unwrap();
    assert_eq!(response.bytes(), b"");
    let response = ask("200 OK", "", b"\xef\xbb").await.unwrap();
    assert_eq!(response.bytes(), b"\xef\xbb", "a part of it is none");
}

#[tokio::test]
async fn no_encoding_is_accepted() {
    let (url, served) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    HttpClient::default().get(&url).send().await.unwrap();
    let request = served.join().unwrap();
    assert!(request.contains(&"accept-encoding: identity".to_owned()), "{request:?}");
    let (url, served) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let own = HttpClient::default().get(&url).header(header::ACCEPT_ENCODING, "br");
    own.send().await.unwrap();
    assert!(served.join().unwrap().contains(&"accept-encoding: br".to_owned()));
}

#[tokio::test]
async fn an_encoded_body_is_an_error_that_names_the_encoding() {
    for (status, encoding, says) in [
        ("200 OK", "gzip", Some("the content encoding gzip (status 200)")),
        ("400 Bad Request", "br", Some("the content encoding br (status 400)")),
        ("200 OK", "a secret", Some("the content encoding (status 200)")),
        ("200 OK", "identity, gzip", Some("the content encoding (status 200)")),
        ("200 OK", "Identity", None),
        ("200 OK", "", None),
        // That the server can't answer now is known without the body.
        ("503 Service Unavailable\r\nRetry-After: 7", "gzip", None),
        ("429 Too Many Requests", "gzip", None),
    ] {
        let headers = format!("Content-Encoding: {encoding}\r\n");
        let result = ask(status, &headers, b"secret").await;
        let Some(says) = says else {
            let response = result.unwrap();
            assert_eq!(response.bytes().is_empty(), !response.status().is_success());
            continue;
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.message().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let twice =
        ask("200 OK", "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", b"").await;
    assert!(twice.unwrap_err().message().contains("the content encoding gzip"));
}

#[tokio::test]
async fn the_error_of_a_body_that_is_no_json_says_what_it_looks_like() {
    for (content_type, body, says) in [
        (
            "text/html; charset=utf-8",
            "<html>secret",
            "answered with HTML (text/html) instead of JSON",
        ),
        ("application/json", "", "answered with an empty body (application/json) instead of JSON"),
        ("secret!", "secret", "answered with text instead of JSON"),
        ("text/plain", "{\"token\":\"secret", "JSON that ends too early (text/plain)"),
        ("application/json", "[\"secret\"]", "answered with JSON of another shape than expected"),
    ] {
        let headers = format!("Content-Type: {content_type}\r\n");
        let response = ask("200 OK", &headers, body.as_bytes()).await.unwrap();
        let error = response.member::<String>("token").unwrap_err();
        assert!(error.message().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

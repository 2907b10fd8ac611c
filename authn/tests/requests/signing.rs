//! What a signer sees and changes: the body, headers that are set anew, and their places.

use std::sync::atomic::{AtomicUsize, Ordering};

use authn::{
    Body, Context, Credentials, Error, Placement, Request, Result, Token, TokenProvider, Used,
};

use crate::server::Server;

/// Says of each request what its body is, and numbers it.
#[derive(Debug, Default)]
struct Signer(AtomicUsize);

impl TokenProvider for Signer {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        let seen = match request.body() {
            Body::Empty => "empty".to_owned(),
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => "unknown".to_owned(),
        };
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_string();
        request.replace_header("x-body", seen)?;
        request.replace_header("x-number", &*number)?;
        request.remove_header(String::from("X-Old"))?;
        request.remove_query("old")?;
        request.set_query("signature", "s1gn3d")
    }
}

fn credentials(origin: &str) -> Credentials {
    Credentials::builder().provider(Signer::default()).origin(origin).build().unwrap()
}

#[tokio::test]
async fn a_signer_sees_the_body_that_the_client_sends() {
    let server = Server::start(|_| (200, String::new()));
    let client = server.client(Signer::default());
    let stream = ::reqwest::Body::wrap(http_body_util::Full::<&[u8]>::from(&b"abc"[..]));
    for (request, expected) in [
        (client.get(&server.url), "empty"),
        (client.post(&server.url), "empty"),
        (client.post(&server.url).body("a=1"), "a=1"),
        (client.post(&server.url).form(&[("a", "b c")]), "a=b+c"),
        (client.post(&server.url).body(stream), "unknown"),
    ] {
        request.send().await.unwrap();
        assert_eq!(server.requests().pop().unwrap().header("x-body"), Some(expected));
    }
}

#[tokio::test]
async fn requests_of_http_and_of_reqwest_are_authorised_as_they_are() {
    let credentials = credentials("https://api.example.com");
    let post = || http::Request::post("https://api.example.com/p?a=%20&old=1#part");
    let url = "https://api.example.com/p?a=%20&old=1#part";
    let signed = "/p?a=%20&signature=s1gn3d";

    macro_rules! check {
        ($body:expr, $expected:expr) => {
            let mut request = post().header("x-old", "1").body($body).unwrap();
            credentials.authorize(&mut request).await.unwrap();
            assert_eq!(request.headers()["x-body"], $expected);
            assert!(!request.headers().contains_key("x-old"));
            assert_eq!(request.uri().path_and_query().unwrap(), signed);
        };
    }
    check!((), "empty");
    check!("text", "text");
    check!("text".to_owned(), "text");
    check!(b"bytes".to_vec(), "bytes");
    check!(&b"slice"[..], "slice");
    check!(bytes::Bytes::from_static(b"shared"), "shared");
    check!(http_body_util::Full::<&[u8]>::from(&b"abc"[..]), "unknown");

    let mut request = ::reqwest::Request::new(::reqwest::Method::POST, url.parse().unwrap());
    *request.body_mut() = Some("a=1".into());
    request.headers_mut().insert("x-old", "1".parse().unwrap());
    credentials.authorize(&mut request).await.unwrap();
    assert_eq!(request.headers()["x-body"], "a=1");
    assert!(!request.headers().contains_key("x-old"));
    assert_eq!(request.url().as_str(), format!("https://api.example.com{signed}#part"));

    for url in ["data:text/plain,abc", "https://other.example.com/"] {
        let mut request = ::reqwest::Request::new(::reqwest::Method::GET, url.parse().unwrap());
        credentials.authorize(&mut request).await.unwrap_err();
        assert!(request.headers().is_empty() && request.url().query().is_none(), "{url}");
    }
}

#[tokio::test]
async fn the_body_of_parts_is_what_the_caller_passes() {
    let credentials = credentials("https://api.example.com");
    let known = |method: &str, headers: &[&'static str]| {
        let mut builder = http::Request::builder().method(method).uri("https://api.example.com/");
        for name in headers {
            builder = builder.header(*name, "1");
        }
        let (mut parts, ()) = builder.body(()).unwrap().into_parts();
        !matches!(Request::from(&mut parts).body(), Body::Unknown)
    };
    assert!(known("GET", &[]) && known("HEAD", &[]));
    assert!(!known("POST", &[]) && !known("DELETE", &[]));
    for announces in ["content-length", "content-type", "transfer-encoding"] {
        assert!(!known("GET", &[announces]), "{announces}");
    }
    let (mut parts, mut body) =
        http::Request::post("https://api.example.com/").body(b"a=1".to_vec()).unwrap().into_parts();
    let request = Request::from(&mut parts).with_known_body(Body::Bytes(&body));
    credentials.authorize(request).await.unwrap();
    assert_eq!(parts.headers["x-body"], "a=1");
    credentials.authorize(Request::from(&mut parts).with_body(&mut body)).await.unwrap();
    assert_eq!(parts.headers["x-body"], "a=1");
    assert_eq!(parts.headers["x-number"], "1", "the second authorization replaces the first");
    assert!(!format!("{:?}", Body::Bytes(&body)).contains("a=1"));
}

#[tokio::test]
async fn a_form_of_reqwest_takes_a_token_and_one_that_is_only_shown_does_not() {
    let builder = Credentials::builder().source(authn::from_fn(|_| async { Token::new("t1") }));
    let builder = builder.origin("*").placement(Placement::body("access_token"));
    let credentials = builder.build().unwrap();
    let url = "https://api.example.com/".parse().unwrap();
    let mut request = ::reqwest::Request::new(::reqwest::Method::POST, url);
    *request.body_mut() = Some("a=1".into());
    let form = "application/x-www-form-urlencoded";
    request.headers_mut().insert("content-type", form.parse().unwrap());
    request.headers_mut().insert("content-length", "3".parse().unwrap());
    credentials.authorize(&mut request).await.unwrap();
    assert_eq!(request.body().unwrap().as_bytes(), Some(&b"a=1&access_token=t1"[..]));
    assert!(!request.headers().contains_key("content-length"), "reqwest counts anew");

    let (mut parts, ()) = http::Request::post("https://api.example.com/")
        .header("content-type", form)
        .body(())
        .unwrap()
        .into_parts();
    let request = Request::from(&mut parts).with_known_body(Body::Bytes(b"a=1"));
    let error = credentials.authorize(request).await.unwrap_err();
    assert!(error.to_string().contains("form-encoded"), "{error}");
}

#[tokio::test]
async fn everything_that_a_signer_touches_is_stripped_from_another_origin() {
    let other = Server::start(|_| (200, String::new()));
    let target = other.url.replace("127.0.0.1", "localhost");
    // The server repeats what it got.
    let location = format!("Location: {target}/?old=mine&signature=mine&a=1\r\n");
    let server = Server::start(move |_| (307, location.clone()));
    let client = server.client(Signer::default());
    client.get(&server.url).header("x-old", "mine").header("x-kept", "1").send().await.unwrap();
    let received = other.requests().pop().unwrap();
    assert_eq!(received.target, "/?a=1");
    for name in ["x-body", "x-number", "x-old"] {
        assert_eq!(received.header(name), None, "{name}");
    }
    assert_eq!(received.header("x-kept"), Some("1"));
}

#[test]
fn a_name_or_a_value_that_cannot_be_sent_is_an_error_without_the_value() {
    let (mut parts, ()) = http::Request::get("https://a.test/").body(()).unwrap().into_parts();
    let mut used = Used::default();
    let mut request = Request::from(&mut parts).with_used(&mut used);
    let error = request.set_header("no name", "abc").unwrap_err();
    assert!(error.to_string().contains("name"), "{error}");
    let error = request.replace_header("x-key", "s3cr3t\n").unwrap_err();
    assert!(error.to_string().contains("`x-key`") && !error.to_string().contains("s3cr3t"));
    assert!(parts.headers.is_empty());
}

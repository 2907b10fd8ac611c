//! What `context.http()` sends: methods, bodies, headers, and redirects within an origin.

#![cfg(feature = "reqwest")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    io::{BufRead, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use authn::{
    ErrorKind, Url,
    http::{HeaderName, HttpClient, HttpRequest, Method, header},
};

#[derive(Clone, Debug)]
struct Received {
    /// The method and the path.
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

struct Server {
    url: Url,
    requests: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// `answer` returns the status and further headers for a path.
    fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let requests = Arc::<Mutex<Vec<Received>>>::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let received = receive(&mut BufReader::new(&stream));
                let path = received.line.split(' ').nth(1).unwrap().to_owned();
                let (status, headers) = answer(&path);
                noted.lock().unwrap().push(received);
                let end = "Connection: close\r\nContent-Length: 0\r\n";
                write!(stream, "HTTP/1.1 {status} -\r\n{end}{headers}\r\n").unwrap();
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|received| received.line).collect()
    }
}

fn receive(stream: &mut impl BufRead) -> Received {
    let mut lines = stream.by_ref().lines().map(std::result::Result::unwrap);
    let line = lines.next().unwrap().replace(" HTTP/1.1", "");
    let headers: Vec<_> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    let mut received = Received { line, headers, body: Vec::new() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    received.body = vec![0; length];
    stream.read_exact(&mut received.body).unwrap();
    received
}

#[tokio::test]
async fn each_method_is_sent_with_its_body_and_media_type() {
    let server = Server::start(|_| (200, String::new()));
    let (http, url) = (HttpClient::default(), &server.url);
    let bytes: Vec<u8> = (0..=255).collect();
    let purge: Method = "PURGE".parse().unwrap();
    let octets = "application/octet-stream";
    let cases: Vec<(HttpRequest, &str, Option<&str>, &[u8])> = vec![
        (http.get(url), "GET /", None, b""),
        (http.head(url), "HEAD /", None, b""),
        (http.delete(url), "DELETE /", None, b""),
        (http.put(url).body(octets, bytes.clone()), "PUT /", Some(octets), &bytes),
        (http.patch(url).json(&[1]), "PATCH /", Some("application/json"), b"[1]"),
        (http.post(url).body("text/plain", "a b"), "POST /", Some("text/plain"), b"a b"),
        (http.request(purge, url), "PURGE /", None, b""),
    ];
    let expected: Vec<_> =
        cases.iter().map(|(_, line, kind, body)| (*line, *kind, body.to_vec())).collect();
    for (request, ..) in cases {
        request.send().await.unwrap().success().unwrap();
    }
    for (received, (line, kind, body)) in server.requests().iter().zip(expected) {
        assert_eq!((received.line.as_str(), received.header("content-type")), (line, kind));
        assert_eq!(received.body, body, "{line}");
    }
    assert_eq!(server.requests().len(), 7);
}

#[tokio::test]
async fn a_header_is_named_by_text_and_its_faults_are_told_at_the_end() {
    let server = Server::start(|_| (200, String::new()));
    let (http, url) = (HttpClient::default(), &server.url);
    let name = HeaderName::from_static("x-constant");
    let request = http.get(url).header("X-Text", "a").header(&name, "b").header(header::ETAG, "c");
    request.send().await.unwrap();
    let received = &server.requests()[0];
    assert_eq!(
        ["x-text", "x-constant", "etag"].map(|name| received.header(name).unwrap()),
        ["a", "b", "c"]
    );
    for (request, says) in [
        (http.get(url).header("not a name", "s3cr3t"), "the name of a header"),
        (http.get(url).header("x", "s3cr3t\n").header("not a name", ""), "the header `x`"),
        (http.put(url).body("a\nb", "s3cr3t"), "the media type"),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }
    assert_eq!(server.requests().len(), 1, "nothing of these was sent");
}

#[tokio::test]
async fn the_answer_to_a_head_has_no_body_to_decode() {
    let server = Server::start(|_| (200, "Content-Encoding: gzip\r\n".to_owned()));
    let http = HttpClient::default();
    assert!(http.head(&server.url).send().await.is_ok());
    assert!(http.get(&server.url).send().await.is_err());
}

#[tokio::test]
async fn redirects_are_followed_within_the_origin_if_that_is_asked_for() {
    let elsewhere = Server::start(|_| (200, String::new()));
    let other = elsewhere.url.clone();
    let server = Server::start(move |path| {
        let to = |location: &str| format!("Location: {location}\r\n");
        match path.trim_start_matches('/') {
            "301" => (301, to("/end?s3cr3t")),
            "303" => (303, to("end")),
            "307" => (307, to("/end")),
            "308" => (308, to("/end")),
            "304" => (304, to("/end")),
            "none" => (302, String::new()),
            "bad" => (302, to("http://[/s3cr3t")),
            "user" => (302, to("//s3cr3t@127.0.0.1/")),
            "elsewhere" => (307, to(&format!("{other}s3cr3t"))),
            "encoded" => (307, to("https://c2VjcmV0LW9mLWNsaWVudA.test/")),
            "plain" => (307, to("https://secret-of-client.test/")),
            "endless" => (307, to("/endless")),
            _ => (200, String::new()),
        }
    });
    let http = HttpClient::default();
    let post = |path: &str| {
        let url = server.url.join(path).unwrap();
        http.post(&url).header("x-key", "k").form(&[("a", "b")])
    };
    for (path, line, body) in [
        ("301", "GET /end?s3cr3t", ""),
        ("303", "GET /end", ""),
        ("307", "POST /end", "a=b"),
        ("308", "POST /end", "a=b"),
    ] {
        let error = post(path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.message().contains("of this server, which is not followed"), "{error}");
        post(path).same_origin_redirects().send().await.unwrap().success().unwrap();
        let last = server.requests().pop().unwrap();
        assert_eq!((last.line.as_str(), &*last.body), (line, body.as_bytes()));
        assert_eq!(last.header("x-key"), Some("k"));
        assert_eq!(last.header("content-type").is_some(), !body.is_empty());
    }
    for (path, says) in [
        ("elsewhere", "redirect to another origin, http://127.0.0.1:"),
        ("user", "redirect to another origin"),
        ("none", "redirect to another origin"),
        ("bad", "redirect to another origin"),
        ("304", "redirect to another origin"),
        ("endless", "redirects in a loop"),
    ] {
        let error = post(path).same_origin_redirects().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{path}");
        assert!(error.message().contains(says), "{path}: {error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
    // The host of a URL is in lower case, and base64 is not.
    for (path, says) in [
        ("elsewhere", "redirect to http://127.0.0.1:"),
        ("encoded", "redirect, which is not followed"),
        ("plain", "redirect, which is not followed"),
    ] {
        let url = server.url.join(path).unwrap();
        let request = http.post(&url).form(&[("a", "secret-of-client")]);
        let error = request.send().await.unwrap_err();
        assert!(error.message().contains(says), "{path}: {error}");
    }
    assert!(elsewhere.requests().is_empty());
    assert_eq!(server.lines().iter().filter(|line| line.ends_with("endless")).count(), 11);
}

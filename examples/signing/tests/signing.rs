//! The provider against a small service on loopback, which checks what was signed.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use authn::{
    Credentials, Environment, Loader,
    reqwest::Client,
    time::{Clock, ManualClock},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use signing as _;

const KEY: &str = "issued-k3y";

/// A request, as the service got it.
#[derive(Clone, Debug)]
struct Received {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn is_signed(&self) -> bool {
        let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(&self.body)));
        let text = format!("{}\n{}\n{}\n{digest}", self.method, self.path, self.header("x-date"));
        signature(&text) == self.header("x-signature") && digest == self.header("content-digest")
    }
}

fn signature(text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key of any length");
    BASE64.encode(mac.chain_update(text).finalize().into_bytes())
}

/// The service. It issues the key at `/key`, and sends what is asked of `/away` to another address.
struct Server {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    fn start(away: Option<&Self>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("the port"));
        let (away, received) = (away.map(|away| away.url.clone()), Arc::<Mutex<Vec<_>>>::default());
        let noted = Arc::clone(&received);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut stream = connection.expect("a connection");
                let request = receive(&stream);
                let is_code = request.body == b"code=c0de";
                let (status, headers, body) = match &*request.path {
                    "/key" if is_code => ("200 OK", String::new(), format!("\"{KEY}\"")),
                    "/key" => ("403 Forbidden", String::new(), String::new()),
                    "/away" => {
                        let away = away.as_deref().unwrap_or_default();
                        ("307 Elsewhere", format!("Location: {away}/\r\n"), String::new())
                    }
                    _ => ("200 OK", String::new(), String::new()),
                };
                noted.lock().expect("a test has failed").push(request);
                let length = body.len();
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}");
                let answer = format!("{head}Content-Length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).expect("an open connection");
            }
        });
        Self { url, received }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().expect("a test has failed").clone()
    }

    fn configuration(&self, code: &str) -> String {
        format!(
            "[credentials]\norigins = ['{0}']\n[credentials.signed]\nurl = '{0}/key'\ncode = '{code}'\n",
            self.url
        )
    }

    fn credentials(&self, folder: &Path, clock: &ManualClock) -> Credentials {
        let environment = Environment::empty().state_directory(folder);
        let loader = Loader::new().environment(environment);
        let loader = loader.defaults(&self.configuration("c0de"));
        loader.clock(Clock::custom(clock.clone())).load().expect("a provider")
    }
}

fn receive(stream: &TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let mut words = lines[0].split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = lines.iter().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut request = Received { method, path, headers, body: Vec::new() };
    request.body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut request.body).expect("a body");
    request
}

#[tokio::test]
async fn each_request_is_signed_with_the_body_that_is_sent_and_the_key_is_issued_once() {
    let (server, clock) = (Server::start(None), ManualClock::new());
    let folder = tempfile::tempdir().expect("a folder");
    for _ in ["first program", "second program"] {
        let client = Client::new(server.credentials(folder.path(), &clock)).expect("a client");
        let url = format!("{}/things?a=1", server.url);
        for request in [client.get(&url), client.post(&url), client.put(&url).body("a body")] {
            request.send().await.expect("an answer");
        }
    }
    let received = server.received();
    let of_key = received.iter().filter(|request| request.path == "/key").count();
    assert_eq!((of_key, received.len()), (1, 7));
    for request in received.iter().filter(|request| request.path != "/key") {
        assert!(request.is_signed(), "{request:?}");
    }
}

#[tokio::test]
async fn one_key_is_issued_for_all_requests_of_all_programs_that_come_first_at_once() {
    let (server, clock) = (Server::start(None), ManualClock::new());
    let folder = tempfile::tempdir().expect("a folder");
    // Each has a store of its own, as each program has.
    let programs = [(); 2].map(|()| server.credentials(folder.path(), &clock));
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..8 {
        let client = Client::new(programs[number % 2].clone()).expect("a client");
        requests.spawn(client.get(format!("{}/things", server.url)).send());
    }
    for answer in requests.join_all().await {
        answer.expect("an answer");
    }
    let received = server.received();
    let (of_key, signed): (Vec<_>, Vec<_>) =
        received.iter().partition(|request| request.path == "/key");
    assert_eq!((of_key.len(), signed.len()), (1, 8));
    assert!(signed.iter().all(|request| request.is_signed()));
}

#[tokio::test]
async fn the_same_parts_get_a_new_date_and_signature_each_time() {
    let (server, clock) = (Server::start(None), ManualClock::new());
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = server.credentials(folder.path(), &clock);
    let mut request =
        http::Request::post(format!("{}/things", server.url)).body("a body").expect("a request");
    credentials.authorize(&mut request).await.expect("a signature");
    let first = request.headers().clone();
    clock.advance(Duration::from_secs(90));
    credentials.authorize(&mut request).await.expect("a signature");
    let second = request.headers();
    let seconds = |headers: &http::HeaderMap| -> u64 {
        headers["x-date"].to_str().expect("text").parse().expect("a number")
    };
    assert_eq!(seconds(second) - seconds(&first), 90);
    assert_ne!(second["x-signature"], first["x-signature"]);
    assert_eq!(second["content-digest"], first["content-digest"]);
    assert_eq!(second.len(), 3, "one of each");
}

#[tokio::test]
async fn a_redirect_to_another_origin_has_no_signature() {
    let other = Server::start(None);
    let server = Server::start(Some(&other));
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = server.credentials(folder.path(), &ManualClock::new());
    let client = Client::new(credentials).expect("a client");
    client.post(format!("{}/away", server.url)).body("a body").send().await.expect("an answer");
    let received = other.received();
    assert_eq!(received.len(), 1);
    for name in ["x-date", "x-signature", "content-digest"] {
        assert_eq!(received[0].header(name), "", "{name}");
    }
    assert!(server.received().last().expect("a request").is_signed());
}

#[tokio::test]
async fn a_body_that_is_not_known_is_refused() {
    let server = Server::start(None);
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = server.credentials(folder.path(), &ManualClock::new());
    let (mut parts, ()) =
        http::Request::post(&server.url).body(()).expect("a request").into_parts();
    let error = credentials.authorize(&mut parts).await.expect_err("no body").to_string();
    assert!(error.contains("send a body that is in memory"), "{error}");
    assert!(parts.headers.is_empty());
}

/// `signing header`, with a configuration of its own.
fn header(folder: &Path, configuration: &str, arguments: &[&str], input: &[u8]) -> (bool, String) {
    let file = folder.join("config.toml");
    std::fs::write(&file, configuration).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_signing"))
        .args(["--config".as_ref(), file.as_os_str()])
        .arg("header")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("its input").write_all(input).expect("an open pipe");
    let output = child.wait_with_output().expect("its end");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

#[test]
fn the_command_line_signs_the_body_that_it_is_given() {
    let server = Server::start(None);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("body.json"), "{\n \"a\": 1\r\n}\n").expect("a file");
    let url = format!("{}/things?a=1", server.url);
    for (arguments, input, method, body) in [
        (&["--data", "text"][..], "", "POST", "text"),
        (&["--data", ""], "", "POST", ""),
        (&["--data", "@body.json"], "", "POST", "{ \"a\": 1}"),
        (&["--data-binary", "@body.json", "--method", "PUT"], "", "PUT", "{\n \"a\": 1\r\n}\n"),
        (&["--data", "@-"], "from\na pipe\n", "POST", "froma pipe"),
        (&["--data-binary", "@-"], "from\na pipe\n", "POST", "from\na pipe\n"),
        (&[], "", "GET", ""),
    ] {
        let arguments = [&["--url", &*url], arguments].concat();
        let (is_done, text) =
            header(folder.path(), &server.configuration("c0de"), &arguments, input.as_bytes());
        assert!(is_done, "{text}");
        let headers = text.lines().filter_map(|line| line.split_once(": "));
        let request = Received {
            method: method.to_owned(),
            path: "/things?a=1".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.into(),
        };
        assert!(request.is_signed(), "{arguments:?} {text}");
    }
    for (arguments, words) in [
        (&["--method", "POST"][..], "is not known"),
        (&["--data", "@missing"], "the file of `--data` can't be read"),
        (&["--data-binary", "@"], "the file of `--data-binary` can't be read"),
        (&["--data", "a", "--data-binary", "b"], "cannot be used with"),
    ] {
        let arguments = [&["--url", &*url], arguments].concat();
        let (is_done, text) = header(folder.path(), &server.configuration("c0de"), &arguments, b"");
        assert!(!is_done && text.contains(words), "{text}");
    }
}

#[test]
fn keeps_the_rules() {
    let server = Server::start(None);
    let options = format!("url = '{}/key'\ncode = 'c0de'", server.url);
    let report = authn::conformance::check::<signing::Signed>(&options);
    let error = report.token.expect_err("it signs, and has no token");
    assert_eq!(error.kind(), authn::ErrorKind::NoToken);
}

//! The provider against a small vault on loopback.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use authn::{
    Credentials, Environment, Loader, conformance,
    reqwest::Client,
    time::{Clock, ManualClock},
};
use vault::Vault;

const LEASE: u64 = 3600;

/// A vault: it knows one token at a time.
#[derive(Default)]
struct State {
    /// What it did, such as `login` or `renew t1`.
    log: Vec<String>,
    token: Option<String>,
    tokens: usize,
    is_renewable: bool,
    /// Whether it refuses to renew, such as at the longest lifetime.
    refuses_renewal: bool,
}

struct Server {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("the port"));
        let state = Arc::new(Mutex::new(State { is_renewable: true, ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming() {
                answer(&connection.expect("a connection"), &shared);
            }
        });
        Self { url, state }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("a test has failed"));
    }

    fn log(&self) -> Vec<String> {
        self.state.lock().expect("a test has failed").log.clone()
    }

    fn options(&self) -> String {
        format!("url = '{}'\nrole_id = 'r'\nsecret_id = 's'\n", self.url)
    }

    fn credentials(&self, clock: &ManualClock) -> Credentials {
        let origin = self.url.trim_end_matches('/');
        let text = format!(
            "[credentials]\norigins = ['{origin}']\n[credentials.vault]\n{}",
            self.options()
        );
        let loader = Loader::new().environment(Environment::empty()).defaults(&text);
        loader.clock(Clock::custom(clock.clone())).load().expect("a provider")
    }
}

fn answer(mut stream: &TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        let line = line.trim().to_owned();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.parse().expect("a number");
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("text");
    let sent = head
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("x-vault-token: ").map(str::to_owned));
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let mut state = state.lock().expect("a test has failed");
    let is_known = sent.is_some() && sent == state.token;
    let sent = sent.unwrap_or_default();
    let granted = match path {
        "/v1/auth/approle/login" => {
            state.log.push("login".to_owned());
            (body == r#"{"role_id":"r","secret_id":"s"}"#).then(|| {
                state.tokens += 1;
                state.token = Some(format!("t{}", state.tokens));
            })
        }
        "/v1/auth/token/renew-self" => {
            state.log.push(format!("renew {sent}"));
            (is_known && !state.refuses_renewal).then_some(())
        }
        _ => {
            state.log.push(format!("read {sent}"));
            is_known.then_some(())
        }
    };
    let (status, body) = match (granted, &state.token) {
        (Some(()), Some(token)) => (
            "200 OK",
            format!(
                r#"{{"lease_id": "", "lease_duration": 0, "auth": {{"client_token": "{token}", "lease_duration": {LEASE}, "renewable": {}}}}}"#,
                state.is_renewable
            ),
        ),
        _ => ("403 Forbidden", r#"{"errors": ["permission denied"]}"#.to_owned()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    stream
        .write_all(format!("{head}Content-Type: application/json\r\n\r\n{body}").as_bytes())
        .expect("an open connection");
}

async fn read(client: &Client, server: &Server) -> u16 {
    let response = client.get(format!("{}v1/secret/data/things", server.url)).send().await;
    response.expect("an answer").status().as_u16()
}

#[test]
fn keeps_the_rules() {
    let server = Server::start();
    let report = conformance::check::<Vault>(&server.options());
    assert_eq!(report.token.expect("a token").secret(), "t1");
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_by_a_login_within_the_request() {
    let server = Server::start();
    let client = Client::new(server.credentials(&ManualClock::new())).expect("a client");
    assert_eq!(read(&client, &server).await, 200);
    assert_eq!(read(&client, &server).await, 200);
    // An operator revokes it.
    server.change(|state| state.token = None);
    assert_eq!(read(&client, &server).await, 200);
    let expected = ["login", "read t1", "read t1", "read t1", "login", "read t2"];
    assert_eq!(server.log(), expected, "one login, and no renewal of a refused token");
}

/// Waits for the exchange that a refresh in the background makes.
async fn next_exchange(server: &Server, credentials: &Credentials) {
    let before = server.log().len();
    credentials.token().await.expect("a token");
    while server.log().len() == before {
        tokio::task::yield_now().await;
    }
    // The answer is used once its flight has ended.
    credentials.close().await;
}

#[tokio::test]
async fn a_token_renews_itself_before_its_lease_ends_and_is_replaced_if_it_cannot() {
    for (is_renewable, refuses_renewal, expected) in [
        (true, false, &["login", "renew t1"][..]),
        (true, true, &["login", "renew t1", "login"]),
        (false, false, &["login", "login"]),
    ] {
        let (server, clock) = (Server::start(), ManualClock::new());
        server.change(|state| {
            state.is_renewable = is_renewable;
            state.refuses_renewal = refuses_renewal;
        });
        let credentials = server.credentials(&clock);
        credentials.token().await.expect("a token");
        clock.advance(Duration::from_secs(LEASE - 60));
        next_exchange(&server, &credentials).await;
        assert_eq!(server.log(), expected);
    }
}

#[tokio::test]
async fn a_token_whose_lease_has_ended_is_replaced_by_a_login() {
    let (server, clock) = (Server::start(), ManualClock::new());
    let credentials = server.credentials(&clock);
    credentials.token().await.expect("a token");
    clock.advance(Duration::from_secs(LEASE * 2));
    credentials.token().await.expect("a token");
    assert_eq!(server.log(), ["login", "login"]);
}

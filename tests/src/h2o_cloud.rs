//! An H2O AI Cloud on loopback: its discovery service, its authorization server and a service.
//!
//! The discovery service answers as the published client of H2O expects it. A test changes its answers.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use authn::testing::TokenServer;
use serde_json::{Value, json};

/// Where the discovery service is, below the environment's address.
const WELL_KNOWN: &str = "/.ai.h2o.cloud.discovery";

/// An environment. It ends with the test.
#[derive(Debug)]
pub struct Cloud {
    url: String,
    /// The authorization server, and the service `api`.
    pub tokens: TokenServer,
    state: Arc<Mutex<State>>,
}

/// What the discovery service answers.
#[derive(Debug)]
pub struct Answers {
    /// The answer about the environment.
    pub environment: Value,
    /// The clients.
    pub clients: Vec<Value>,
    /// The services.
    pub services: Vec<Value>,
    /// The entries of a page.
    pub page: usize,
    /// What a page names as the next one, in place of the right one.
    pub next: Option<String>,
    /// The address that every request is redirected to; the path is added.
    pub redirect: Option<String>,
    /// The status and the body of every answer, in place of the right one.
    pub instead: Option<(u16, String)>,
    /// Further answers by their paths, such as those of an authorization server that is here.
    pub others: BTreeMap<&'static str, Value>,
}

#[derive(Debug)]
struct State {
    answers: Answers,
    seen: Vec<String>,
    /// Whether each of them had a token.
    authorized: Vec<bool>,
    /// The paths and the bodies of requests that have one.
    posted: Vec<(String, String)>,
}

impl Cloud {
    /// Starts an environment with the clients `platform` and `other`, and with services at several addresses: `api` is at
    /// [`tokens`](Self::tokens).
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let tokens = TokenServer::start().expect("an authorization server");
        for user in ["first", "alice", "bob"] {
            tokens.accept_refresh_token(user);
        }
        let service = |name: &str, uri: &str, scope: &str| {
            let name = format!("services/{name}");
            json!({ "name": name, "displayName": name, "uri": uri, "oauth2Scope": scope, "version": "1" })
        };
        let client = |name: &str| {
            json!({
                "name": format!("clients/{name}"),
                "displayName": name,
                "oauth2ClientId": format!("id-of-{name}"),
            })
        };
        let answers = Answers {
            environment: json!({
                "h2oCloudEnvironment": url,
                "issuerUrl": tokens.issuer_url(),
                "h2oCloudPlatformOauth2Scope": "platform-scope",
                "h2oCloudVersion": "MC 23.04.01",
            }),
            clients: vec![client("platform"), client("other")],
            services: vec![
                service("api", &tokens.url("/api"), "api-scope"),
                service("drive", "https://drive.example.com/v1", ""),
                service("same-host", "https://drive.example.com/v2", ""),
                service("clear", "http://clear.example.com/", ""),
                service("pattern", "https://*.example.com/", ""),
                service("other-protocol", "grpc.example.com:443", ""),
            ],
            page: 100,
            next: None,
            redirect: None,
            instead: None,
            others: BTreeMap::new(),
        };
        let (seen, authorized, posted) = (Vec::new(), Vec::new(), Vec::new());
        let state = Arc::new(Mutex::new(State { answers, seen, authorized, posted }));
        let served = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&served);
                // A connection that ends early has no request to answer.
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { url, tokens, state }
    }

    /// Returns the address of the environment.
    pub fn environment(&self) -> &str {
        &self.url
    }

    /// Returns the address of the discovery service.
    pub fn discovery_address(&self) -> String {
        format!("{}{WELL_KNOWN}", self.url)
    }

    /// Returns the address of the service `api`.
    pub fn api(&self) -> String {
        self.tokens.url("/api")
    }

    /// Changes what the discovery service answers from now on.
    pub fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut lock(&self.state).answers);
    }

    /// Returns the requests to the discovery service so far, without the path that all of them have.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.state).seen.clone()
    }

    /// Returns whether each of these requests had a header `Authorization`.
    pub fn authorized(&self) -> Vec<bool> {
        lock(&self.state).authorized.clone()
    }

    /// Returns the paths and the bodies of the requests so far that had one.
    pub fn posted(&self) -> Vec<(String, String)> {
        lock(&self.state).posted.clone()
    }

    /// Writes the file of H2O's command line, which only its owner can read, with refresh tokens of its two clients.
    pub fn write_file(&self, path: &Path, token: &str, platform_token: &str) {
        let text = format!(
            "Endpoint = \"{}/\"\nClientID = \"id-of-other\"\nToken = \"{token}\"\n\
             PlatformClientID = \"id-of-platform\"\nPlatformToken = \"{platform_token}\"\n",
            self.url
        );
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of the file");
        fs::write(path, text).expect("the file of the command line");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its owner's file");
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request; the connection ends with it.
fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = reader.by_ref().lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let (mut is_authorized, mut length) = (false, 0);
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        let line = line.to_lowercase();
        is_authorized |= line.starts_with("authorization:");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    lock(state).authorized.push(is_authorized);
    if length > 0 {
        let mut body = String::new();
        reader.take(length).read_to_string(&mut body)?;
        lock(state).posted.push((target.clone(), body));
    }
    let (head, body) = answer(&target, state);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// Returns the status with further headers, and the body.
fn answer(target: &str, state: &Mutex<State>) -> (String, String) {
    let mut state = lock(state);
    let below = target.strip_prefix(WELL_KNOWN).unwrap_or(target).to_owned();
    state.seen.push(below.clone());
    let answers = &state.answers;
    if let Some(body) = answers.others.get(target) {
        return ("200 OK".to_owned(), body.to_string());
    }
    // Once: the target of a redirect has another path.
    if let (Some(to), false) = (&answers.redirect, target.starts_with("/moved")) {
        return (format!("307 -\r\nLocation: {to}{below}"), String::new());
    }
    if let Some((status, body)) = &answers.instead {
        return (format!("{status} -"), body.clone());
    }
    let below = below.strip_prefix("/moved").unwrap_or(&below);
    let (path, query) = below.split_once('?').unwrap_or((below, ""));
    let body = match path {
        "/v1/environment" => json!({ "environment": answers.environment }),
        "/v1/clients" => page("clients", &answers.clients, query, answers),
        "/v1/services" => page("services", &answers.services, query, answers),
        _ => return ("404 -".to_owned(), "{}".to_owned()),
    };
    ("200 OK".to_owned(), body.to_string())
}

/// Returns a page of a list, with the token of the next one, which has to be encoded in a query.
fn page(name: &str, entries: &[Value], query: &str, answers: &Answers) -> Value {
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "pageToken");
    let start = asked.and_then(|(_, token)| token.strip_prefix("from+&=")?.parse().ok());
    let start: usize = start.unwrap_or(0);
    let end = (start + answers.page).min(entries.len());
    let mut page = json!({ name: entries.get(start..end).unwrap_or_default() });
    if end < entries.len() {
        page["nextPageToken"] = format!("from+&={end}").into();
    }
    if let Some(next) = &answers.next {
        page["nextPageToken"] = next.as_str().into();
    }
    page
}

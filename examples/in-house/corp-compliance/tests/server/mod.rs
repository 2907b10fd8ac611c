//! The corporate authorization server, on loopback. It does each step in its own way, and no step as OAuth 2 says.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

/// A request with its headers and the parameters of its form.
struct Request {
    path: String,
    headers: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

/// Starts the server, which knows one client, and returns its address. It ends with the test.
pub(crate) fn start(secret: &'static str) -> String {
    serve(move |request| answer(request, secret))
}

/// Starts a server that answers everything with this status and body.
pub(crate) fn start_failing(status: u16, body: String) -> String {
    serve(move |_| (status, body.clone()))
}

fn serve(answer: impl Fn(&Request) -> (u16, String) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port");
    thread::spawn(move || {
        for connection in listener.incoming() {
            let answer = answer.clone();
            // A client may open more connections than it uses.
            thread::spawn(move || connection.and_then(|connection| respond(connection, answer)));
        }
    });
    format!("http://{address}")
}

fn answer(request: &Request, secret: &str) -> (u16, String) {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let form = |name: &str| request.form.get(name).map(String::as_str);
    if (header("x-corp-client"), header("x-corp-secret")) != (Some("reports"), Some(secret)) {
        return (401, r#"{"error":"invalid_client"}"#.to_owned());
    }
    let refused = (400, r#"{"error":"invalid_request"}"#.to_owned());
    match (&*request.path, form("grant_type")) {
        ("/token", Some("refresh_token")) if form("scope").is_none() => {
            let (true, Some("r1")) = (form("refresh_token").is_none(), form("renewal_token"))
            else {
                return refused;
            };
            (200, r#"{"accessToken":"a2","renewalToken":"r2","expires_in":600}"#.to_owned())
        }
        ("/token", Some("password")) if form("application") == Some("reports") => {
            let data = r#"{"access_token":"a1","refresh_token":"r1","expires_in":600}"#;
            (200, format!(r#"{{"data":{data}}}"#))
        }
        // The access token ends with its session, so it is unknown when it is revoked afterwards.
        ("/sessions/end", None) => match form("id") {
            Some("r2") => (200, String::new()),
            Some(_) => (404, String::new()),
            None => refused,
        },
        _ => refused,
    }
}

fn respond(
    mut connection: TcpStream,
    answer: impl Fn(&Request) -> (u16, String),
) -> io::Result<()> {
    let (status, body) = answer(&Request::read(&connection)?);
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

impl Request {
    fn read(connection: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(connection);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        let mut body = Vec::new();
        reader.take(length.unwrap_or(0)).read_to_end(&mut body)?;
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let form = url::form_urlencoded::parse(&body).into_owned().collect();
        Ok(Self { path, headers, form })
    }
}

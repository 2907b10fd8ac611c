//! `Server`: a server that does what a case says, by HTTP or by TLS.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde::Deserialize;

use crate::certificates::Certificate;

/// What a server does.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// The certificate that it shows; without one, it speaks plain HTTP.
    tls: Option<Certificate>,
    /// The host in its URL.
    #[serde(default = "localhost")]
    host: String,
    /// The scheme in its URL, if it is not the one that it speaks.
    scheme: Option<String>,
    /// Whether it reads requests and never answers.
    #[serde(default)]
    hangs: bool,
    #[serde(default)]
    answers: Vec<Answer>,
}

/// An answer to each request whose method and target begin so. In its body `{server}` is the server's URL, and in its headers
/// `{earlier}` is a date some days ago.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    to: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// A server that runs until the test has ended.
pub(crate) struct Server {
    url: String,
}

impl Server {
    pub(crate) fn start(script: &Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let scheme = if script.tls.is_some() { "https" } else { "http" };
        let scheme = script.scheme.as_deref().unwrap_or(scheme);
        let port = listener.local_addr().unwrap().port();
        let url = format!("{scheme}://{}:{port}", script.host);
        let tls = script.tls.map(Certificate::config);
        let (script, at) = (script.clone(), url.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, tls) = (stream.unwrap(), tls.clone());
                let (script, at) = (script.clone(), at.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, &script, &at),
                    Some(tls) => serve(secured(stream, tls), &script, &at),
                });
            }
        });
        Self { url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn secured<S: Read + Write>(stream: S, tls: Arc<ServerConfig>) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)
}

/// Answers one request. A client may leave at any time.
fn serve(stream: impl Read + Write, script: &Script, at: &str) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut line = Vec::new();
        if !matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
            return;
        }
        let Ok(line) = String::from_utf8(line) else {
            // As servers of plain HTTP answer the first message of TLS.
            drop(stream.get_mut().write_all(b"HTTP/1.1 400 \r\nconnection: close\r\n\r\n"));
            return;
        };
        head += &line;
    }
    if !head.contains(" HTTP/1.1\r\n") {
        return;
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    if script.hangs {
        thread::park();
    }
    let answer = script.answers.iter().find(|answer| head.starts_with(&answer.to));
    let (status, body) = answer.map_or((404, ""), |answer| (answer.status, &answer.body));
    let body = body.replace("{server}", at);
    let headers = answer.iter().flat_map(|answer| &answer.headers);
    // Off by days and hours, whatever the time of day is.
    let earlier = SystemTime::now() - Duration::from_mins(60 * 60 + 30);
    let earlier = httpdate::fmt_http_date(earlier);
    let headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat().replace("{earlier}", &earlier);
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} \r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    drop(stream.get_mut().write_all(text.as_bytes()));
    drop(stream.get_mut().flush());
}

/// Returns an address of this machine at which no program listens.
pub(crate) fn closed() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("127.0.0.1:{}", listener.local_addr().unwrap().port())
}

fn localhost() -> String {
    "localhost".to_owned()
}

fn ok() -> u16 {
    200
}

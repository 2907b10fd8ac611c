//! A server that accepts one token, notes the targets of its requests, and gives each the same answer.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use authn::{Credentials, Token, from_fn};

/// A server of one SDK.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that accepts `accepted`, such as `Bearer t1`, and answers with this body.
    pub(crate) fn start(accepted: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(&stream);
                let (mut head, mut length) = (Vec::new(), 0);
                loop {
                    let mut line = String::new();
                    lines.read_line(&mut line).unwrap();
                    match line.trim_end() {
                        "" => break,
                        line => head.push(line.to_owned()),
                    }
                    let (name, value) = line.split_once(':').unwrap_or_default();
                    if name.eq_ignore_ascii_case("content-length") {
                        length = value.trim().parse().unwrap();
                    }
                }
                lines.read_exact(&mut vec![0; length]).unwrap();
                let authorization = head.iter().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
                });
                let target = head[0].split(' ').take(2).collect::<Vec<_>>().join(" ");
                noted.lock().unwrap().push(target);
                let status = if authorization.as_deref() == Some(accepted) { 200 } else { 401 };
                let answer = format!(
                    "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Type: application/json\r\n\
                     ETag: \"1\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, seen }
    }

    /// Returns the methods and targets of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Returns credentials whose tokens are `t1`, `t2` …, with their scopes behind.
pub(crate) fn credentials(origin: &str) -> Credentials {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let source = from_fn(move |context: authn::Context| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let scopes: String = context.scopes().iter().map(|scope| format!("+{scope}")).collect();
        async move {
            let lifetime = std::time::Duration::from_secs(3600);
            Ok(Token::new(format!("t{number}{scopes}"))?.with_expires_in(lifetime))
        }
    });
    Credentials::builder().source(source).origin(origin).build().unwrap()
}

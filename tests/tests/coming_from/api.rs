//! An API that notes each request, as the service that a program calls.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request as it came. Names of headers are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Returns the status and the body; of a redirect, the address instead of a body.
type Answer = dyn Fn(&Seen) -> (u16, String) + Send + Sync;

/// An API on a free port of the loopback interface.
pub(crate) struct Api {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Api {
    /// Answers every request with the status 200.
    pub(crate) fn start() -> Self {
        Self::answering(|_| (200, String::new()))
    }

    /// Answers with the status and the body that a function returns.
    pub(crate) fn answering(
        answer: impl Fn(&Seen) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (noted, answer): (_, Arc<Answer>) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                // A connection that ends early has no request to note.
                thread::spawn(move || serve(stream, &noted, &*answer));
            }
        });
        Self { url, seen }
    }

    /// Sends every request to another address.
    pub(crate) fn redirecting(target: &str) -> Self {
        let target = target.to_owned();
        Self::answering(move |_| (307, target.clone()))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Returns the requests so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the value of a header in each request so far.
    pub(crate) fn headers(&self, name: &str) -> Vec<Option<String>> {
        self.seen().iter().map(|seen| seen.header(name).map(str::to_owned)).collect()
    }
}

/// Answers one request; the connection ends with it.
fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Seen>>, answer: &Answer) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let Some(target) = line.split(' ').nth(1).map(str::to_owned) else { return Ok(()) };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let seen = Seen { target, headers };
    let (status, body) = answer(&seen);
    noted.lock().unwrap().push(seen);
    let end = if status == 307 {
        format!("Location: {body}\r\nContent-Length: 0\r\n\r\n")
    } else {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    write!(stream, "HTTP/1.1 {status} -\r\nConnection: close\r\n{end}")
}

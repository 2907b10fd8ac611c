//! `Server`: notes the requests that it receives, and answers them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use authn::{Credentials, Placement, TokenProvider, reqwest::Client};

const EMPTY: &str = "Content-Length: 0\r\n\r\n";

/// A server that notes what it gets, and answers what a test decides by it.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Received>>>,
}

/// A request, as the server got it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// `answer` returns the status and the lines of the headers. A line of `Content-Length` has the start of a body after
    /// it, and the connection stays open if there is a line of `X-Held`.
    pub(crate) fn start(answer: impl Fn(&Received) -> (u16, String) + Send + 'static) -> Self {
        Self::of(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), answer)
    }

    pub(crate) fn of(
        listener: TcpListener,
        answer: impl Fn(&Received) -> (u16, String) + Send + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Received>>>::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let received = receive(&mut BufReader::new(&stream));
                let (status, headers) = answer(&received);
                noted.lock().unwrap().push(received);
                let head = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n{headers}");
                let is_held = head.contains("X-Held");
                let end = if head.contains("Content-Length") { "" } else { EMPTY };
                stream.write_all(format!("{head}{end}").as_bytes()).unwrap();
                if is_held {
                    open.push(stream);
                }
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns a client whose credentials are for this server.
    pub(crate) fn client(&self, provider: impl TokenProvider) -> Client {
        self.client_placing(provider, Placement::default())
    }

    pub(crate) fn client_placing(
        &self,
        provider: impl TokenProvider,
        placement: Placement,
    ) -> Client {
        let builder = Credentials::builder().provider(provider).origin(&self.url);
        Client::new(builder.placement(placement).build().unwrap()).unwrap()
    }
}

fn receive(stream: &mut impl std::io::BufRead) -> Received {
    let mut lines = stream.by_ref().lines().map(std::result::Result::unwrap);
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let mut received = Received { target, headers, body: String::new() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    received.body = String::from_utf8(body).unwrap();
    received
}

//! A token endpoint with the answers of the test, for one request after the other.

use std::{
    fmt::Debug,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::sandbox::Sandbox;

pub(crate) const TOKEN: &str =
    r#"{"access_token":"t0k3n","token_type":"Bearer","expires_in":3600}"#;

pub(crate) struct Server(TcpListener);

/// A request that waits for its answer.
pub(crate) struct Request {
    connection: TcpStream,
    /// The form of the request.
    pub(crate) body: String,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Creates a sandbox whose user gets tokens from this server.
    pub(crate) fn sandbox(&self) -> Sandbox {
        self.sandbox_with("")
    }

    /// Like [`sandbox`](Self::sandbox), with tokens that end with the program.
    pub(crate) fn sandbox_in_memory(&self) -> Sandbox {
        self.sandbox_with("store = \"memory\"\n")
    }

    /// Like [`sandbox`](Self::sandbox), with a store that is configured.
    pub(crate) fn sandbox_with_store(&self) -> Sandbox {
        self.sandbox_with("store = \"file\"\n")
    }

    /// Returns the address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.local_addr().unwrap())
    }

    fn sandbox_with(&self, more: &str) -> Sandbox {
        let address = self.0.local_addr().unwrap();
        Sandbox::with(format!(
            "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
             token_endpoint_url = \"http://{address}/token\"\ngrant_type = \"client_credentials\"\n\
             client_id = \"cli\"\nclient_secret = \"s3cr3t\"\n{more}"
        ))
    }

    /// Answers one request, which must arrive during `work`.
    pub(crate) fn answering<T: Debug>(
        &self,
        status: &str,
        body: &str,
        work: impl FnOnce() -> T,
    ) -> (T, Request) {
        match self.answering_if_asked(status, body, work) {
            (done, Some(request)) => (done, request),
            (done, None) => panic!("no request came: {done:?}"),
        }
    }

    /// Answers one request, if it arrives during `work`.
    pub(crate) fn answering_if_asked<T>(
        &self,
        status: &str,
        body: &str,
        work: impl FnOnce() -> T,
    ) -> (T, Option<Request>) {
        let (came, done) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let request = scope.spawn(|| {
                let (connection, _) = self.0.accept().unwrap();
                if done.load(Ordering::SeqCst) {
                    return None;
                }
                came.store(true, Ordering::SeqCst);
                let mut request = Request::read(connection);
                // Like most servers, it keeps the connection, so that the client has a file open for it.
                request.answer_with("keep-alive", status, body);
                Some(request)
            });
            let outcome = work();
            done.store(true, Ordering::SeqCst);
            if !came.load(Ordering::SeqCst) {
                // Ends the wait for a request.
                drop(TcpStream::connect(self.0.local_addr().unwrap()));
            }
            (outcome, request.join().unwrap())
        })
    }

    /// Issues a token with this name and lifetime during `work`.
    pub(crate) fn giving<T: Debug>(
        &self,
        token: &str,
        seconds: u64,
        work: impl FnOnce() -> T,
    ) -> T {
        let body = format!(
            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds},"scope":"read"}}"#
        );
        self.answering("200 OK", &body, work).0
    }

    /// Checks that every request has been answered.
    #[track_caller]
    pub(crate) fn is_left_alone(&self) {
        self.0.set_nonblocking(true).unwrap();
        let waiting = self.0.accept().map(drop);
        self.0.set_nonblocking(false).unwrap();
        assert_eq!(waiting.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    /// Waits for a request and reads all of it.
    pub(crate) fn request(&self) -> Request {
        let (connection, _) = self.0.accept().unwrap();
        Request::read(connection)
    }
}

impl Request {
    fn read(connection: TcpStream) -> Self {
        let mut reader = BufReader::new(&connection);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Self { connection, body: String::from_utf8(body).unwrap() }
    }

    pub(crate) fn answer(&mut self, status: &str, body: &str) {
        self.answer_with("close", status, body);
    }

    fn answer_with(&mut self, connection: &str, status: &str, body: &str) {
        let length = body.len();
        write!(
            self.connection,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: {connection}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
    }
}

//! A token endpoint that answers once, as the test says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use crate::sandbox::Sandbox;

pub(crate) const TOKEN: &str =
    r#"{"access_token":"t0k3n","token_type":"Bearer","expires_in":3600}"#;

pub(crate) struct Server(TcpListener);

/// A request that waits for its answer.
pub(crate) struct Request(TcpStream);

impl Server {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// A sandbox whose user gets tokens from this server.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let address = self.0.local_addr().unwrap();
        Sandbox::with(format!(
            "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
             token_endpoint_url = \"http://{address}/token\"\ngrant_type = \"client_credentials\"\n\
             client_id = \"cli\"\nclient_secret = \"s3cr3t\"\n"
        ))
    }

    /// Waits for a request and reads all of it.
    pub(crate) fn request(&self) -> Request {
        let (connection, _) = self.0.accept().unwrap();
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
        reader.read_exact(&mut vec![0; length]).unwrap();
        Request(connection)
    }
}

impl Request {
    pub(crate) fn answer(mut self, status: &str, body: &str) {
        let length = body.len();
        write!(
            self.0,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
    }
}

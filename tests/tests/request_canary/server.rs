//! Two small servers: HTTP/1.1 with a token endpoint, and HTTP/2 without TLS.

use std::{
    io::{Read, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The start of an HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// Types and flags of HTTP/2 frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A server whose answer depends on the path: `/401` has the status 401.
pub(crate) struct Server {
    pub(crate) url: String,
    /// What it received, with HTTP/1.1 alone.
    pub(crate) received: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// Starts a server of HTTP/1.1. `tokens` is the answer of `/token`.
    pub(crate) fn http1(tokens: String) -> Self {
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let noted = Arc::clone(&received);
        let url = serve(move |stream, address| {
            let request = read_request(stream);
            let text = String::from_utf8_lossy(&request).into_owned();
            let target = text.split(' ').nth(1).unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let answer = match path {
                "/token" => json(&tokens),
                "/cut" => "200 -\r\nContent-Length: 5\r\n\r\nab".to_owned(),
                "/moved" => moved(&format!("/404?{query}")),
                "/nowhere" => moved(&format!("ftp://{address}/?{query}")),
                "/away" => moved(&format!("http://localhost:{}/404?{query}", address.port())),
                status => format!("{} -\r\nContent-Length: 0\r\n\r\n", &status[1..]),
            };
            noted.lock().unwrap().extend(request);
            let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
        });
        Self { url, received }
    }

    /// Starts a server of HTTP/2 that answers every request with the status 401.
    pub(crate) fn http2() -> Self {
        let url = serve(|stream, _| {
            let mut preface = [0; PREFACE];
            let _ = stream.read_exact(&mut preface);
            let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[]));
            while let Some((kind, flags, id)) = read_frame(stream) {
                let answer = match kind {
                    SETTINGS if flags & ACK == 0 => frame(SETTINGS, ACK, 0, &[]),
                    // A literal value of the name with the index 8, `:status` (RFC 7541, section 6.2.1).
                    HEADERS | DATA if flags & END_STREAM != 0 => {
                        frame(HEADERS, END_HEADERS | END_STREAM, id, b"\x48\x03401")
                    }
                    _ => continue,
                };
                let _ = stream.write_all(&answer);
            }
        });
        Self { url, received: Arc::default() }
    }
}

/// Calls a function with each connection, one after the other, and returns the server's URL.
fn serve(answer: impl Fn(&mut TcpStream, SocketAddr) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || answer(&mut stream, address));
        }
    });
    format!("http://{address}")
}

fn json(body: &str) -> String {
    let length = body.len();
    format!("200 -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn moved(target: &str) -> String {
    format!("307 -\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
}

/// Reads a head, and a body of its `Content-Length`.
fn read_request(stream: &mut impl Read) -> Vec<u8> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
    request.extend(body);
    // A connection serves one request.
    request
}

/// Returns the type, the flags and the stream of the next frame.
fn read_frame(stream: &mut impl Read) -> Option<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?];
    stream.read_exact(&mut payload).ok()?;
    Some((kind, flags, u32::from_be_bytes(id)))
}

fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags], &id.to_be_bytes()[..], payload].concat()
}

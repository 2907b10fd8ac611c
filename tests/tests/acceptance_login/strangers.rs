//! Other connections to the port of a login do not end the wait, and learn nothing.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use authn_tests::browser::Browser;

use crate::scene::{Scene, is_logged_in, link, port_of};

/// Longer than the deadline of a connection.
const LIMIT: Duration = Duration::from_mins(1);

/// Sends something, and returns what comes until the end.
fn send(port: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(port).expect("there is a listener");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    // Who is refused early may find the connection closed.
    drop(stream.write_all(bytes));
    drop(stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_wait_goes_on() {
    let scene = Scene::new("native", "");
    let terminal = scene.login(&["--no-browser"]);
    let opened = link(&terminal);
    let port = port_of(&opened);
    let long =
        format!("GET /callback HTTP/1.1\r\nHost: {port}\r\nX: {}\r\n\r\n", "s".repeat(1 << 20));
    let named = |query: &str| format!("GET /callback{query} HTTP/1.1\r\nHost: {port}\r\n\r\n");
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[0xa5; 512]].concat();
    for (bytes, status) in [
        (&b""[..], None),
        (b"\r\n", None),
        (b"hello\n", Some("400")),
        (&hello, Some("400")),
        (&[0; 4096], Some("400")),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
        (long.as_bytes(), None),
        (named("").as_bytes(), Some("400")),
        (named("?code=stranger&state=stranger").as_bytes(), Some("400")),
        (named("?error=stranger&error_description=stranger").as_bytes(), Some("400")),
    ] {
        let answer = send(port, bytes);
        let sent = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
        // Who is cut off may get no answer any more.
        if let Some(status) = status {
            assert_eq!(answer.split(' ').nth(1), Some(status), "{sent:?}: {answer}");
        }
        assert!(!answer.contains("stranger"), "{answer}");
    }
    // A scan of ports, and those who stay and say nothing.
    for _ in 0..200 {
        drop(TcpStream::connect(port).expect("there is a listener"));
    }
    let _silent: Vec<_> = (0..8).map(|_| TcpStream::connect(port).expect("one")).collect();
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&terminal, "alice");
    let shown = terminal.transcript();
    assert_eq!(shown.matches("which was ignored").count(), 1, "it is said once: {shown}");
    assert!(!shown.contains("stranger"), "{shown}");
}

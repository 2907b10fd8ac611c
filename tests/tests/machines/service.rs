//! A service of a machine that gives each request the same answer.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    thread,
};

/// Starts a service, and returns its host and port. The answer has the lines of its head and a body.
pub(crate) fn start(head: &'static str, body: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let _ = lines.take_while(|line| !line.is_empty()).count();
            let length = body.len();
            let head = format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            // A client may have gone.
            drop(stream.write_all(format!("{head}{body}").as_bytes()));
        }
    });
    host
}

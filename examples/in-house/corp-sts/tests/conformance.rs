//! The conformance test of a provider, in one line, against a small STS on loopback.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use authn::{ErrorKind, conformance};
use corp_sts::CorpSts;

#[test]
fn keeps_the_rules() {
    let options = format!("url = \"{}\"\nkey = \"right\"\nregion = \"eu\"", start_sts());
    let token = conformance::check::<CorpSts>(&options).token.unwrap();
    assert_eq!(token.secret(), "minted-in-eu");
    assert!(token.expires_at().is_some());
}

#[test]
fn says_what_to_do_if_the_sts_refuses() {
    let options = format!("url = \"{}\"\nkey = \"wrong\"", start_sts());
    let error = conformance::check::<CorpSts>(&options).token.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("register the machine"), "{error}");
}

/// Starts an STS that accepts one key, and returns its address. It ends with the test.
fn start_sts() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port");
    thread::spawn(move || {
        for connection in listener.incoming() {
            // A client may open more connections than it uses.
            thread::spawn(|| connection.and_then(answer));
        }
    });
    format!("http://{address}/token")
}

fn answer(mut connection: TcpStream) -> io::Result<()> {
    let form = form(&connection)?;
    let member = |name: &str| {
        let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let (status, body) = if member("machine_key") == "right" {
        let (region, seconds) = (member("region"), member("seconds"));
        let body = format!(r#"{{"token": "minted-in-{region}", "seconds": "{seconds}"}}"#);
        ("200 OK", body)
    } else {
        ("403 Forbidden", "{}".to_owned())
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Reads a request, and returns its body.
fn form(connection: &TcpStream) -> io::Result<String> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number of bytes");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut form = String::new();
    reader.take(length).read_to_string(&mut form)?;
    Ok(form)
}

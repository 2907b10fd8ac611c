//! A server that sends prepared answers, byte for byte, and notes the forms that it gets.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A form's members.
pub(crate) type Form = BTreeMap<String, String>;

/// A server that sends each answer once, in their order.
pub(crate) struct Server {
    url: String,
    forms: Arc<Mutex<Vec<Form>>>,
}

impl Server {
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let forms = Arc::<Mutex<Vec<Form>>>::default();
        let noted = Arc::clone(&forms);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                noted.lock().unwrap().push(receive(&stream));
                // A client may close the connection before the end of a long answer.
                drop(stream.write_all(&answer));
                // The end of the connection is the end of the answer.
                drop(stream.shutdown(Shutdown::Write));
                drop(stream.read_to_end(&mut Vec::new()));
            }
        });
        Self { url, forms }
    }

    /// Returns its origin.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns what a member was in each request so far; empty if it was not sent.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn sent(&self, member: &str) -> Vec<String> {
        let forms = self.forms.lock().unwrap();
        forms.iter().map(|form| form.get(member).cloned().unwrap_or_default()).collect()
    }
}

fn receive(stream: &TcpStream) -> Form {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    url::form_urlencoded::parse(&body).into_owned().collect()
}

//! A token endpoint on the loopback interface that answers as a test says, and notes every request.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) method: String,
    /// The path and the query.
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// A server that runs until the tests end.
#[derive(Clone)]
pub(super) struct Scripted {
    pub(super) url: String,
    log: Arc<Mutex<Vec<Received>>>,
}

impl Received {
    /// Returns the parameters: of the query, of a form, or of a JSON object.
    pub(super) fn parameters(&self) -> BTreeMap<String, Vec<String>> {
        let mut members = BTreeMap::<String, Vec<String>>::new();
        if self.body.starts_with('{') {
            let texts = |value: &Value| match value {
                Value::Array(values) => values.clone(),
                value => vec![value.clone()],
            };
            let object: BTreeMap<String, Value> = serde_json::from_str(&self.body).unwrap();
            for (name, value) in object {
                let values = texts(&value).into_iter().map(|one| one.as_str().unwrap().to_owned());
                members.insert(name, values.collect());
            }
            return members;
        }
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = if self.method == "GET" { query } else { &self.body };
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()).into_owned() {
            members.entry(name).or_default().push(value);
        }
        members
    }

    /// Returns the only value of a parameter.
    pub(super) fn one(&self, name: &str) -> String {
        match self.parameters().get(name).map(Vec::as_slice) {
            Some([one]) => one.clone(),
            other => panic!("{name}: {other:?}"),
        }
    }
}

impl Scripted {
    /// Starts a server. `answer` gets a request and returns the status and the JSON.
    pub(super) fn start(
        answer: impl Fn(&Received) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let server = Self { url, log: Arc::default() };
        let (noting, answer) = (server.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (noting, answer) = (noting.clone(), Arc::clone(&answer));
                thread::spawn(move || noting.answer_one(&stream.unwrap(), &*answer));
            }
        });
        server
    }

    /// Returns the requests so far.
    pub(super) fn received(&self) -> Vec<Received> {
        self.log.lock().unwrap().clone()
    }

    /// Returns the only request so far.
    pub(super) fn only(&self) -> Received {
        let [one] = &self.received()[..] else { panic!("{:?}", self.received()) };
        one.clone()
    }

    /// Returns the values of a parameter in all requests so far.
    pub(super) fn sent(&self, name: &str) -> Vec<String> {
        self.received().iter().map(|request| request.one(name)).collect()
    }

    fn answer_one(&self, mut stream: &TcpStream, answer: &dyn Fn(&Received) -> (u16, Value)) {
        let mut reader = BufReader::new(stream);
        let lines = (&mut reader).lines().map_while(Result::ok);
        let mut lines = lines.take_while(|line| !line.is_empty());
        let Some(first) = lines.next() else { return };
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let header = |line: String| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        };
        let headers: BTreeMap<_, _> = lines.filter_map(header).collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let received = Received { method, target, headers, body: String::from_utf8(body).unwrap() };
        let (status, answer) = answer(&received);
        self.log.lock().unwrap().push(received);
        let answer = answer.to_string();
        let head =
            format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close");
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).unwrap();
    }
}

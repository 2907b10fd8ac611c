//! A server on the loopback interface whose answers a test chooses, and the provider's loaded options.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use authn::{
    Context, Entry, Error, Location, Provider, Registry, Result, TokenSet, TokenSource,
    options::{Field, Options},
    private::{About, Table},
    time::Clock,
};

use super::OAuth;
use crate::testing::loader;

/// A server of documents. It runs until the tests end.
#[derive(Clone)]
pub(super) struct Loopback {
    url: String,
    documents: Arc<Mutex<Documents>>,
}

#[derive(Default)]
struct Documents {
    /// The first lines of the head and the body, by path.
    answers: BTreeMap<String, (String, String)>,
    asked: Vec<String>,
    /// The head and the body of each request, in order.
    sent: Vec<(String, String)>,
}

impl Loopback {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, documents: Arc::default() };
        let answering = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                answering.answer_one(&stream.unwrap());
            }
        });
        server
    }

    /// Returns the address of a path. The address of an empty path is the issuer.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Answers with JSON from now on.
    pub(super) fn serve(&self, path: &str, body: &str) {
        self.answer(path, "200 OK\r\nContent-Type: application/json", body);
    }

    /// Answers with this head, which starts with the status, from now on.
    pub(super) fn answer(&self, path: &str, head: &str, body: &str) {
        let answer = (head.to_owned(), body.to_owned());
        self.documents.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Returns how often a path has been requested.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.documents.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    /// Returns the last request with a body: its head and its form.
    pub(super) fn posted(&self) -> (String, Vec<(String, String)>) {
        let documents = self.documents.lock().unwrap();
        let posted = documents.sent.iter().rev().find(|(_, body)| !body.is_empty());
        let (head, body) = posted.expect("a form was sent");
        (head.clone(), url::form_urlencoded::parse(body.as_bytes()).into_owned().collect())
    }

    /// Returns how many requests there were.
    pub(super) fn asked_for_all(&self) -> usize {
        self.documents.lock().unwrap().asked.len()
    }

    fn answer_one(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let lines = reader.by_ref().lines().map_while(Result::ok);
        let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let length =
            |line: &String| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok();
        let mut sent = vec![0; request.iter().find_map(length).unwrap_or_default()];
        reader.read_exact(&mut sent).unwrap();
        let Some(path) = request.first().and_then(|line| line.split(' ').nth(1)) else { return };
        let mut documents = self.documents.lock().unwrap();
        documents.asked.push(path.to_owned());
        let sent = String::from_utf8_lossy(&sent).into_owned();
        documents.sent.push((request.join("\n"), sent));
        let missing = ("404 Not Found".to_owned(), String::new());
        let (head, body) = documents.answers.get(path).unwrap_or(&missing);
        let length = body.len();
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}");
        // A client may close the connection before the end of a long answer.
        drop(write!(stream, "{head}\r\n\r\n{body}"));
    }
}

/// Loads the provider's options from the lines of its table, and returns them with their context.
pub(super) fn loaded(options: &str, clock: Clock) -> (OAuth, Context) {
    let registry = Registry::builder().register::<Probe>().build().unwrap();
    let text = format!("[credentials.probe]\nstore = 'memory'\n{options}");
    loader(&text).registry(registry).clock(clock).load().unwrap();
    LOADED.take().expect("what is loaded is validated")
}

thread_local! {
    static LOADED: RefCell<Option<(OAuth, Context)>> = const { RefCell::new(None) };
}

/// The provider under another name, which returns its options instead of tokens.
struct Probe(Mutex<Option<OAuth>>);

impl Options for Probe {
    const FIELDS: &'static [Field] = OAuth::FIELDS;

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        Some(Self(Mutex::new(Some(OAuth::from_table(table)?))))
    }
}

impl Provider for Probe {
    const ENTRY: Entry = Entry::cached::<Self>(About {
        name: "probe",
        docs: &["Returns its options."],
        location: Location {
            package: env!("CARGO_PKG_NAME"),
            module: module_path!(),
            file: file!(),
            line: line!(),
            column: column!(),
        },
    });
}

impl TokenSource for Probe {
    fn validate(&self, context: &Context) -> Result<()> {
        let options = self.0.lock().unwrap().take().expect("it is validated once");
        options.validate(context)?;
        LOADED.set(Some((options, context.clone())));
        Ok(())
    }

    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(Error::no_token())
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

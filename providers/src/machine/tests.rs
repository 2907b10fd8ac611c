//! The providers against services that answer as the platforms document it: a file in `cases` each.
//!
//! A case has the lines of `[credentials]`, the variables, what the service is asked and answers, in this order, and the
//! result. To add one, add a file. `{service}` is the address of the service, `{keys}` the folder with the `files`, and `{jwt}`
//! a JWT that is valid until 2100.

#![cfg(all(
    feature = "azure_managed_identity",
    feature = "chain",
    feature = "file_token",
    feature = "gcp_metadata",
    feature = "github_actions",
    feature = "gitlab",
    feature = "jwt_bearer",
    unix
))]

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    panic,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use authn::{
    Credentials, Environment, Error, Loader, Token,
    time::{Clock, ManualClock, Moment, Sleep, Time},
};
use tokio::sync::Notify;
use toml_edit::{DocumentMut, Item, Table};

use super::service::FIRST_ANSWER;
use crate::{
    azure_managed_identity::KEY_FOLDER,
    testing::{jwt, wait},
};

/// A clock whose waits end at once, and are noted. The wait for a first answer ends once the service hangs.
#[derive(Debug)]
struct Waits {
    clock: ManualClock,
    noted: Arc<Mutex<Vec<Duration>>>,
    hangs: Arc<Notify>,
}

impl Time for Waits {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if duration == FIRST_ANSWER {
            let hangs = Arc::clone(&self.hangs);
            return Box::pin(async move { hangs.notified().await });
        }
        // The framework's own deadline.
        if duration >= Duration::from_mins(2) {
            return Box::pin(std::future::pending());
        }
        self.noted.lock().unwrap().push(duration);
        self.clock.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

/// What a service is asked, and what it answers.
#[derive(Debug)]
struct Exchange {
    asked: String,
    headers: BTreeMap<String, String>,
    without: Vec<String>,
    form: BTreeMap<String, String>,
    json: BTreeMap<String, String>,
    /// `None` if the connection is closed, or no answer comes.
    answer: Option<String>,
    hangs: bool,
}

struct Case {
    name: String,
    document: DocumentMut,
    service: String,
    keys: tempfile::TempDir,
}

impl Case {
    fn read(path: &Path, service: &str) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let document = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let case = Self {
            name,
            document,
            service: service.to_owned(),
            keys: tempfile::tempdir().unwrap(),
        };
        let known = ["configuration", "environment", "files", "exchange", "waits", "expected"];
        let unknown = case.document.iter().find(|(key, _)| !known.contains(key));
        assert!(unknown.is_none(), "{}: {unknown:?}", case.name);
        for (file, text) in case.texts("files") {
            let path = case.keys.path().join(file);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
        case
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{service}", &self.service)
            .replace("{service_in_query}", &self.service.replace(':', "%3A"))
            .replace("{keys}", &self.keys.path().display().to_string())
            .replace("{jwt}", &jwt(r#"{"exp":4102444800}"#))
            .replace("{expired}", &jwt(r#"{"exp":1}"#))
            .replace("{long}", &"k".repeat(4097))
    }

    fn texts(&self, key: &str) -> BTreeMap<String, String> {
        self.document.get(key).map(|table| self.texts_of(table)).unwrap_or_default()
    }

    fn texts_of(&self, table: &Item) -> BTreeMap<String, String> {
        let table = table.as_table_like().unwrap();
        let text = |item: &Item| self.filled(item.as_str().unwrap());
        table.iter().map(|(key, item)| (key.to_owned(), text(item))).collect()
    }

    fn exchanges(&self) -> Vec<Exchange> {
        let all = self.document.get("exchange").and_then(Item::as_array_of_tables);
        all.into_iter().flatten().map(|table| self.exchange(table)).collect()
    }

    fn exchange(&self, table: &Table) -> Exchange {
        let name = &self.name;
        let known = [
            "asked", "headers", "without", "form", "json", "status", "answers", "body", "hangs",
            "closes",
        ];
        let unknown = table.iter().find(|(key, _)| !known.contains(key));
        assert!(unknown.is_none(), "{name}: {unknown:?}");
        let text = |key: &str| table.get(key).map(|item| self.filled(item.as_str().unwrap()));
        let texts = |key: &str| table.get(key).map(|item| self.texts_of(item)).unwrap_or_default();
        let is = |key: &str| table.get(key).is_some_and(|item| item.as_bool().unwrap());
        let answer = table.get("status").map(|status| {
            let headers = texts("answers");
            let headers = headers.iter().map(|(key, value)| format!("{key}: {value}\r\n"));
            let body = text("body").unwrap_or_default();
            format!(
                "HTTP/1.1 {} Said\r\n{}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                status.as_integer().unwrap(),
                headers.collect::<String>(),
                body.len()
            )
        });
        assert_eq!(answer.is_none(), is("hangs") || is("closes"), "{name}");
        let without = table.get("without").and_then(Item::as_array).into_iter().flatten();
        Exchange {
            asked: text("asked").unwrap(),
            headers: texts("headers"),
            without: without.map(|name| name.as_str().unwrap().to_owned()).collect(),
            form: texts("form"),
            json: texts("json"),
            answer,
            hangs: is("hangs"),
        }
    }

    fn load(&self, clock: Clock) -> Result<Credentials, Error> {
        let configuration = self.filled(self.document["configuration"].as_str().unwrap());
        let environment = self
            .texts("environment")
            .into_iter()
            .fold(Environment::empty(), |environment, (name, value)| {
                environment.variable(name, value)
            });
        KEY_FOLDER.set(Some(self.keys.path().to_owned()));
        let text = format!("[credentials]\ndomain = 'api.example.com'\n{configuration}");
        let loaded = Loader::new().environment(environment).defaults(&text).clock(clock).load();
        KEY_FOLDER.set(None);
        loaded
    }

    fn check(&self, result: &Result<Token, Error>, start: SystemTime) {
        let (name, expected) = (&self.name, &self.document["expected"]);
        let text = |key: &str| expected.get(key).map(|item| self.filled(item.as_str().unwrap()));
        match result {
            Ok(token) => {
                assert_eq!(Some(token.secret()), text("token").as_deref(), "{name}");
                let seconds = |key: &str| {
                    let number = expected.get(key).and_then(Item::as_integer)?;
                    Some(Duration::from_secs(u64::try_from(number).unwrap()))
                };
                let end = seconds("lifetime").map(|lifetime| start + lifetime);
                let end = end.or(seconds("end").map(|since| SystemTime::UNIX_EPOCH + since));
                let whole = |time: SystemTime| {
                    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
                };
                assert_eq!(token.expires_at().map(whole), end.map(whole), "{name}");
            }
            Err(error) => {
                assert_eq!(Some(format!("{:?}", error.kind())), text("error"), "{name}: {error:?}");
                let (message, help) = match error.problems() {
                    [problem, ..] => (problem.message(), problem.help()),
                    [] => (error.message(), error.help()),
                };
                assert_eq!(Some(message), text("message").as_deref(), "{name}");
                assert_eq!(help, text("help").as_deref(), "{name}");
                let said = format!("{error} {error:?}");
                assert!(!said.contains("s3cr3t"), "{name}: {said}");
            }
        }
    }
}

/// Starts the service: a thread that returns how often it was asked.
fn serve(
    listener: TcpListener,
    exchanges: Vec<Exchange>,
    hangs: Arc<Notify>,
    name: String,
) -> JoinHandle<(TcpListener, Vec<TcpStream>)> {
    thread::spawn(move || {
        let mut open = Vec::new();
        for (number, exchange) in exchanges.into_iter().enumerate() {
            let (mut stream, _) = listener.accept().unwrap();
            let place = format!("{name}, exchange {}", number + 1);
            assert!(receive(&stream, Some(&exchange), &place), "{place}: it was not asked");
            match exchange.answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None if exchange.hangs => {
                    hangs.notify_one();
                    open.push(stream);
                }
                None => {}
            }
        }
        let (stream, _) = listener.accept().unwrap();
        assert!(!receive(&stream, None, &name), "{name}: it was asked once more");
        (listener, open)
    })
}

/// Checks a request. Returns whether there is one: the test ends with a connection without any.
fn receive(stream: &TcpStream, expected: Option<&Exchange>, place: &str) -> bool {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map(Result::unwrap);
    let Some(first) = lines.next() else { return false };
    let Some(expected) = expected else { return true };
    assert_eq!(first.trim_end_matches(" HTTP/1.1"), expected.asked, "{place}");
    let mut headers = BTreeMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    for (name, value) in &expected.headers {
        assert_eq!(headers.get(name), Some(value), "{place}: {name}");
    }
    for name in &expected.without {
        assert_eq!(headers.get(name), None, "{place}: {name}");
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    for (name, value) in &expected.form {
        assert_eq!(form.get(name), Some(value), "{place}: {name} in {:?}", form.keys());
    }
    if !expected.json.is_empty() {
        let json: BTreeMap<String, String> = serde_json::from_slice(&body).unwrap();
        assert_eq!(json, expected.json, "{place}");
        assert_eq!(headers.get("content-type").map(String::as_str), Some("application/json"));
    }
    true
}

fn run(path: &Path) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let case = Case::read(path, &address.to_string());
    let name = &case.name;
    let (clock, hangs) = (ManualClock::new(), Arc::<Notify>::default());
    let noted = Arc::<Mutex<Vec<Duration>>>::default();
    let waits = || {
        let (clock, noted, hangs) = (clock.clone(), Arc::clone(&noted), Arc::clone(&hangs));
        Clock::custom(Waits { clock, noted, hangs })
    };
    let server = serve(listener, case.exchanges(), Arc::clone(&hangs), name.clone());
    let start = clock.now().wall();
    let loaded = case.load(waits());
    let result = loaded.and_then(|credentials| wait(credentials.token()));
    drop(TcpStream::connect(address).unwrap());
    let end = server.join();
    case.check(&result, start);
    let (listener, _open) = end.unwrap_or_else(|_| panic!("{name}: see above"));
    let waited: Vec<i64> =
        case.document.get("waits").and_then(Item::as_array).map_or_else(Vec::new, |waits| {
            waits.iter().map(|wait| wait.as_integer().unwrap()).collect()
        });
    let noted: Vec<i64> =
        noted.lock().unwrap().iter().map(|wait| i64::try_from(wait.as_millis()).unwrap()).collect();
    assert_eq!(noted, waited, "{name}: the waits");
    // Other credentials of the process know that the service is not here.
    if let Some(again) = case.document["expected"].get("again") {
        let again = case.filled(again.as_str().unwrap());
        let error = wait(case.load(waits()).unwrap().token()).unwrap_err();
        assert_eq!(error.message(), again, "{name}");
        assert!(error.is_not_applicable(), "{name}");
        listener.set_nonblocking(true).unwrap();
        let asked = listener.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(asked, Err(ErrorKind::WouldBlock), "{name}: it was asked again");
    }
}

#[test]
fn each_service_is_asked_as_its_platform_documents_it() {
    check(concat!(env!("CARGO_MANIFEST_DIR"), "/src/machine/cases"), 50);
}

/// Runs the cases of a folder, of which there are at least so many.
pub(crate) fn check(folder: &str, least: usize) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= least, "the cases are there");
    // Each failure has printed itself.
    paths.retain(|path| panic::catch_unwind(|| run(path)).is_err());
    assert_eq!(paths, Vec::<PathBuf>::new());
}

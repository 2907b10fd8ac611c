//! A provider that no program links, with a login, and with a server that sends its time.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use authn::{
    Context, Environment, Error, InteractiveSource, Loader, Login, Probe, Result, SessionPolicy,
    TokenSet, TokenSource, Url,
    store::{Document, Examination, Lease, StoreKey, TokenStore},
};

use super::*;

/// Contacts a server of the test, and has tokens for users who have logged in.
#[authn::token_provider("doctored", cached, login)]
struct Doctored {
    /// Address of the server.
    url: Option<Url>,
}

impl TokenSource for Doctored {
    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Doctored {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::None
    }

    async fn probe(&self, context: &Context) -> Result<Option<Probe>> {
        let Some(url) = &self.url else { return Ok(None) };
        let answer = context.http().get(url).send().await?;
        Ok(Some(Probe::new(answer.place(), answer.date())))
    }
}

/// A store on a server that can't be used, and counts how often it is asked.
#[authn::token_store("doctored_store")]
struct DoctoredStore {
    /// Address of the server.
    url: Url,
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

impl DoctoredStore {
    fn ask<T>() -> Result<T> {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Err(Error::store("the store is down").with_help("start it"))
    }
}

impl TokenStore for DoctoredStore {
    fn is_remote(&self) -> bool {
        true
    }

    async fn lock(&self, _: &StoreKey) -> Result<Lease> {
        Self::ask()
    }

    async fn load(&self, _: &StoreKey) -> Result<Option<Document>> {
        Self::ask()
    }

    async fn save(&self, _: &StoreKey, _: &Document, _: u64) -> Result<bool> {
        Self::ask()
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Self::ask()
    }

    async fn examine_server(&self) -> Result<Examination> {
        Self::ask()
    }

    fn place(&self) -> Option<String> {
        Some(self.url.to_string())
    }
}

/// Returns the findings for a configuration of this provider.
fn findings(options: &str, reach: Reach) -> Vec<Finding> {
    let text = format!("[credentials]\ndomain = 'a.test'\n[credentials.doctored]\n{options}\n");
    let loader = Loader::new().environment(Environment::empty()).defaults(&text);
    super::findings(&Snapshot::take(loader.read(), None, reach).unwrap())
}

fn of<'f>(findings: &'f [Finding], check: &str) -> Option<&'f Finding> {
    findings.iter().find(|finding| finding.check == check)
}

/// Answers one request.
fn server(answer: String) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let asked = BufReader::new(&connection).lines().map(std::result::Result::unwrap);
        asked.take_while(|line| !line.is_empty()).for_each(drop);
        write!(&connection, "HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    (place, answering)
}

#[test]
fn the_worst_problem_gives_the_exit_code() {
    let problem = |code| Finding::problem(code, "y");
    for (codes, expected) in [
        (&[Code::Other][..], Code::Other),
        (&[Code::Other, Code::Provider], Code::Provider),
        (&[Code::Provider, Code::Configuration, Code::Other], Code::Configuration),
    ] {
        let findings: Vec<Finding> = codes.iter().copied().map(problem).collect();
        assert_eq!(worst(&findings), expected);
    }
}

#[test]
fn a_user_who_is_not_logged_in_gets_the_command() {
    let findings = findings("", Reach::Server);
    let session = of(&findings, "session").unwrap();
    assert_eq!((session.state, &*session.message), (State::Warning, "not logged in"));
    assert_eq!(session.help.as_deref(), Some("`authn login`"));
    assert!(
        of(&findings, "login")
            .unwrap()
            .message
            .starts_with("the provider decides how a login works")
    );
    let server = of(&findings, "server").unwrap();
    assert_eq!((server.state, server.message.contains("no server")), (State::Skipped, true));
    assert!(of(&findings, "clock").is_none());
}

#[test]
fn the_servers_date_is_compared_with_this_clock() {
    for (date, state) in [
        ("Fri, 01 Jan 2100 00:00:00 GMT", Some(State::Problem)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(State::Problem)),
        ("yesterday", None),
    ] {
        let (place, answering) = server(format!("404 Not Found\r\nDate: {date}"));
        let findings = findings(&format!("url = '{place}'"), Reach::Server);
        answering.join().unwrap();
        let server = of(&findings, "server").unwrap();
        assert_eq!(
            (server.state, &*server.message),
            (State::Ok, &*format!("{place} is reachable"))
        );
        assert_eq!(of(&findings, "clock").map(|clock| clock.state), state, "{date}");
    }
}

#[test]
fn a_server_that_fails_is_a_problem_with_help() {
    let (place, answering) = server("302 Found\r\nLocation: https://b.test/s3cr3t".to_owned());
    let redirected = findings(&format!("url = '{place}'"), Reach::Server);
    answering.join().unwrap();
    // The server has ended.
    let gone = findings(&format!("url = '{place}/s3cr3t'"), Reach::Server);
    for (findings, fault, help) in [
        (redirected, "answered with a redirect", "set the option that has this address"),
        (gone, "can't be reached (connection refused)", "check the address"),
    ] {
        let server = of(&findings, "server").unwrap();
        assert_eq!((server.state, server.code), (State::Problem, Code::Provider));
        assert!(server.message.contains(fault), "{server:?}");
        assert!(server.help.as_ref().unwrap().starts_with(help), "{server:?}");
        assert!(!format!("{server:?}").contains("s3cr3t"), "{server:?}");
        assert_eq!(worst(&findings), Code::Provider);
    }
}

#[test]
fn offline_no_server_is_contacted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let findings = findings(&format!("url = '{place}'"), Reach::Offline);
    assert_eq!(of(&findings, "server").unwrap().state, State::Skipped);
    listener.set_nonblocking(true).unwrap();
    let came: std::io::Result<(TcpStream, _)> = listener.accept();
    assert_eq!(came.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_server_of_a_store_is_asked_once_and_offline_not_at_all() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nstore = 'doctored_store'\n\
                grant_type = 'client_credentials'\nclient_id = 'c'\nclient_secret = 's'\n\
                token_endpoint_url = 'https://idp.test/token'\n\
                [stores.doctored_store]\nurl = 'https://vault.test'\n";
    let findings = |reach| {
        let loader = Loader::new().environment(Environment::empty()).defaults(text);
        super::findings(&Snapshot::take(loader.read(), None, reach).unwrap())
    };
    let offline = findings(Reach::Offline);
    assert_eq!(ASKED.load(Ordering::Relaxed), 0);
    for (check, says) in [
        ("store", "the server of doctored_store in https://vault.test/ was not asked"),
        ("session", "the session is unknown, because its store was not asked"),
        ("server", "no server was contacted"),
    ] {
        let finding = of(&offline, check).unwrap();
        assert_eq!((finding.state, &*finding.message), (State::Skipped, says), "{check}");
        assert_eq!(finding.help.as_deref(), Some("leave out `--offline`"), "{check}");
    }
    let online = findings(Reach::Server);
    // For the session, and for the store.
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    assert!(of(&online, "store").unwrap().message.contains("the store is down"), "{online:?}");
}

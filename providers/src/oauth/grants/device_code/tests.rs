//! Whole logins at a server whose answers the test chooses, on a clock that advances with each sleep.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use authn::{
    Context, ErrorKind, Login, Result, SecretString, TokenSet,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::{Clock, ManualClock, Moment, Sleep, Time},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    oauth::loopback::loaded,
    testing::{load_at, wait},
};

/// A clock that advances at once when a task sleeps.
#[derive(Clone, Debug)]
struct Hasty {
    manual: ManualClock,
    begun: Moment,
}

impl Hasty {
    fn new() -> Self {
        let manual = ManualClock::new();
        let begun = manual.now();
        Self { manual, begun }
    }

    fn clock(&self) -> Clock {
        Clock::custom(self.clone())
    }

    /// Returns the whole seconds since it was made. A fraction would be an unexpected wait.
    fn seconds(&self) -> u64 {
        let passed = self.manual.now().after(self.begun);
        assert_eq!(passed.subsec_nanos(), 0, "{passed:?}");
        passed.as_secs()
    }
}

impl Time for Hasty {
    fn now(&self) -> Moment {
        self.manual.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let manual = self.manual.clone();
        Box::pin(async move { manual.advance(duration) })
    }
}

/// The answer to a request for the tokens.
enum Answer {
    /// The head, starting with the status, and the body.
    Sent(String, String),
    /// The connection is closed without an answer.
    Dropped,
    /// The tokens, when the test allows it.
    Held(mpsc::Receiver<()>),
}

fn json_answer(status: &str, body: &Value) -> Answer {
    Answer::Sent(format!("{status}\r\nContent-Type: application/json"), body.to_string())
}

fn error(code: &str) -> Answer {
    json_answer("400 Bad Request", &json!({ "error": code }))
}

fn pending() -> Answer {
    error("authorization_pending")
}

fn unavailable(head: &str) -> Answer {
    Answer::Sent(head.to_owned(), "<html>CANARY</html>".to_owned())
}

fn tokens() -> Value {
    json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r" })
}

fn granted() -> Answer {
    json_answer("200 OK", &tokens())
}

/// The answer to the first request. `null` leaves a member out.
fn codes(other: &Value) -> Value {
    let mut body = json!({
        "device_code": "the-device-code", "user_code": "WDJB-MJHT",
        "verification_uri": "https://a.test/device",
        "verification_uri_complete": "https://a.test/device?user_code=WDJB-MJHT",
        "expires_in": 120, "interval": 5,
    });
    for (name, value) in other.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A received request, and its time.
#[derive(Clone)]
struct Request {
    seconds: u64,
    path: String,
    authorization: Option<String>,
    form: BTreeMap<String, Vec<String>>,
}

/// A server that issues codes and answers each request for the tokens with the next answer. When there are no more
/// answers, it answers `authorization_pending`.
#[derive(Clone)]
struct Server {
    url: String,
    hasty: Hasty,
    codes: Value,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Notified of each request for the tokens.
    arrived: UnboundedSender<()>,
}

impl Server {
    fn start(hasty: &Hasty, codes: Value, answers: Vec<Answer>) -> (Self, UnboundedReceiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, arrivals) = unbounded_channel();
        let answers = Arc::new(Mutex::new(answers.into()));
        let hasty = hasty.clone();
        let server = Self { url, hasty, codes, answers, requests: Arc::default(), arrived };
        let answering = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                answering.answer(&stream.unwrap());
            }
        });
        (server, arrivals)
    }

    /// The lines of a client's table.
    fn client(&self, more: &str) -> String {
        format!(
            "grant_type = 'device_code'\nclient_id = 'tv'\ntoken_endpoint_url = '{0}/token'\n\
             device_authorization_endpoint_url = '{0}/device'\n{more}",
            self.url
        )
    }

    fn answer(&self, mut stream: &TcpStream) {
        let request = self.read(stream);
        let path = request.path.clone();
        self.requests.lock().unwrap().push(request);
        let answer = if path == "/device" {
            json_answer("200 OK", &self.codes)
        } else {
            let _ = self.arrived.send(());
            self.answers.lock().unwrap().pop_front().unwrap_or_else(pending)
        };
        let (head, body) = match answer {
            Answer::Sent(head, body) => (head, body),
            Answer::Dropped => return,
            Answer::Held(release) => {
                release.recv().unwrap();
                ("200 OK\r\nContent-Type: application/json".to_owned(), tokens().to_string())
            }
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}");
        write!(stream, "{head}\r\n\r\n{body}").unwrap();
    }

    fn read(&self, stream: &TcpStream) -> Request {
        let mut reader = BufReader::new(stream);
        let lines: Vec<String> =
            (&mut reader).lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        let header = |name: &str| {
            let lines = lines.iter().filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(other, _)| other.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned())
        };
        let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let mut form = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in url::form_urlencoded::parse(&body).into_owned() {
            form.entry(name).or_default().push(value);
        }
        Request {
            seconds: self.hasty.seconds(),
            path: lines[0].split(' ').nth(1).unwrap().to_owned(),
            authorization: header("authorization"),
            form,
        }
    }

    /// Returns the requests for the tokens.
    fn polls(&self) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.path == "/token").cloned().collect()
    }
}

/// Records what is shown.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<Vec<String>>>, Option<UnboundedSender<String>>);

impl Screen {
    fn write(&self, line: String) {
        if let Some(sender) = &self.1 {
            drop(sender.send(line.clone()));
        }
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Prompt for Screen {
    fn show_link(&self, link: &Link) {
        self.write(format!("link {}", link.url()));
    }

    fn show_code(&self, code: &UserCode) {
        let complete = code.complete_url().map_or("-", |url| url.as_str());
        self.write(format!("{} at {} or {complete}", code.code(), code.url()));
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        panic!("unexpected question: {}", question.label());
    }

    fn progress(&self, progress: &Progress) {
        self.write(match progress {
            Progress::Waiting { left } => format!("{} s left", left.as_secs()),
            Progress::Notice(text) => format!("notice: {text}"),
            other => format!("{other:?}"),
        });
    }
}

/// A finished login.
struct Outcome {
    result: Result<TokenSet>,
    /// The seconds at which the tokens were requested.
    polls: Vec<u64>,
    shown: Vec<String>,
    /// How many seconds it took.
    seconds: u64,
    server: Server,
}

impl Outcome {
    fn error(&self) -> String {
        let error = self.result.as_ref().expect_err("it failed");
        let all = format!("{error} {error:?} {:?}", self.shown);
        assert!(!all.contains("CANARY") && !all.contains("the-device-code"), "{all}");
        error.to_string()
    }

    fn kind(&self) -> ErrorKind {
        self.result.as_ref().expect_err("it failed").kind()
    }
}

fn log_in_with(more: &str, codes: &Value, answers: Vec<Answer>) -> Outcome {
    let hasty = Hasty::new();
    let (server, _) = Server::start(&hasty, codes.clone(), answers);
    let (options, context): (_, Context) = loaded(&server.client(more), hasty.clock());
    let screen = Screen::default();
    let login = Login::new(screen.clone());
    let result = wait(super::login(options.call(&context), &login, false)).map(Option::unwrap);
    Outcome {
        result,
        polls: server.polls().iter().map(|poll| poll.seconds).collect(),
        shown: screen.lines(),
        seconds: hasty.seconds(),
        server,
    }
}

fn log_in(codes: &Value, answers: Vec<Answer>) -> Outcome {
    log_in_with("", codes, answers)
}

#[test]
fn the_tokens_are_requested_until_the_user_approves() {
    let outcome = log_in(&codes(&json!({})), vec![pending(), pending(), granted()]);
    let grant = outcome.result.unwrap();
    assert_eq!(grant.token().secret(), "a");
    assert_eq!(&*grant.refresh_token().unwrap().expose(), "r");
    assert_eq!(outcome.polls, [5, 10, 15]);
    assert_eq!(
        outcome.shown,
        [
            "WDJB-MJHT at https://a.test/device or https://a.test/device?user_code=WDJB-MJHT",
            "120 s left",
        ]
    );
}

/// Records the code that is shown.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<UserCode>>>);

impl Prompt for Recorder {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, code: &UserCode) {
        self.0.lock().unwrap().push(code.clone());
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        panic!("unexpected question: {}", question.label());
    }

    fn progress(&self, _: &Progress) {}
}

#[test]
fn the_prompt_gets_all_that_the_server_says_about_the_code() {
    let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
    for (changes, interval, lifetime) in [
        (json!({ "interval": 7, "expires_in": 900 }), Some(7), Some(900)),
        // `login_timeout` is shorter, but the code still expires when the server says.
        (json!({ "interval": 86_400, "expires_in": 86_400 }), Some(86_400), Some(86_400)),
        (json!({ "interval": null, "expires_in": null }), None, None),
    ] {
        let hasty = Hasty::new();
        let (server, _) = Server::start(&hasty, codes(&changes), vec![granted()]);
        let (options, context): (_, Context) = loaded(&server.client(""), hasty.clock());
        let received = hasty.manual.now().wall();
        let prompt = Recorder::default();
        let login = Login::new(prompt.clone());
        wait(super::login(options.call(&context), &login, false)).unwrap();
        let shown = prompt.0.lock().unwrap();
        let [code] = shown.as_slice() else { panic!("{shown:?}") };
        assert_eq!((code.interval(), code.lifetime()), (seconds(interval), seconds(lifetime)));
        assert_eq!(code.received_at(), Some(received), "{changes}");
        let end = seconds(lifetime).map(|lifetime| received + lifetime);
        assert_eq!(code.expires_at(), end, "{changes}");
    }
}

#[test]
fn the_servers_interval_is_used() {
    for (interval, expected) in [
        (json!(null), [5, 10]),
        (json!(0), [5, 10]),
        (json!("soon"), [5, 10]),
        (json!(1), [1, 2]),
        (json!("7.5"), [7, 14]),
        (json!(30), [30, 60]),
        (json!(86_400), [60, 120]),
    ] {
        let codes = codes(&json!({ "interval": interval, "expires_in": 200 }));
        let outcome = log_in(&codes, vec![pending(), granted()]);
        assert!(outcome.result.is_ok(), "{interval}");
        assert_eq!(outcome.polls, expected, "{interval}");
    }
}

#[test]
fn slow_down_adds_five_seconds_permanently() {
    let answers =
        vec![pending(), error("slow_down"), pending(), error("slow_down"), pending(), granted()];
    let outcome = log_in(&codes(&json!({})), answers);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.polls, [5, 10, 20, 30, 45, 60]);
}

#[test]
fn some_servers_answer_errors_with_status_200() {
    let pending = json_answer("200 OK", &json!({ "error": "authorization_pending" }));
    let slow_down = json_answer("200 OK", &json!({ "error": "slow_down", "interval": 10 }));
    let outcome = log_in(&codes(&json!({})), vec![pending, slow_down, granted()]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.polls, [5, 10, 20]);
}

#[test]
fn a_denial_and_an_expiry_are_distinct_and_final() {
    for (code, kind, says) in [
        ("access_denied", ErrorKind::Refused, "was denied"),
        ("authorization_declined", ErrorKind::Refused, "was denied"),
        ("declined", ErrorKind::Refused, "was denied"),
        ("expired_token", ErrorKind::LoginRequired, "the code expired before"),
        ("code_expired", ErrorKind::LoginRequired, "the code expired before"),
        ("invalid_grant", ErrorKind::LoginRequired, "the code is no longer valid; log in with"),
        ("invalid_client", ErrorKind::Refused, "check `client_id`"),
        ("unauthorized_client", ErrorKind::Refused, "check `client_id`"),
        ("invalid_request", ErrorKind::Refused, "invalid_request, status 400"),
        ("unsupported_grant_type", ErrorKind::Refused, "does not offer this grant"),
        ("CANARY!", ErrorKind::Refused, "status 400"),
    ] {
        let outcome = log_in(&codes(&json!({})), vec![pending(), error(code), granted()]);
        assert_eq!(outcome.kind(), kind, "{code}");
        let message = outcome.error();
        assert!(message.contains(says), "{code}: {message}");
        assert_eq!(outcome.polls, [5, 10], "{code}");
    }
}

#[test]
fn an_invalid_answer_ends_the_login() {
    for answer in [
        json_answer("200 OK", &json!({ "token_type": "Bearer" })),
        Answer::Sent("200 OK\r\nContent-Type: text/html".to_owned(), "CANARY".to_owned()),
        Answer::Sent("302 Found\r\nLocation: https://CANARY.test/".to_owned(), String::new()),
    ] {
        let outcome = log_in(&codes(&json!({})), vec![answer, granted()]);
        assert_eq!(outcome.kind(), ErrorKind::Protocol, "{}", outcome.error());
        assert_eq!(outcome.polls, [5]);
    }
}

#[test]
fn a_code_expires_even_if_the_server_never_says_so() {
    let outcome = log_in(&codes(&json!({ "expires_in": 17 })), Vec::new());
    assert_eq!(outcome.kind(), ErrorKind::LoginRequired);
    assert!(outcome.error().contains("the code expired"), "{}", outcome.error());
    assert_eq!(outcome.polls, [5, 10, 15, 16]);
    assert_eq!(outcome.seconds, 17);

    // There is no request at the moment of expiry, but one a second before.
    let outcome = log_in(&codes(&json!({ "expires_in": "15.0" })), Vec::new());
    assert_eq!(outcome.polls, [5, 10, 14]);
    let outcome = log_in(&codes(&json!({ "expires_in": 3 })), Vec::new());
    assert_eq!((outcome.polls, outcome.seconds), (vec![2], 3));
    let outcome = log_in(&codes(&json!({ "expires_in": 1 })), Vec::new());
    assert_eq!((outcome.polls, outcome.seconds), (Vec::new(), 1));
}

#[test]
fn an_approval_within_a_timeout_shorter_than_the_interval_logs_in() {
    let codes = codes(&json!({ "interval": 30 }));
    let outcome = log_in_with("login_timeout = '12s'", &codes, vec![granted()]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.polls, [12]);

    let outcome = log_in_with("login_timeout = '12s'", &codes, Vec::new());
    assert_eq!((outcome.polls, outcome.seconds), (vec![12], 12));

    // A server's `Retry-After` is obeyed.
    let busy = unavailable("429 Too Many Requests\r\nRetry-After: 30");
    let codes = super::tests::codes(&json!({}));
    let outcome = log_in_with("login_timeout = '12s'", &codes, vec![busy]);
    assert_eq!((outcome.polls, outcome.seconds), (vec![5], 12));
}

#[test]
fn a_login_waits_no_longer_than_configured() {
    for (codes, timeout, seconds) in [
        (json!({ "expires_in": 1800 }), "", 300),
        (json!({ "expires_in": null }), "", 300),
        (json!({ "expires_in": 0 }), "", 300),
        (json!({ "expires_in": 1e300 }), "", 300),
        (json!({ "expires_in": 1800 }), "login_timeout = '12s'", 12),
        (json!({ "expires_in": null }), "login_timeout = '12s'", 12),
    ] {
        let outcome = log_in_with(timeout, &super::tests::codes(&codes), Vec::new());
        assert_eq!(outcome.seconds, seconds, "{codes}");
        assert_eq!(outcome.shown[1], format!("{seconds} s left"), "{codes}");
        assert_eq!(outcome.kind(), ErrorKind::LoginRequired);
        assert!(outcome.error().contains("`login_timeout`"), "{}", outcome.error());
    }
    let codes = codes(&json!({ "expires_in": 1800 }));
    let outcome = log_in_with("login_timeout = '30m'", &codes, Vec::new());
    assert_eq!(outcome.seconds, 1800);
    assert!(outcome.error().contains("the code expired"), "{}", outcome.error());
}

#[test]
fn a_server_that_fails_is_asked_less_often_and_that_is_reported_once() {
    let answers = vec![
        unavailable("500 Oops"),
        Answer::Dropped,
        unavailable("502 Bad Gateway"),
        json_answer("400 Bad Request", &json!({ "error": "temporarily_unavailable" })),
        pending(),
        Answer::Dropped,
        granted(),
    ];
    let outcome = log_in(&codes(&json!({ "expires_in": 280 })), answers);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.polls, [5, 15, 35, 75, 135, 140, 150]);
    let notices: Vec<_> = outcome.shown.iter().filter(|line| line.contains("notice")).collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("status 500") && !notices[0].contains("CANARY"), "{notices:?}");
}

#[test]
fn a_server_that_fails_to_the_end_is_the_error() {
    let down = || unavailable("503 Service Unavailable");
    let outcome = log_in(&codes(&json!({ "expires_in": 30 })), vec![pending(), down(), down()]);
    assert_eq!(outcome.kind(), ErrorKind::Network);
    assert!(outcome.error().contains("status 503"), "{}", outcome.error());
    assert_eq!((outcome.polls, outcome.seconds), (vec![5, 10, 20], 30));
}

#[test]
fn retry_after_is_obeyed() {
    for (head, expected) in [
        ("429 Too Many Requests\r\nRetry-After: 30", [5, 35, 40]),
        ("503 Service Unavailable\r\nRetry-After: 30", [5, 35, 40]),
        ("429 Too Many Requests", [5, 15, 20]),
        // It can't shorten the interval.
        ("429 Too Many Requests\r\nRetry-After: 1", [5, 10, 15]),
        ("503 Service Unavailable\r\nRetry-After: soon", [5, 15, 20]),
    ] {
        let outcome = log_in(&codes(&json!({})), vec![unavailable(head), pending(), granted()]);
        assert!(outcome.result.is_ok(), "{head}");
        assert_eq!(outcome.polls, expected, "{head}");
    }
    // A very long wait is limited.
    let never = unavailable("429 Too Many Requests\r\nRetry-After: 86400");
    let codes = codes(&json!({ "expires_in": 900 }));
    let outcome = log_in_with("login_timeout = '1h'", &codes, vec![never, granted()]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.polls, [5, 305]);
}

#[test]
fn only_safe_values_are_shown() {
    let hostile = json!({
        "user_code": "\u{1b}]0;owned\u{7}WD\u{202e}JB\r\n",
        "verification_uri_complete": "javascript:alert(1)",
        "message": "CANARY",
    });
    let outcome = log_in(&codes(&hostile), vec![granted()]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.shown[0], "]0;ownedWDJB at https://a.test/device or -");

    for (other, says) in [
        (json!({ "verification_uri": "http://a.test/CANARY" }), "not safe to show"),
        (json!({ "verification_uri": "https://CANARY@a.test/" }), "not safe to show"),
        (json!({ "verification_uri": null }), "no `verification_uri`"),
        (json!({ "user_code": "\u{200b}" }), "a code that can't be typed in"),
        (json!({ "user_code": "CANARY".repeat(20) }), "a code that can't be typed in"),
        (json!({ "device_code": null }), "no device code"),
        (json!({ "error": "CANARY!" }), "refused the request"),
    ] {
        let outcome = log_in(&codes(&other), Vec::new());
        assert!(outcome.error().contains(says), "{other}: {}", outcome.error());
        assert!(outcome.shown.is_empty() && outcome.polls.is_empty(), "{other}");
    }
}

#[test]
fn a_complete_address_is_not_needed() {
    let google = json!({
        "verification_uri": null, "verification_url": "https://www.google.test/device",
        "verification_uri_complete": null,
    });
    let outcome = log_in(&codes(&google), vec![granted()]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.shown[0], "WDJB-MJHT at https://www.google.test/device or -");
}

#[test]
fn each_request_has_its_parameters() {
    let members = |form: &[(&str, &[&str])]| {
        let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        form.iter().map(|(name, values)| ((*name).to_owned(), texts(values))).collect()
    };
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let asked = "scope = 'openid read'\naudience = 'api'\nresource = ['https://r.test/']\n\
                 parameters = { tenant = 't' }";
    let outcome = log_in_with(asked, &codes(&json!({})), vec![granted()]);
    let requests = outcome.server.requests.lock().unwrap().clone();
    let begun: BTreeMap<String, Vec<String>> = members(&[
        ("client_id", &["tv"]),
        ("scope", &["openid read"]),
        ("audience", &["api"]),
        ("resource", &["https://r.test/"]),
        ("tenant", &["t"]),
    ]);
    assert_eq!((requests[0].path.as_str(), &requests[0].form), ("/device", &begun));
    let poll = members(&[
        ("client_id", &["tv"]),
        ("grant_type", &[grant]),
        ("device_code", &["the-device-code"]),
        ("resource", &["https://r.test/"]),
        ("tenant", &["t"]),
    ]);
    assert_eq!((requests[1].path.as_str(), &requests[1].form), ("/token", &poll));

    // A client that has a secret authenticates at both endpoints (RFC 8628, 3.1).
    let outcome = log_in_with("client_secret = 's'", &codes(&json!({})), vec![granted()]);
    for request in outcome.server.requests.lock().unwrap().iter() {
        assert!(request.authorization.as_ref().unwrap().starts_with("Basic "), "{}", request.path);
        assert!(
            !request.form.contains_key("client_secret") && !request.form.contains_key("client_id")
        );
    }
}

/// Starts a login, and drops it when `is_time` ends.
async fn log_in_and_go(credentials: &authn::Credentials, screen: &Screen, is_time: impl Future) {
    tokio::select! {
        outcome = credentials.login(Login::new(screen.clone())) => panic!("{outcome:?}"),
        _ = is_time => {}
    }
}

async fn ended(lines: &mut UnboundedReceiver<String>) {
    while lines.recv().await.expect("the login says that it has ended") != "Ended" {}
}

#[test]
fn a_silent_server_is_not_waited_for_after_the_caller_has_gone() {
    // No way is chosen and there is no browser, so the server's metadata are requested first.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut asked) = unbounded_channel();
    thread::spawn(move || {
        // The connection stays open, and nothing is sent.
        let silent = listener.accept().unwrap();
        sender.send(()).unwrap();
        let mut rest = Vec::new();
        drop((&silent.0).read_to_end(&mut rest));
    });
    let text =
        format!("[credentials.oauth]\nstore = 'memory'\nclient_id = 'tv'\nissuer_url = '{issuer}'");
    let credentials = load_at(&text, Clock::custom(ManualClock::new())).unwrap();
    let (sender, mut lines) = unbounded_channel();
    let screen = Screen(Arc::default(), Some(sender));
    wait(async {
        let login = Login::new(screen.clone()).with_environment(authn::Environment::empty());
        tokio::select! {
            outcome = credentials.login(login) => panic!("{outcome:?}"),
            asked = asked.recv() => asked.unwrap(),
        }
        ended(&mut lines).await;
    });
}

#[test]
fn the_user_is_not_waited_for_after_the_caller_has_gone() {
    // The clock does not move, so the first wait never ends.
    let manual = ManualClock::new();
    let (server, _) = Server::start(&Hasty::new(), codes(&json!({})), Vec::new());
    let text = format!("[credentials.oauth]\nstore = 'memory'\n{}", server.client(""));
    let credentials = load_at(&text, Clock::custom(manual)).unwrap();
    let (sender, mut lines) = unbounded_channel();
    let screen = Screen(Arc::default(), Some(sender));
    wait(async {
        let waits = async { while lines.recv().await.unwrap() != "120 s left" {} };
        log_in_and_go(&credentials, &screen, waits).await;
        ended(&mut lines).await;
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    });
    assert!(server.polls().is_empty());
}

#[test]
fn tokens_of_a_running_request_are_kept_after_the_caller_has_gone() {
    let hasty = Hasty::new();
    let (release, held) = mpsc::channel();
    let answers = vec![pending(), Answer::Held(held)];
    let (server, mut arrivals) = Server::start(&hasty, codes(&json!({})), answers);
    let text = format!("[credentials.oauth]\nstore = 'memory'\n{}", server.client(""));
    let credentials = load_at(&text, hasty.clock()).unwrap();
    let (sender, mut lines) = unbounded_channel();
    let screen = Screen(Arc::default(), Some(sender));
    wait(async {
        let second = async {
            arrivals.recv().await.unwrap();
            arrivals.recv().await.unwrap();
        };
        log_in_and_go(&credentials, &screen, second).await;
        release.send(()).unwrap();
        ended(&mut lines).await;
        assert_eq!(credentials.token().await.unwrap().secret(), "a");
    });
    assert_eq!(server.polls().len(), 2);
}

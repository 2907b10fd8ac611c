//! Token requests wait by the clock of their context, and read dates by it.

#![cfg(feature = "reqwest")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use authn::{
    Context, Credentials, Error, ErrorKind, Result, Token, TokenProvider, Url,
    time::{Clock, ManualClock, Moment, Sleep, Time},
};

/// A clock that is moved by each wait, and notes it.
#[derive(Clone, Debug)]
struct Skipping {
    manual: ManualClock,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Skipping {
    fn new() -> Self {
        Self { manual: ManualClock::new(), waits: Arc::default() }
    }
}

impl Time for Skipping {
    fn now(&self) -> Moment {
        self.manual.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.waits.lock().unwrap().push(duration);
        self.manual.advance(duration);
        Box::pin(async {})
    }
}

/// Asks a server at each call.
#[derive(Debug)]
struct Asking(Url);

impl TokenProvider for Asking {
    async fn token(&self, context: &Context) -> Result<Token> {
        let response = context.http().get(&self.0).send().await?;
        match response.retry_after() {
            Some(wait) => Err(Error::network("the server is busy").with_retry_after(wait)),
            None => Token::new(response.member::<String>("token")?.unwrap()),
        }
    }
}

/// Starts a server that sends each response once, in this order.
fn server(responses: Vec<String>) -> Url {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines();
            lines.map(Result::unwrap).take_while(|line| !line.is_empty()).for_each(drop);
            stream.write_all(response.as_bytes()).unwrap();
        }
    });
    url
}

fn response(status: &str, header: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{header}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn credentials(responses: Vec<String>, clock: Clock) -> Credentials {
    Credentials::builder().provider(Asking(server(responses))).clock(clock).build().unwrap()
}

#[tokio::test]
async fn retries_wait_by_the_clock_of_the_context() {
    let busy = || response("503 Service Unavailable", "", "");
    let token = response("200 OK", "", r#"{"token":"abc"}"#);
    let clock = Skipping::new();
    let credentials = credentials(vec![busy(), busy(), token], Clock::custom(clock.clone()));
    assert_eq!(credentials.token().await.unwrap().secret(), "abc");
    let waits = clock.waits.lock().unwrap();
    assert_eq!(waits.len(), 2, "{waits:?}");
    for (wait, longest) in waits.iter().zip([200, 400]) {
        assert!(*wait <= Duration::from_millis(longest), "{waits:?}");
    }
}

#[tokio::test]
async fn a_retry_after_date_is_read_by_the_clock_of_the_context() {
    let clock = ManualClock::new();
    clock.step_wall(-10 * 365 * 86_400);
    let date = httpdate::fmt_http_date(clock.now().wall() + Duration::from_secs(90));
    let busy = response("429 Too Many Requests", &format!("Retry-After: {date}\r\n"), "");
    let credentials = credentials(vec![busy], Clock::custom(clock));
    let wait = credentials.token().await.unwrap_err().retry_after().unwrap();
    // The date has whole seconds.
    assert!(wait > Duration::from_secs(89) && wait <= Duration::from_secs(90), "{wait:?}");
}

/// Exchanges with a server, and takes only a success for an answer.
#[derive(Debug)]
struct Strict(Url);

impl TokenProvider for Strict {
    async fn token(&self, context: &Context) -> Result<Token> {
        let response = context.http().post(&self.0).form(&[]).send().await?.success()?;
        Token::new(response.member::<String>("token")?.unwrap())
    }
}

#[tokio::test]
async fn a_status_that_is_no_success_is_an_error_of_its_kind_without_its_body() {
    let wait = Duration::from_secs(7);
    for (status, kind, asked) in [
        ("400 Bad Request", ErrorKind::Refused, None),
        ("401 Unauthorized", ErrorKind::Refused, None),
        ("404 Not Found", ErrorKind::Refused, None),
        ("429 Too Many Requests", ErrorKind::Network, Some(wait)),
        ("500 Internal Server Error", ErrorKind::Network, Some(wait)),
        ("503 Service Unavailable", ErrorKind::Network, Some(wait)),
    ] {
        let url = server(vec![response(status, "Retry-After: 7\r\n", "canary-4711")]);
        let credentials = Credentials::builder().provider(Strict(url)).origin("*").build().unwrap();
        let error = credentials.token().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (kind, asked), "{status}");
        assert!(error.message().contains(&status[..3]), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let url = server(vec![response("201 Created", "", r#"{"token": "abc"}"#)]);
    let credentials = Credentials::builder().provider(Strict(url)).origin("*").build().unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "abc");
}

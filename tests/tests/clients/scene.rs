//! `Scene`: a case, its servers and its credentials.

use std::{
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Cached, Context, Credentials, Error, Issued, Placement, Reaction, Request, ResponseHead,
    Result, Token, TokenSet, TokenSource, Used, from_fn,
};
use http::{HeaderName, StatusCode};
use tokio::sync::Semaphore;

use crate::{
    case::{Asks, Cancel, Case, Exchange, Place, Received, Sent, Setup},
    client::{Client, End},
    server::{Got, Script, Servers},
};

pub(crate) struct Scene {
    case: Case,
    client: Client,
    servers: Servers,
    source: Arc<State>,
    pub(crate) credentials: Credentials,
    pub(crate) other: Credentials,
}

#[derive(Debug)]
struct State {
    setup: Setup,
    exchanges: AtomicUsize,
    /// Has one for each exchange that has begun.
    begun: Semaphore,
    /// Has one for each exchange that may end.
    allowed: Semaphore,
    nonce: Mutex<String>,
}

/// Has tokens `t1`, `t2` …, with their scopes.
#[derive(Debug)]
struct Source(Arc<State>);

impl TokenSource for Source {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let state = &self.0;
        let number = state.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        state.begun.add_permits(1);
        match state.setup.exchange {
            Exchange::Works => {}
            Exchange::Fails => return Err(Error::network("the server is down")),
            Exchange::LoggedOut => return Err(context.login_required("no user is logged in")),
            Exchange::Waits => state.allowed.acquire().await.unwrap().forget(),
        }
        let words = [&[format!("t{number}")], context.scopes()].concat();
        let token = Token::new(words.join("+"))?;
        Ok(token.with_expires_in(Duration::from_hours(1)).into())
    }

    fn authorize(&self, request: &mut Request<'_>, issued: &Issued, _: &Context) -> Result<()> {
        if self.0.setup.reaction == Asks::Nonce {
            let nonce = self.0.nonce.lock().unwrap();
            request.replace_header("x-proof", format!("proof-{nonce}"))?;
        }
        request.bearer(issued.token())
    }

    fn response(&self, head: &ResponseHead<'_>, _: &Used, _: &Context) -> Reaction {
        match (self.0.setup.reaction, head.status()) {
            (Asks::Always, _) => Reaction::Retry,
            (Asks::Scope, StatusCode::FORBIDDEN) if head.allows_step_up() => {
                Reaction::RetryWithScopes(vec!["more".to_owned()])
            }
            (Asks::Nonce, _) => match head.header("x-nonce") {
                Some(nonce) => {
                    nonce.clone_into(&mut self.0.nonce.lock().unwrap());
                    Reaction::Retry
                }
                None => Reaction::Pass,
            },
            _ => Reaction::Pass,
        }
    }
}

impl Scene {
    pub(crate) fn new(case: Case, client: Client) -> Self {
        let servers = Servers::start(case.answers.clone());
        let setup = case.credentials.clone();
        let source = Arc::new(State {
            setup: setup.clone(),
            exchanges: AtomicUsize::new(0),
            begun: Semaphore::new(0),
            allowed: Semaphore::new(0),
            nonce: Mutex::default(),
        });
        let script = &servers.script;
        let mut builder = Credentials::builder()
            .provider(Cached::new(Source(Arc::clone(&source))))
            .origin(&script.api)
            .origin(&script.grpc);
        if setup.for_other {
            builder = builder.origin(&script.other);
        }
        builder = match setup.place {
            Place::Usual => builder,
            Place::Header => {
                let name: HeaderName = setup.name.parse().unwrap();
                builder.placement(Placement::header(name, ""))
            }
            Place::Query => builder.placement(Placement::query(&setup.name)),
            Place::Body => builder.placement(Placement::body(&setup.name)),
        };
        let mut credentials = builder.build().unwrap();
        if setup.if_available {
            credentials = credentials.if_available();
        }
        let other = Credentials::builder().source(from_fn(|_| async { Token::new("admin") }));
        let other = other.origin(&script.api).origin(&script.grpc).build().unwrap();
        Self { case, client, servers, source, credentials, other }
    }

    pub(crate) fn script(&self) -> &Script {
        &self.servers.script
    }

    pub(crate) fn steps_up(&self) -> bool {
        self.case.credentials.step_up
    }

    /// Returns the address of a request.
    pub(crate) fn url(&self, sent: &Sent) -> String {
        let (server, path) = sent.to.split_once(':').unwrap();
        let origin = match server {
            "api" => &self.script().api,
            "other" => &self.script().other,
            server => panic!("there is no server {server}"),
        };
        format!("{origin}{path}")
    }

    /// Returns the whole body of a request that does not stream.
    pub(crate) fn body(sent: &Sent) -> Option<String> {
        match sent.length {
            0 => sent.body.clone(),
            length => Some("x".repeat(length)),
        }
    }

    /// Sends the requests of the case, and compares what the servers receive with what they should.
    pub(crate) async fn play(self) -> Result<(), String> {
        let connected = self.client.connect(&self);
        for sent in &self.case.requests {
            let end = match sent.cancel {
                None => connected.send(&self, sent).await,
                Some(when) => {
                    tokio::select! {
                        end = connected.send(&self, sent) => end,
                        () = self.reached(when) => End::Cancelled,
                    }
                }
            };
            if sent.cancel == Some(Cancel::Exchange) {
                self.source.allowed.add_permits(Semaphore::MAX_PERMITS / 2);
            }
            let expected = match (sent.cancel, sent.status, &sent.error) {
                (Some(_), None, None) => End::Cancelled,
                (None, Some(status), None) => {
                    End::Answered { status, text: sent.text.clone().unwrap_or_default() }
                }
                (None, None, Some(error)) => End::Failed(error.clone()),
                _ => panic!("a request ends in one way"),
            };
            same("the end", &end, &expected)?;
        }
        let received = self.script().received();
        same("the number of requests", &received.len(), &self.case.received.len())?;
        for (got, expected) in received.iter().zip(&self.case.received) {
            self.compare(got, expected)?;
        }
        same("the answers that are left", &self.script().left(), &0)?;
        same("the exchanges", &self.source.exchanges.load(Ordering::SeqCst), &self.case.exchanges)
    }

    async fn reached(&self, when: Cancel) {
        let signal = match when {
            Cancel::Sent => &self.script().arrived,
            Cancel::Exchange => &self.source.begun,
        };
        signal.acquire().await.unwrap().forget();
    }

    fn compare(&self, got: &Got, expected: &Received) -> Result<(), String> {
        if self.client != Client::Tonic {
            same("the server", &got.at, &&*expected.at)?;
            if let Some(method) = &expected.method {
                same("the method", &got.method, method)?;
            }
            if let Some(target) = &expected.target {
                same("the target", &got.target, target)?;
            }
        }
        for (name, value) in &expected.headers {
            let got = got.headers.get(name).map(|value| value.to_str().unwrap());
            same(name, &got, &Some(&**value))?;
        }
        for name in &expected.without {
            same(name, &got.headers.get(name), &None)?;
        }
        match &expected.body {
            Some(body) => same("the body", &got.body, body),
            None => Ok(()),
        }
    }
}

fn same<T: Debug + PartialEq>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what} is {got:?}, not {expected:?}")) }
}

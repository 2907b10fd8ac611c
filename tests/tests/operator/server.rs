//! `Staged`: a server with one answer for each request, in their order.

use std::{collections::VecDeque, sync::Mutex, thread, time::Duration};

use authn_tests::tools::server::{Answer, Site};
use bytes::Bytes;
use http::{Request, Response, header};
use serde::Deserialize;
use time::OffsetDateTime;

/// An answer of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    /// Method and path of the request.
    request: String,
    #[serde(default = "ok")]
    status: u16,
    /// JSON, with `SERVER` in place of the address.
    #[serde(default)]
    body: String,
    #[serde(default)]
    delay_ms: u64,
    /// How many seconds the server's clock is ahead.
    #[serde(default)]
    ahead: i64,
}

fn ok() -> u16 {
    200
}

pub(crate) struct Staged {
    scheme: &'static str,
    answers: Mutex<VecDeque<Given>>,
}

impl Staged {
    pub(crate) fn new(scheme: &'static str, answers: &[Given]) -> Self {
        Self { scheme, answers: Mutex::new(answers.iter().cloned().collect()) }
    }
}

impl Site for Staged {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let given = self.answers.lock().unwrap().pop_front();
        let Some(given) = given.filter(|given| given.request == asked) else {
            return Response::builder().status(500).body(asked.into_bytes()).unwrap();
        };
        thread::sleep(Duration::from_millis(given.delay_ms));
        let host = request.headers()[header::HOST].to_str().unwrap();
        let body = given.body.replace("SERVER", &format!("{}://{host}", self.scheme));
        let now = OffsetDateTime::now_utc() + time::Duration::seconds(given.ahead);
        Response::builder()
            .status(given.status)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::DATE, httpdate::fmt_http_date(now.into()))
            .body(body.into_bytes())
            .unwrap()
    }
}

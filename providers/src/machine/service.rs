//! `Service`: a service that issues the tokens of a machine, at an address where only some machines have one.

use std::time::Duration;

use authn::{
    Context, Error, ErrorKind, Probe, Result, Url,
    http::{HttpRequest, HttpResponse, OfMachine, StatusCode},
    time::BackOff,
};

/// Longest wait for the first answer of a service. It is on the machine itself; where there is none, packets can vanish.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// Most times that a service is asked for one token.
const TRIES: u32 = 6;
/// The waits between them: 25 seconds in all.
const BACK_OFF: BackOff = BackOff::new(Duration::from_millis(800), Duration::from_secs(30));
/// The waits while a service is being updated, which takes up to 70 seconds at Azure: 93 seconds in all.
const WHILE_UPDATED: BackOff = BackOff::new(Duration::from_secs(3), Duration::from_mins(1));
/// Longest wait that a service can ask for by `Retry-After`. The exchange ends with a longer one, and the cache waits.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(20);

/// A service of the machine.
pub(crate) struct Service {
    /// Its name in messages, such as `Google's metadata service`.
    name: &'static str,
    at: OfMachine,
}

impl Service {
    /// Fails if the address can't be that of a service of this machine.
    pub(crate) fn new(name: &'static str, url: Url) -> Result<Self> {
        Ok(Self { name, at: OfMachine::new(url, name)? })
    }

    /// Returns the URL.
    pub(crate) fn url(&self) -> &Url {
        self.at.url()
    }

    /// Returns scheme, host and port.
    pub(crate) fn place(&self) -> String {
        self.at.place()
    }

    /// Returns the error of a machine without the service, if that is known in this process.
    pub(crate) fn absence(&self) -> Option<Error> {
        (self.at.is_here() == Some(false)).then(|| {
            let message = format!("{} is not at {}, as was found before", self.name, self.place());
            absent(message)
        })
    }

    /// Finds out whether the service is here, once in a process. `probe` is a request without a secret, and `is_it`
    /// says whether the answer is that of the service.
    ///
    /// A machine without it is [not applicable](Error::not_applicable).
    pub(crate) async fn find(
        &self,
        probe: HttpRequest,
        is_it: impl Fn(&HttpResponse) -> bool,
    ) -> Result<()> {
        match self.at.is_here() {
            Some(true) => Ok(()),
            Some(false) => Err(self.absence().unwrap_or_else(Error::no_token)),
            None => self.ask(probe, is_it).await.map(drop),
        }
    }

    /// Asks the service whether it is here, also if that is known, for a user who wants to know it now.
    pub(crate) async fn probe(
        &self,
        probe: HttpRequest,
        is_it: impl Fn(&HttpResponse) -> bool,
    ) -> Result<Option<Probe>> {
        let answer = self.ask(probe, is_it).await?;
        Ok(Some(Probe::new(self.place(), answer.date())))
    }

    async fn ask(
        &self,
        probe: HttpRequest,
        is_it: impl Fn(&HttpResponse) -> bool,
    ) -> Result<HttpResponse> {
        let answer = probe.to_machine().answered_within(FIRST_ANSWER).send().await;
        let why = match answer {
            Ok(answer) if is_it(&answer) => {
                self.at.note(true);
                return Ok(answer);
            }
            Ok(answer) => {
                format!(
                    "another service answered at {} ({})",
                    self.place(),
                    answer.status().as_u16()
                )
            }
            // Such as no route, no answer in time, a redirect, or bytes that are no HTTP.
            Err(error) if matches!(error.kind(), ErrorKind::Network | ErrorKind::Protocol) => {
                error.message().to_owned()
            }
            Err(error) => return Err(error),
        };
        self.at.note(false);
        Err(absent(format!("{} is not here: {why}", self.name)))
    }

    /// Asks for a token, again while the service can't answer. `is_passing` says which statuses besides 429 and 5xx pass by
    /// themselves. Waits by the context's clock, so it is for exchanges.
    pub(crate) async fn answer(
        &self,
        context: &Context,
        is_passing: impl Fn(StatusCode) -> bool,
        request: impl Fn() -> HttpRequest,
    ) -> Result<HttpResponse> {
        let start = context.clock().now();
        let mut tried = 1;
        loop {
            let result = request().to_machine().send().await;
            let wait = match &result {
                Ok(answer) if is_passing(answer.status()) || is_busy(answer.status()) => {
                    let is_updated = answer.status() == StatusCode::GONE;
                    let own = if is_updated { WHILE_UPDATED } else { BACK_OFF }.after(tried);
                    own.max(answer.retry_after().unwrap_or_default())
                }
                Err(error) if error.kind() == ErrorKind::Network => BACK_OFF.after(tried),
                // Such as a redirect. There is not an address that could be configured instead.
                Err(error) if error.kind() == ErrorKind::Protocol => {
                    let help = format!(
                        "this is not an answer of {}: a proxy or another service may have answered",
                        self.name
                    );
                    return result.map_err(|error| error.with_help(help));
                }
                _ => return result,
            };
            let is_long = result.as_ref().is_ok_and(|answer| {
                answer.retry_after().is_some_and(|asked| asked > LONGEST_RETRY_AFTER)
            });
            if tried == TRIES || is_long {
                let name = self.name;
                let elapsed = context.clock().now().after(start).as_secs();
                return Err(unanswered(result).at(match tried {
                    1 => name.to_owned(),
                    _ => format!("{name}, asked {tried} times in {elapsed} s"),
                }));
            }
            context.clock().sleep(wait).await;
            tried += 1;
        }
    }

    /// Returns the error of an answer that is neither a token nor understood better.
    pub(crate) fn failure(&self, answer: HttpResponse, help: &'static str) -> Error {
        let status = answer.status();
        let name = self.name;
        match answer.success() {
            Err(error) if error.kind() == ErrorKind::Refused => error.at(name).with_help(help),
            Err(error) => error.at(name),
            Ok(_) => Error::protocol(format!("{name} answered with status {}", status.as_u16()))
                .with_help(help),
        }
    }
}

fn absent(message: String) -> Error {
    Error::not_applicable(message).with_help("use this provider on a machine that has it")
}

/// Returns the error of a service that does not answer for now.
fn unanswered(result: Result<HttpResponse>) -> Error {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) => return error,
    };
    let (place, status) = (answer.place(), answer.status().as_u16());
    let error = Error::network(format!("{place} answered with status {status}"));
    let error = error.with_help("try again later");
    match answer.retry_after() {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Returns the URL of a host with an optional port, which `from` names in errors.
pub(crate) fn url_of_host(host: &str, from: &str) -> Result<Url> {
    let url = Url::parse(&format!("http://{host}")).ok();
    let is_host = |url: &Url| {
        url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && !host.ends_with('/')
    };
    url.filter(is_host).ok_or_else(|| {
        Error::configuration(format!("{from} is not a host with an optional port"))
            .with_help("write it like `169.254.169.254` or `127.0.0.1:8080`")
    })
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn the_first_answer_is_waited_for_a_second() {
        assert_eq!(FIRST_ANSWER, Duration::from_secs(1));
        // An exchange ends after two minutes.
        let all =
            |back_off: BackOff| (1..TRIES).map(|tried| back_off.after(tried)).sum::<Duration>();
        assert_eq!(all(BACK_OFF), Duration::from_millis(24_800));
        assert_eq!(all(WHILE_UPDATED), Duration::from_secs(93));
    }

    #[test]
    fn a_host_is_no_url() {
        for host in [
            "",
            "http://127.0.0.1",
            "127.0.0.1/a",
            "127.0.0.1/",
            "127.0.0.1?a",
            "a b",
            "127.0.0.1:x",
        ] {
            assert!(url_of_host(host, "`host`").is_err(), "{host}");
        }
        assert_eq!(url_of_host("127.0.0.1:81", "`host`").unwrap().as_str(), "http://127.0.0.1:81/");
    }
}

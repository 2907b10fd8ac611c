//! Provider `app_service`: the token of the request that is being served.
//!
//! Nothing is stored between calls. Each call reads the request that the calling task serves, so one user's token
//! can't reach another user's request.

use std::{sync::OnceLock, time::Duration};

use authn::{
    Context, Error, Request, Result, Token, TokenProvider,
    app_service::{Incoming, with_incoming},
};
use http::{HeaderName, header::AUTHORIZATION};

use crate::expiry;

/// Forwards the token of the request that is being served.
///
/// The program serves its requests through `authn::app_service::AppServiceLayer`. The token is valid for `lifetime`
/// from the request's arrival, or until its own `exp` if it is a JWT and that is earlier. This provider is chosen
/// without any configuration if the environment variable `APP_SERVICE_TS` is set.
///
/// The token is never cached. If the service behind needs a token of its own for the user, it can be the `subject` of a token
/// exchange, or the `assertion` of the grant `jwt_bearer`, of `oauth`: each user's token is then exchanged once.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults("[credentials]\ndomain = 'api.example.com'\nprovider = 'app_service'")
///     .load()?;
/// assert!(credentials.is_per_request());
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("app_service")]
pub struct AppService {
    /// Headers of the incoming request that can hold the token. The first one that holds a token is used. From
    /// `authorization`, only a bearer token is used.
    #[default(vec!["x-foundry-accesstoken".to_owned()])]
    incoming_headers: Vec<String>,
    /// How long a token is forwarded after its request's arrival.
    #[default(Duration::from_hours(1))]
    lifetime: Duration,
    /// The parsed names of the headers.
    __names: OnceLock<Vec<HeaderName>>,
}

impl AppService {
    fn names(&self) -> Result<Vec<HeaderName>> {
        let read = |name: &String| {
            HeaderName::try_from(name).map_err(|_| {
                Error::configuration(format!(
                    "option `incoming_headers`: `{}` is not a valid header name",
                    name.escape_debug()
                ))
                .with_help("use letters, digits and dashes")
            })
        };
        self.incoming_headers.iter().map(read).collect()
    }

    /// Returns the token of the request that this task serves.
    fn current(&self, context: &Context) -> Result<Token> {
        let token = with_incoming(|incoming| self.token_of(incoming)).ok_or_else(no_request)??;
        expiry::check(&token, context, "send the incoming request again with a new token")?;
        Ok(token)
    }

    fn token_of(&self, incoming: &Incoming) -> Result<Token> {
        let names = match self.__names.get() {
            Some(names) => names,
            None => &self.names()?,
        };
        for name in names {
            let found = find(incoming, name).and_then(|text| text.map(Token::new).transpose());
            let place = || format!("header `{name}` of the incoming request");
            if let Some(token) = found.map_err(|error| error.at(place()))? {
                let token = expiry::with_jwt_expiry(token);
                let end = incoming.arrived().checked_add(self.lifetime);
                return Ok(match (end, token.expires_at()) {
                    (Some(end), own) if own.is_none_or(|own| end < own) => {
                        token.with_expires_at(end)
                    }
                    _ => token,
                });
            }
        }
        Err(self.no_header())
    }

    fn no_header(&self) -> Error {
        let names: Vec<String> =
            self.incoming_headers.iter().map(|name| format!("`{name}`")).collect();
        let message =
            format!("the incoming request has no token (looked for: {})", names.join(", "));
        Error::not_applicable(message)
            .with_help("send a token, or set `incoming_headers` to the header that holds it")
    }
}

impl TokenProvider for AppService {
    fn validate(&self, _: &Context) -> Result<()> {
        let names = self.names()?;
        if names.is_empty() {
            return Err(Error::configuration("option `incoming_headers` is empty")
                .with_help("set it to the header that holds the token"));
        }
        if self.lifetime.is_zero() {
            return Err(Error::configuration("option `lifetime` is 0")
                .with_help("set it to a duration like `1h`"));
        }
        self.__names.get_or_init(|| names);
        Ok(())
    }

    async fn token(&self, context: &Context) -> Result<Token> {
        self.current(context)
    }

    fn ready(&self, context: &Context) -> Option<Token> {
        self.current(context).ok()
    }

    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        if request.is_authorized() {
            return Some(Ok(()));
        }
        Some(self.current(context).and_then(|token| request.bearer(&token)))
    }

    fn is_per_request(&self) -> bool {
        true
    }

    fn is_serving(&self, _: &Context) -> bool {
        with_incoming(|_| ()).is_some()
    }
}

/// Returns the token in a header, if there is one.
fn find<'a>(incoming: &'a Incoming, name: &HeaderName) -> Result<Option<&'a str>> {
    let mut values = incoming.headers().get_all(name).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        if incoming.headers().contains_key(name) {
            // It is not known which of them a proxy has checked.
            return Err(
                Error::invalid_token("it is sent more than once").with_help("send it exactly once")
            );
        }
        return Ok(None);
    };
    let Ok(text) = value.to_str() else {
        return Err(Error::invalid_token("it has characters that a token can't have")
            .with_help("check the client that sends it"));
    };
    let token = if name == AUTHORIZATION { bearer(text) } else { Some(text) };
    Ok(token.map(str::trim).filter(|token| !token.is_empty()))
}

/// Returns the token of an `Authorization` value of the scheme Bearer (RFC 6750, 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn no_request() -> Error {
    Error::not_applicable("no request is being served here").with_help(
        "serve requests through `authn::app_service::AppServiceLayer`, and run spawned tasks in \
         `authn::app_service::scope`",
    )
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::Debug,
        time::{Duration, SystemTime},
    };

    use authn::{
        Credentials, Environment, ErrorKind, Loader,
        app_service::scope,
        time::{Clock, ManualClock},
    };
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::testing::{jwt, load, load_at, request, wait};

    const USUAL: &str = "x-foundry-accesstoken";

    fn incoming(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers.iter().fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(*name, value.parse().unwrap());
            map
        })
    }

    /// The token while a request with these headers is served.
    fn serving(credentials: &Credentials, headers: &[(&'static str, &str)]) -> Result<Token> {
        wait(scope(incoming(headers), credentials.token()))
    }

    #[track_caller]
    fn refused<T: Debug>(result: Result<T>, kind: ErrorKind, said: &str) {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    }

    #[test]
    fn each_request_has_its_own_token() {
        let credentials = load("provider = \"app_service\"").unwrap();
        assert!(credentials.is_per_request());
        for user in ["alice", "bob", "alice"] {
            assert_eq!(serving(&credentials, &[(USUAL, user)]).unwrap().secret(), user);
            assert!(credentials.try_token().is_none(), "nothing is remembered");
        }
    }

    #[test]
    fn it_goes_onto_requests_and_leaves_the_callers_own() {
        let credentials = load("[credentials.app_service]").unwrap();
        wait(scope(incoming(&[(USUAL, "alice")]), async {
            let mut parts = request("https://api.example.com/");
            credentials.authorize(&mut parts).await.unwrap();
            assert_eq!(parts.headers["authorization"], "Bearer alice");
            parts.headers.insert("authorization", HeaderValue::from_static("mine"));
            credentials.authorize(&mut parts).await.unwrap();
            assert_eq!(parts.headers["authorization"], "mine");
            let mut parts = request("https://other.example.com/");
            refused(credentials.authorize(&mut parts).await, ErrorKind::Origin, "not for");
            assert!(parts.headers.is_empty());
        }));
    }

    #[test]
    fn there_is_no_token_outside_of_a_request() {
        let credentials = load("[credentials.app_service]").unwrap();
        for said in ["`authn::app_service::AppServiceLayer`", "`authn::app_service::scope`"] {
            refused(wait(credentials.token()), ErrorKind::NotApplicable, said);
        }
        let mut parts = request("https://api.example.com/");
        let result = wait(credentials.authorize(&mut parts));
        refused(result, ErrorKind::NotApplicable, "no request is being served here");
    }

    #[test]
    fn a_spawned_task_has_none_unless_it_is_given_the_scope() {
        let credentials = load("[credentials.app_service]").unwrap();
        let headers = incoming(&[(USUAL, "alice")]);
        wait(scope(headers.clone(), async {
            let own = credentials.clone();
            let result = tokio::spawn(async move { own.token().await }).await.unwrap();
            refused(result, ErrorKind::NotApplicable, "spawned tasks");
            let own = credentials.clone();
            let scoped = tokio::spawn(scope(headers, async move { own.token().await }));
            assert_eq!(scoped.await.unwrap().unwrap().secret(), "alice");
        }));
    }

    #[test]
    fn headers_are_looked_for_in_order() {
        let credentials =
            load("app_service = { incoming_headers = [\"X-First\", \"Authorization\"] }").unwrap();
        for (headers, token) in [
            (vec![("x-first", "a"), ("authorization", "Bearer b")], "a"),
            (vec![("authorization", "Bearer b")], "b"),
            (vec![("authorization", "bEARER   b")], "b"),
            (vec![("x-first", ""), ("authorization", "Bearer b")], "b"),
        ] {
            assert_eq!(serving(&credentials, &headers).unwrap().secret(), token, "{headers:?}");
        }
        for headers in [
            vec![],
            vec![(USUAL, "s3cr3t")],
            vec![("authorization", "Basic s3cr3t")],
            vec![("authorization", "s3cr3t")],
            vec![("authorization", "Bearer ")],
        ] {
            let result = serving(&credentials, &headers);
            refused(result, ErrorKind::NotApplicable, "looked for: `X-First`, `Authorization`");
        }
    }

    #[test]
    fn invalid_tokens_are_refused() {
        let credentials = load("[credentials.app_service]").unwrap();
        let place = "header `x-foundry-accesstoken` of the incoming request";
        for headers in [
            vec![(USUAL, "s3cr3t s3cr3t")],
            vec![(USUAL, "s3cr3t\u{e4}")],
            vec![(USUAL, "s3cr3t"), (USUAL, "s3cr3t")],
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let result = wait(scope(map, credentials.token()));
            refused(result, ErrorKind::InvalidToken, place);
        }
    }

    #[test]
    fn a_token_ends_with_its_lifetime_or_its_own_expiry() {
        let clock = ManualClock::new();
        let credentials =
            load_at("app_service = { lifetime = \"10m\" }", Clock::custom(clock.clone())).unwrap();
        let arrived = || with_incoming(Incoming::arrived).expect("a request is being served");
        let expires_at = |token: &str| {
            wait(scope(incoming(&[(USUAL, token)]), async {
                let token = credentials.token().await.unwrap();
                (token.expires_at().expect("it always ends"), arrived())
            }))
        };
        let in_seconds = |seconds| SystemTime::now() + Duration::from_secs(seconds);
        let exp = |time: SystemTime| {
            let exp = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            (jwt(&format!(r#"{{"exp":{exp}}}"#)), SystemTime::UNIX_EPOCH + Duration::from_secs(exp))
        };
        let lifetime = Duration::from_mins(10);
        let (expires, arrived_at) = expires_at("opaque");
        assert_eq!(expires, arrived_at + lifetime);
        let (late, _) = exp(in_seconds(1_000_000));
        let (expires, arrived_at) = expires_at(&late);
        assert_eq!(expires, arrived_at + lifetime);
        let (soon, its_own) = exp(in_seconds(60));
        let (expires, _) = expires_at(&soon);
        assert_eq!(expires, its_own);

        let over = jwt(r#"{"exp":1}"#);
        let result = serving(&credentials, &[(USUAL, &over)]);
        refused(result, ErrorKind::Expired, "Thu, 01 Jan 1970 00:00:01 GMT");
        wait(scope(incoming(&[(USUAL, "alice")]), async {
            assert!(credentials.token().await.is_ok());
            clock.advance(Duration::from_secs(1_000_000));
            refused(credentials.token().await, ErrorKind::Expired, "send the incoming request");
        }));
    }

    #[test]
    fn the_environment_of_an_app_service_chooses_it() {
        let load = |text: &str| {
            let environment = Environment::empty().variable("APP_SERVICE_TS", "1");
            Loader::new().environment(environment).defaults(text).load().unwrap()
        };
        let shown = format!("{:?}", load("[credentials]\ndomain = \"api.example.com\""));
        let all = r#"AppService { incoming_headers: ["x-foundry-accesstoken"], lifetime: "1h" }"#;
        assert_eq!(shown, all);
        assert!(!load("[credentials]\nbasic = { username = \"a\" }").is_per_request());
    }

    #[test]
    fn unusable_options_are_found_at_load() {
        for (options, said) in [
            ("incoming_headers = []", "option `incoming_headers` is empty"),
            (
                "incoming_headers = [\"x y\"]",
                "`incoming_headers`: `x y` is not a valid header name",
            ),
            ("lifetime = 0", "option `lifetime` is 0"),
        ] {
            let result = load(&format!("app_service = {{ {options} }}"));
            refused(result, ErrorKind::Configuration, said);
        }
    }
}

//! What a cache in front of another provider keeps of it.

use std::path::Path;

use authn::{
    Context, Credentials, Environment, ErrorKind, Issued, Loader, Reaction, Request, ResponseHead,
    Result, Token, TokenProvider, TokenSet, TokenSource, Used, config::Class,
};
use http::{StatusCode, request::Parts};

fn loader(text: &str) -> Loader {
    let text = format!("[credentials]\norigins = ['*']\n{text}");
    Loader::new().environment(Environment::empty()).defaults(&text)
}

#[tokio::test]
async fn it_caches_the_provider_in_its_table() {
    for text in [
        "[credentials.cached]\nexpires_in_fallback = '1m'\n[credentials.cached.bearer]\ntoken = 'abc'",
        "[credentials.cached]\nbearer = 'abc'",
        "[credentials.cached.cached]\nbearer = 'abc'",
    ] {
        let credentials = loader(text).load().unwrap();
        assert!(credentials.try_token().is_none());
        assert_eq!(credentials.token().await.unwrap().secret(), "abc");
        assert_eq!(credentials.try_token().unwrap().secret(), "abc");
    }
}

#[test]
fn its_inner_provider_is_hidden_checked_and_counted() {
    let config = loader("[credentials.cached.bearer]\ntoken = 's3cr3t'\nbogus = 's3cr3t'").read();
    let problem = &config.problems()[0];
    assert_eq!(problem.key(), Some("credentials.cached.bearer.bogus"));
    let settings = config.settings();
    assert!(!format!("{settings:?}{problem:?}").contains("s3cr3t"), "{settings:?}");
    let token = settings.iter().find(|one| one.key == "credentials.cached.bearer.token");
    assert_eq!(token.unwrap().class, Class::Secret);
    for text in
        ["[credentials.cached]\nstore = 'memory'", "[credentials.cached]\nbearer = 'a'\njwt = 'b'"]
    {
        assert_eq!(loader(text).read().problems()[0].code().as_str(), "one-provider", "{text}");
    }
    let served = loader("[credentials.cached.app_service]").read();
    assert_eq!(served.problems()[0].code().as_str(), "cached-per-request");
}

#[tokio::test]
async fn keeps_tokens_in_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let environment = || Environment::empty().state_directory(folder.path());
    let text = "[credentials.cached]\nstore = 'file'\nbearer = 'abc'";
    loader(text).environment(environment()).load().unwrap().token().await.unwrap();
    let again = loader(text).environment(environment()).load().unwrap();
    assert!(again.status().await.unwrap().has_token);
    let within = "[credentials.cached.cached]\nstore = 'file'\nbearer = 'abc'";
    let within = loader(within).environment(environment()).load().unwrap();
    assert_eq!(within.status().await.unwrap().store.as_deref(), Some("file"));
}

#[tokio::test]
async fn the_longest_lifetime_is_no_overflow() {
    let folder = tempfile::tempdir().unwrap();
    let seconds = i64::MAX;
    let text = format!(
        "[credentials.cached]\nstore = 'file'\nexpires_in_fallback = {seconds}\nbearer = 'abc'"
    );
    for _ in ["exchanged", "stored"] {
        let environment = Environment::empty().state_directory(folder.path());
        let credentials = loader(&text).environment(environment).load().unwrap();
        assert_eq!(credentials.token().await.unwrap().secret(), "abc");
    }
}

#[tokio::test]
async fn another_secret_is_another_session() {
    let folder = tempfile::tempdir().unwrap();
    for secret in ["one", "two"] {
        let text = format!("[credentials.cached]\nstore = 'file'\nbearer = '{secret}'");
        let environment = Environment::empty().state_directory(folder.path());
        let credentials = loader(&text).environment(environment).load().unwrap();
        assert_eq!(credentials.token().await.unwrap().secret(), secret);
    }
}

#[tokio::test]
async fn an_invalidation_or_a_logout_reaches_the_inner_provider() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let hook = authn::hooks::Hook::sync(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(authn::Token::new(format!("t{number}"))?
            .with_expires_in(std::time::Duration::from_hours(1)))
    });
    authn::hooks::register("counting-within", hook).unwrap();
    let credentials = loader("[credentials.cached]\nhook = 'counting-within'").load().unwrap();
    let first = credentials.token().await.unwrap();
    assert_eq!(first.secret(), "t0");
    credentials.invalidate(&first);
    assert_eq!(credentials.token().await.unwrap().secret(), "t1");
    credentials.logout().await.unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "t2");
}

fn form() -> Parts {
    let request = http::Request::post("https://api.example.com/?page=2");
    let form = "application/x-www-form-urlencoded";
    request.header("content-type", form).body(()).unwrap().into_parts().0
}

/// Returns the header, the query and the body of a request that is authorised.
async fn placed(credentials: &Credentials, header: &str) -> (Option<String>, String, String) {
    let (mut parts, mut body) = (form(), b"a=1".to_vec());
    credentials.authorize(Request::from(&mut parts).with_body(&mut body)).await.unwrap();
    let header = parts.headers.get(header).map(|value| value.to_str().unwrap().to_owned());
    (header, parts.uri.query().unwrap_or_default().to_owned(), String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn the_token_is_placed_as_its_own_provider_places_it() {
    let hook = authn::hooks::Hook::sync(|_| Token::new("abc"));
    authn::hooks::register("placed", hook).unwrap();
    let header = |value: &str| (Some(value.to_owned()), "page=2".to_owned(), "a=1".to_owned());
    let default =
        placed(&loader("[credentials.cached]\nbearer = 'abc'").load().unwrap(), "authorization")
            .await;
    assert_eq!(default, header("Bearer abc"));
    for (table, expected) in [
        ("bearer = { token = 'abc', header = 'x-token', header_prefix = '' }", header("abc")),
        ("jwt = { jwt = 'abc', header = 'x-token' }", header("Bearer abc")),
        ("hook = { name = 'placed', header = 'x-token' }", header("Bearer abc")),
        (
            "bearer = { token = 'abc', placement = 'query' }",
            (None, "page=2&access_token=abc".to_owned(), "a=1".to_owned()),
        ),
        (
            "bearer = { token = 'abc', placement = 'query', query_parameter = 'page', override = true }",
            (None, "page=abc".to_owned(), "a=1".to_owned()),
        ),
        (
            "bearer = { token = 'abc', placement = 'body' }",
            (None, "page=2".to_owned(), "a=1&access_token=abc".to_owned()),
        ),
        ("cached = { bearer = { token = 'abc', header = 'x-token' } }", header("Bearer abc")),
        ("header = 'x-token'\nbearer = 'abc'", header("Bearer abc")),
        ("header = 'x-token'\ncached = { bearer = 'abc' }", header("Bearer abc")),
        ("cached = { header = 'x-token', bearer = 'abc' }", header("Bearer abc")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for store in ["memory", "file", "file"] {
            let text = format!("[credentials.cached]\nstore = '{store}'\n{table}");
            let environment = Environment::empty().state_directory(folder.path());
            let credentials = loader(&text).environment(environment).load().unwrap();
            for _ in ["cold", "warm"] {
                assert_eq!(placed(&credentials, "x-token").await, expected, "{text}");
            }
        }
    }
}

#[test]
fn the_place_of_the_token_is_set_in_one_table_only() {
    for (text, options) in [
        (
            "header = 'x-a'\nbearer = { token = 'abc', header_prefix = 'X' }",
            ["credentials.cached.header", "credentials.cached.bearer.header_prefix"],
        ),
        // Also with the default's value.
        (
            "placement = 'header'\nbearer = { token = 'abc', override = true }",
            ["credentials.cached.placement", "credentials.cached.bearer.override"],
        ),
        (
            "override = true\ncached = { bearer = { token = 'abc', header = 'x' } }",
            ["credentials.cached.override", "credentials.cached.cached.bearer.header"],
        ),
        (
            "header = 'x-a'\nplacing = {}",
            ["credentials.cached.header", "credentials.cached.placing"],
        ),
    ] {
        let config = loader(&format!("[credentials.cached]\n{text}")).read();
        let problem = config.problems()[0].message().to_owned();
        for option in options {
            assert!(problem.contains(&format!("`{option}`")), "{problem}");
        }
        assert!(config.credentials().is_err());
    }
}

/// Adds a second header besides the token's.
#[authn::token_provider("two_headers")]
struct TwoHeaders {}

impl TokenProvider for TwoHeaders {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new("abc")
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        request.set_header("x-second", "second")?;
        request.bearer(&self.token(context).await?)
    }
}

#[test]
fn a_credential_without_a_token_of_its_own_is_refused_when_it_is_loaded() {
    for (name, table) in [
        ("api_key", "api_key = 's3cr3t'"),
        ("basic", "basic = { username = 'ann', password = 's3cr3t' }"),
        ("two_headers", "two_headers = {}"),
    ] {
        for (path, text) in [("", table.to_owned()), (".cached", format!("cached = {{ {table} }}"))]
        {
            let error = loader(&format!("[credentials.cached]\n{text}")).load().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let said = error.to_string();
            let key = format!("`credentials.cached{path}.{name}` can't be cached");
            assert!(said.contains(&key) && said.contains("`hook`"), "{said}");
            assert!(!said.contains("s3cr3t"), "{said}");
        }
    }
}

/// Signs with a key that its exchange kept, and wants each 403 to be signed anew.
#[authn::token_provider("signing", cached)]
struct Signing {}

impl TokenSource for Signing {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let token = Token::new(format!("t{}", context.scopes().join("")))?;
        Ok(TokenSet::new(token).with_kept("key", "k".into()))
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        let key = issued.kept("key").expect("kept with the token").expose();
        let signature = format!("{}-{}-{}", &*key, request.method(), context.scopes().join(""));
        request.set_header("x-signature", signature)?;
        request.bearer(issued.token())
    }

    fn response(&self, head: &ResponseHead<'_>, used: &Used, _: &Context) -> Reaction {
        let is_signed = used.kept("key").is_some();
        if is_signed && head.status() == StatusCode::FORBIDDEN {
            Reaction::Retry
        } else {
            Reaction::Pass
        }
    }
}

/// The same with a placement of its own.
#[authn::token_provider("placing", cached, own_placement)]
struct Placing {}

impl TokenSource for Placing {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new("abc")?.into())
    }

    fn authorize(&self, request: &mut Request<'_>, issued: &Issued, _: &Context) -> Result<()> {
        request.set_header("x-own", issued.token().secret())
    }
}

fn stored_at(state: &Path, text: &str) -> Credentials {
    let environment = Environment::empty().state_directory(state);
    loader(text).environment(environment).load().unwrap()
}

#[tokio::test]
async fn a_source_signs_with_the_cached_token_and_reacts_to_answers() {
    for text in [
        "[credentials.cached]\nsigning = {}",
        "[credentials.cached]\nstore = 'file'\nsigning = {}",
        "[credentials.cached.cached]\nstore = 'file'\nsigning = {}",
    ] {
        let folder = tempfile::tempdir().unwrap();
        for _ in ["exchanged", "stored"] {
            let credentials = stored_at(folder.path(), text);
            for (scope, signature) in [("", "k-POST-"), ("read", "k-POST-read")] {
                let scoped = credentials.with_scope(&[scope]);
                for _ in ["cold", "warm"] {
                    let (mut parts, mut used) = (form(), Used::default());
                    let uri = parts.uri.clone();
                    scoped.authorize(Request::from(&mut parts).with_used(&mut used)).await.unwrap();
                    assert_eq!(parts.headers["x-signature"], signature, "{text}");
                    assert_eq!(parts.headers["authorization"], format!("Bearer t{scope}"));
                    let status = StatusCode::FORBIDDEN;
                    let head = ResponseHead::new(&parts.method, &uri, status, &parts.headers);
                    assert_eq!(scoped.response(&head, &used), Reaction::Retry, "{text}");
                }
            }
        }
    }
    let credentials = loader("[credentials.cached]\nplacing = {}").load().unwrap();
    let mut parts = form();
    credentials.authorize(&mut parts).await.unwrap();
    assert_eq!((&parts.headers["x-own"], parts.headers.len()), (&"abc".parse().unwrap(), 2));
}

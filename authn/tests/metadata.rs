//! The credential as metadata of gRPC calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use authn::{
    Context, Credentials, CredentialsBuilder, Error, ErrorKind, Origins, Placement, Request,
    Result, Token, TokenProvider, TokenSet, TokenSource, from_fn,
};
use http::HeaderName;

const TOKEN: HeaderName = HeaderName::from_static("token");

fn builder() -> CredentialsBuilder {
    Credentials::builder().source(from_fn(|_| async { Token::new("canary-4711") }))
}

#[tokio::test]
async fn metadata_is_what_the_configured_header_has() {
    for (placement, name, value) in [
        (Placement::default(), "authorization", "Bearer canary-4711"),
        (Placement::header(TOKEN, ""), "token", "canary-4711"),
    ] {
        let credentials = builder().origin("https://a.test").placement(placement).build().unwrap();
        assert!(credentials.try_metadata().is_none(), "the token has to be waited for");
        let metadata = credentials.metadata().await.unwrap();
        let pairs: Vec<_> = metadata.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(pairs, [(name, &value.parse().unwrap())]);
        assert!(!format!("{metadata:?}").contains("canary"), "its values are sensitive");
        assert_eq!(credentials.try_metadata().unwrap().unwrap(), metadata);
    }
}

#[test]
fn metadata_is_there_without_a_runtime() {
    let credentials =
        authn::blocking::Credentials::from(builder().domain("a.test").build().unwrap());
    assert_eq!(credentials.metadata().unwrap()["authorization"], "Bearer canary-4711");
}

#[tokio::test]
async fn what_is_no_metadata_is_refused() {
    for (builder, reason) in [
        (builder().domain("a.test").placement(Placement::query("token")), "query"),
        (builder().domain("a.test").placement(Placement::body("token")), "body"),
        (builder(), "no server"),
        (builder().origin("*"), "no server"),
        (Credentials::builder().provider(Signs::default()).domain("a.test"), "sign each request"),
        (
            Credentials::builder()
                .provider(Signs { path: true, ..Signs::default() })
                .domain("a.test"),
            "sign each request",
        ),
    ] {
        let credentials = builder.build().unwrap();
        // The second time, a token is cached.
        for _ in 0..2 {
            let error = credentials.metadata().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            assert!(error.to_string().contains(reason), "{error} has no {reason:?}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}

/// Returns another token for each call, and a header beside it.
#[derive(Debug, Default)]
struct Anew {
    count: AtomicUsize,
    header: Header,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Header {
    #[default]
    Constant,
    Signed,
}

impl TokenProvider for Anew {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(format!("canary-{}", self.count.fetch_add(1, Ordering::Relaxed)))
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        request.bearer(&self.token(context).await?)?;
        match self.header {
            Header::Constant => request.set_header("x-client", "things"),
            Header::Signed => {
                let count = self.count.load(Ordering::Relaxed);
                request.replace_header("x-signature", format!("signed {count}"))
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_each_call_is_metadata_and_a_signature_is_not() {
    let build = |header| {
        let provider = Anew { header, ..Anew::default() };
        Credentials::builder().provider(provider).domain("a.test").build().unwrap()
    };
    let metadata = build(Header::Constant).metadata().await.unwrap();
    assert_eq!(metadata.len(), 2);
    assert_eq!(metadata["x-client"], "things");
    assert_eq!(metadata["authorization"], "Bearer canary-1", "it is the newest one");
    let error = build(Header::Signed).metadata().await.unwrap_err();
    assert!(error.to_string().contains("sign each request"), "{error}");
}

/// Has tokens for the origin that its server names, if it names one.
#[derive(Debug)]
struct Discovers(bool);

impl TokenSource for Discovers {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let tokens = TokenSet::from(Token::new("abc")?);
        if !self.0 {
            return Ok(tokens);
        }
        Ok(tokens.with_origins(Origins::none().and("https://named.test")?))
    }

    fn discovers_origins(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn metadata_waits_for_origins_that_a_server_names() {
    let source = |names| Credentials::builder().source(Discovers(names)).build().unwrap();
    let credentials = source(true);
    assert!(credentials.try_metadata().is_none(), "the origins have to be waited for");
    assert_eq!(credentials.metadata().await.unwrap()["authorization"], "Bearer abc");
    assert_eq!(credentials.try_metadata().unwrap().unwrap()["authorization"], "Bearer abc");
    let error = source(false).metadata().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

/// Signs each request: with a counter, or over its path.
#[derive(Debug, Default)]
struct Signs {
    path: bool,
    count: AtomicUsize,
}

impl TokenProvider for Signs {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        let signed = if self.path {
            request.uri().path().to_owned()
        } else {
            self.count.fetch_add(1, Ordering::Relaxed).to_string()
        };
        request.replace_header("x-signature", signed)
    }
}

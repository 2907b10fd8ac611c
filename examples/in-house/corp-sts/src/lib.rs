//! An in-house provider, in its own crate, which depends only on `authn`.
//!
//! The corporate STS ("security token service") accepts a machine's key, and returns a token:
//!
//! ```text
//! POST https://sts.corp.example/token          HTTP/1.1 200 OK
//! machine_key=…&region=eu&seconds=900&number=1     {"token": "…", "seconds": "900"}
//! ```
//!
//! [`CorpSts`] requests one token. The framework does the rest: caching, renewal in time, one request for many callers,
//! deadlines, redirects and limits.
//!
//! A program links it by naming the crate once, and a configuration chooses it:
//!
//! ```
//! use corp_sts as _;
//! ```
//!
//! ```toml
//! [credentials]
//! domain = "api.corp.example"
//!
//! [credentials.corp_sts]
//! url = "https://sts.corp.example/token"
//! key = { file = "/run/secrets/machine-key" }
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::pedantic, warnings)]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use authn::{
    Context, Error, Result, SecretString, Token, TokenSet, TokenSource, Url,
    http::{HttpRequest, HttpResponse, StatusCode},
};

/// Mints tokens at the corporate STS.
#[authn::token_provider("corp_sts", cached)]
pub struct CorpSts {
    /// Address of the STS.
    url: Url,
    /// Machine key.
    _key: SecretString,
    /// Region; the nearest by default.
    region: Option<String>,
    /// How long a token shall live.
    #[default(Duration::from_mins(15))]
    lifetime: Duration,
    // The number of requests of this machine: not configurable and never shown.
    __requests: AtomicU32,
}

impl TokenSource for CorpSts {
    fn validate(&self, _context: &Context) -> Result<()> {
        authn::http::check(&self.url, false)
    }

    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        let answer = self.request(context).send().await?;
        Ok(read(&answer)?.into())
    }
}

impl CorpSts {
    fn request(&self, context: &Context) -> HttpRequest {
        let number = self.__requests.fetch_add(1, Ordering::Relaxed) + 1;
        context.http().post(&self.url).form(&[
            ("machine_key", &self._key.expose()),
            ("region", self.region.as_deref().unwrap_or("nearest")),
            ("seconds", &self.lifetime.as_secs().to_string()),
            ("number", &number.to_string()),
        ])
    }
}

fn read(answer: &HttpResponse) -> Result<Token> {
    let place = answer.place();
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::FORBIDDEN => {
            let message = format!("the STS {place} does not accept this key");
            return Err(Error::refused(message).with_help("register the machine"));
        }
        status => {
            let message = format!("the STS {place} answered with status {status}");
            return Err(Error::network(message).with_help("try again later"));
        }
    }
    let members: BTreeMap<String, String> = answer.json()?;
    let member = |name: &str| {
        members.get(name).ok_or_else(|| {
            Error::protocol(format!("the STS {place} answered without `{name}`"))
                .with_help("check the address")
        })
    };
    let seconds = member("seconds")?.parse().map_err(|_| {
        Error::protocol(format!("the STS {place} gave no number of seconds"))
            .with_help("ask its team")
    })?;
    Ok(Token::new(member("token")?)?.with_expires_in(Duration::from_secs(seconds)))
}

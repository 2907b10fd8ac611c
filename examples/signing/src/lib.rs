//! A provider that signs each request with a key that the service issues to this machine once. `X-Signature` is the
//! HMAC-SHA256 of the method, the path and query, `X-Date`, and `Content-Digest` (RFC 9530), a line each.

use std::time::UNIX_EPOCH;

use authn::{Context, Error, Request, Result, SecretString, Token, TokenProvider, Url};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Signs each request with a key of this machine.
#[authn::token_provider("signed", kept, own_placement)]
pub struct Signed {
    /// Address that issues the key.
    url: Url,
    /// Code of this machine, for which the service issues the key.
    _code: SecretString,
}

impl TokenProvider for Signed {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token()) // a signature is not a token
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        let key = self.key(context).await?;
        let body = request.body().bytes().ok_or_else(|| {
            let message = "the body of this request is not known, so it can't be signed";
            Error::configuration(message).with_help("send a body that is in memory")
        })?;
        let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)));
        let now = context.clock().now().wall().duration_since(UNIX_EPOCH);
        let date = now.unwrap_or_default().as_secs().to_string();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let signed = format!("{}\n{path}\n{date}\n{digest}", request.method());
        let mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes());
        let mac = mac.map_err(|_| Error::internal("the key of this machine is too short"))?;
        let signature = BASE64.encode(mac.chain_update(signed).finalize().into_bytes());
        // They are new for each call, and the provider's alone: replaced, and not only set.
        request.replace_header("x-date", date)?;
        request.replace_header("content-digest", digest)?;
        request.replace_header("x-signature", signature)
    }
}

impl Signed {
    /// Returns the key that the store has. Of all calls and processes that find none, one asks for it.
    async fn key(&self, context: &Context) -> Result<SecretString> {
        let issue = || {
            let request = context.http().post(&self.url).form(&[("code", &self._code.expose())]);
            async move { Ok(request.send().await?.success()?.json::<String>()?.into()) }
        };
        context.kept().get_or_try_init("key", issue).await
    }
}

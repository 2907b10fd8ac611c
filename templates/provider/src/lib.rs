//! The provider `{{provider}}`, which requests tokens from a token service:
//!
//! ```text
//! POST https://tokens.corp.example/token    HTTP/1.1 200 OK
//! audience=…&key=…                          {"access_token": "…", "expires_in": 900}
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::pedantic, missing_docs, warnings)]

use std::time::Duration;

use authn::{
    Context, Error, Result, SecretString, Token, TokenSet, TokenSource, Url,
    http::{HttpResponse, StatusCode},
};

/// Requests tokens from the token service.
#[authn::token_provider("{{provider}}", cached)]
pub struct {{provider | upper_camel_case}} {
    /// Address of the token service.
    url: Url,
    /// Name of the API that the tokens are for.
    #[default("internal".to_owned())]
    audience: String,
    /// Key of this machine.
    _key: SecretString,
}

impl TokenSource for {{provider | upper_camel_case}} {
    fn validate(&self, _context: &Context) -> Result<()> {
        authn::http::check(&self.url, false)
    }

    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        let key = self._key.expose();
        let form = [("audience", self.audience.as_str()), ("key", &key)];
        let answer = context.http().post(&self.url).form(&form).send().await?;
        if answer.status() == StatusCode::FORBIDDEN {
            let message = format!("{} does not accept the key", answer.place());
            return Err(Error::refused(message).with_help("register this machine"));
        }
        Ok(read(&answer.success()?)?.into())
    }
}

fn read(answer: &HttpResponse) -> Result<Token> {
    let lifetime = Duration::from_secs(answer.required("expires_in")?);
    Ok(Token::new(answer.required::<String>("access_token")?)?.with_expires_in(lifetime))
}

//! A source whose logins would be left out.

use authn::{Context, InteractiveSource, Login, Result, TokenSet, TokenSource};

/// Logs users in.
#[authn::token_provider("corp_code", cached)]
pub struct CorpCode {}

impl TokenSource for CorpCode {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        unimplemented!()
    }
}

impl InteractiveSource for CorpCode {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }
}

fn main() {}

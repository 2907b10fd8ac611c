//! The token of a nested provider, which is exchanged in place of one that is signed here.

use authn::{Context, Credentials, Result, TokenSet};

use super::{ADVICE, JwtBearer, refuse_any};
use crate::{
    nested::Sent,
    token_endpoint::{Advice, ErrorCode, GrantAdvice},
};

const NESTED_ADVICE: Advice<'static> = Advice {
    grant: GrantAdvice {
        meaning: "the server does not accept the JWT of `assertion`",
        help: "check the nested provider, and the audience and the issuer that the server expects of the JWT",
        ..ADVICE.grant
    },
    ..ADVICE
};

impl JwtBearer {
    /// Fails if an option is set that says what is signed, or how.
    pub(super) fn check_unsigned(&self) -> Result<()> {
        let options = [
            ("issuer", self.issuer.is_some()),
            ("subject", self.subject.is_some()),
            ("audience", self.audience.is_some()),
            ("private_key", self._private_key.is_some()),
            ("key_id", self.key_id.is_some()),
            ("algorithm", self.algorithm.is_some()),
            ("claims", !self.claims.is_empty()),
            ("jwt_header", !self.jwt_header.is_empty()),
            ("service_account_file", self.service_account_file.is_some()),
            ("self_signed", self.self_signed),
        ];
        refuse_any(options, "with `assertion` nothing is signed")
    }

    /// Exchanges the token of the provider. If the server refuses it, the provider is asked for another one, once.
    pub(super) async fn exchange_assertion(
        &self,
        assertion: &Credentials,
        context: &Context,
    ) -> Result<TokenSet> {
        let endpoint = self.endpoint(None, context).await?;
        let scope = self.scope(context);
        let mut sent = Sent::of(assertion, context).await?;
        let exchange = async |sent: &Sent<'_>| {
            self.send(&endpoint, sent.token().secret(), &scope, &NESTED_ADVICE, context).await
        };
        let exchanged = match exchange(&sent).await {
            Err(failure)
                if failure.code == Some(ErrorCode::InvalidGrant) && sent.renew(context).await =>
            {
                exchange(&sent).await
            }
            result => result,
        };
        Ok(exchanged?)
    }
}

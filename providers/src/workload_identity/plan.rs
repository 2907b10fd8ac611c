//! `Plan`: one exchange of an identity's token, whatever it is with.

use authn::{Context, Result, Token, TokenSet};

use super::service_account::{CLOUD_PLATFORM, ServiceAccount};
use crate::{
    client_auth::ASSERTION_TYPE,
    oauth::OWN_PARAMETERS,
    token_endpoint::{
        self, Address, Advice, Discovery, Endpoint, ErrorCode, Failure, Form, GrantAdvice,
        JWT_BEARER, Proof, Received, RequestEncoding, RequestMethod, TOKEN_EXCHANGE, TokenKind,
        TokenRequest, TokenResponse, TokenType, with,
    },
};

/// What helps if the server does not accept the identity.
const HELP: &str = "the server's rule must name this identity: the command `doctor` shows what it says of itself, and what the \
                    exchange expects";

const ADVICE: Advice<'static> = Advice {
    client: HELP,
    grant: GrantAdvice {
        meaning: "the server does not accept the identity of this machine",
        help: HELP,
        login_helps: false,
        guess: Some("it probably does not accept the identity of this machine"),
    },
};

/// One exchange, without the token.
pub(super) struct Plan {
    pub(super) server: Server,
    pub(super) carrier: Carrier,
    /// Scopes, unless the call has its own.
    pub(super) scope: Vec<String>,
    /// Further parameters.
    pub(super) members: Vec<(String, String)>,
    pub(super) encoding: RequestEncoding,
    /// What to take a token of an unknown type as.
    pub(super) unknown_type: Option<TokenType>,
    /// The account whose token is requested with the one of the exchange.
    pub(super) account: Option<ServiceAccount>,
    /// The audience that the server expects of the identity's token.
    pub(super) identity_audience: String,
}

/// The server of an exchange.
pub(super) enum Server {
    Endpoint(Address),
    Issuer(Address),
}

/// How the identity's token is sent.
pub(super) enum Carrier {
    /// As the subject of a token exchange (RFC 8693, 2.1).
    Subject { kind: TokenKind, requested: Option<TokenKind> },
    /// As the assertion of a grant (RFC 7523, 2.1).
    Assertion,
    /// As the client's authentication (RFC 7523, 2.2).
    ClientAssertion,
}

impl Plan {
    /// Fails if an address is not secure.
    pub(super) fn check(&self) -> Result<()> {
        let (Server::Endpoint(address) | Server::Issuer(address)) = &self.server;
        authn::http::check(address.url(), false)?;
        self.account.as_ref().map_or(Ok(()), ServiceAccount::check)
    }

    /// Returns scheme, host and port of each server.
    pub(super) fn servers(&self) -> impl Iterator<Item = String> {
        let account = self.account.as_ref().map(ServiceAccount::place);
        [self.place()].into_iter().chain(account)
    }

    /// Returns scheme, host and port of the server that the token is exchanged at.
    pub(super) fn place(&self) -> String {
        let (Server::Endpoint(address) | Server::Issuer(address)) = &self.server;
        address.url().origin().ascii_serialization()
    }

    /// Exchanges the token of an identity. A refresh token of the answer is not used, because the identity can be
    /// exchanged again.
    pub(super) async fn exchange(
        &self,
        identity: &Token,
        discovery: &Discovery,
        context: &Context,
    ) -> Result<TokenSet> {
        let scope = if context.scopes().is_empty() { &*self.scope } else { context.scopes() };
        let Some(account) = &self.account else {
            return Ok(self.send(identity, scope, discovery, context).await?);
        };
        // What the pool's token is for is to get the account's.
        let scopes_of_pool = [CLOUD_PLATFORM.to_owned()];
        let pool = self.send(identity, &scopes_of_pool, discovery, context).await?;
        Ok(account.token(pool.token(), scope, context).await?.into())
    }

    async fn send(
        &self,
        identity: &Token,
        scope: &[String],
        discovery: &Discovery,
        context: &Context,
    ) -> Result<TokenSet, Failure> {
        let endpoint = match &self.server {
            Server::Endpoint(endpoint) => endpoint.clone(),
            Server::Issuer(issuer) => {
                discovery.endpoint(issuer, issuer.as_str(), Endpoint::Token, context).await?
            }
        };
        let mut form = self.form(identity.secret());
        form.add_unless_empty("scope", &scope.join(" "));
        for (name, value) in &self.members {
            form.add(name, value);
        }
        form.add_of_call(context, &OWN_PARAMETERS)?;
        let mut request = TokenRequest::new(Endpoint::Token, endpoint.url(), form);
        request.set_shape(RequestMethod::Post, self.encoding);
        let response = TokenResponse::from(request.send(context).await?);
        let received = Received::from(&response);
        let requested = match &self.carrier {
            Carrier::Subject { requested, .. } => requested.as_ref(),
            Carrier::Assertion | Carrier::ClientAssertion => None,
        };
        let taken_as = TokenKind::taken_as(requested, &received).or(self.unknown_type);
        let granted = token_endpoint::grant(&received, &ADVICE, taken_as, Proof::None);
        let granted = granted.map_err(|failure| match failure.code {
            // Some servers have no better word for a token that they don't accept (RFC 8693, 2.2.2).
            Some(ErrorCode::InvalidRequest | ErrorCode::InvalidToken) => {
                Failure { error: failure.error.with_help(HELP), ..failure }
            }
            _ => failure,
        })?;
        TokenKind::check_issued(requested, &received)?;
        let tokens = TokenSet::new(granted.token().clone()).with_new_session();
        Ok(with(tokens, response.date(), TokenSet::with_server_date))
    }

    fn form(&self, token: &str) -> Form {
        match &self.carrier {
            Carrier::Subject { kind, requested } => {
                let mut form = Form::of_grant(TOKEN_EXCHANGE);
                form.add("subject_token", token);
                form.add("subject_token_type", kind.uri());
                if let Some(requested) = requested {
                    form.add("requested_token_type", requested.uri());
                }
                form
            }
            Carrier::Assertion => {
                let mut form = Form::of_grant(JWT_BEARER);
                form.add("assertion", token);
                form
            }
            Carrier::ClientAssertion => {
                let mut form = Form::of_grant("client_credentials");
                form.add("client_assertion_type", ASSERTION_TYPE);
                form.add("client_assertion", token);
                form
            }
        }
    }
}

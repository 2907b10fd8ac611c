//! Provider `oauth`: tokens from an OAuth 2 authorization server (RFC 6749).
//!
//! - [`discovery`]: where the server's endpoints are
//! - [`client_auth`]: how the client says who it is
//! - [`grants`]: what is exchanged, one file a grant
//! - [`response`]: the one parser of token responses

mod address;
mod client_auth;
mod discovery;
mod grants;
mod response;

use std::collections::BTreeMap;

use authn::{Context, Error, Grant, Result, SecretString, TokenSource};

use address::Address;
use client_auth::{BasicEncoding, ClientAuth, Method};
use discovery::Discovery;
use grants::GrantType;

/// Gets tokens from an OAuth 2 authorization server (RFC 6749).
///
/// The server is named by exactly one of `issuer_url`, `token_endpoint_url` and `keycloak_url`.
#[authn::token_provider("oauth", cached)]
pub struct OAuth {
    /// Issuer, exactly as the server names itself; its endpoints are discovered (RFC 8414, OpenID Connect
    /// Discovery).
    issuer_url: Option<Address>,
    /// Token endpoint, where nothing is to be discovered.
    token_endpoint_url: Option<Address>,
    /// Address of a Keycloak server, with `realm` in place of `issuer_url`.
    keycloak_url: Option<Address>,
    /// Realm at the Keycloak server.
    realm: Option<String>,
    /// Grant to exchange for tokens (RFC 6749, 1.3).
    #[default(GrantType::ClientCredentials)]
    grant_type: GrantType,
    /// Client's identifier at the server.
    client_id: String,
    /// Client's secret.
    _client_secret: Option<SecretString>,
    /// How the client authenticates; `client_secret_basic` where there is a secret.
    token_endpoint_auth_method: Option<Method>,
    /// How identifier and secret are encoded for `client_secret_basic`: `form` as RFC 6749, 2.3.1 asks, or
    /// `raw` for servers that do not decode them.
    #[default(BasicEncoding::Form)]
    basic_encoding: BasicEncoding,
    /// Scopes to ask for; the server's default where there is none.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Audience to ask for, where a server wants it.
    audience: Option<String>,
    /// Resources that the token is for (RFC 8707).
    #[default(Vec::new())]
    resource: Vec<String>,
    /// Further members of the token request's form.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
    __discovery: Discovery,
}

/// Members of a token request that the provider sets itself.
const OWN_MEMBERS: [&str; 6] =
    ["grant_type", "client_id", "client_secret", "scope", "audience", "resource"];

impl OAuth {
    /// Gives the issuer whose endpoints are discovered; `None` with a token endpoint.
    fn issuer(&self) -> Result<Option<Address>> {
        match (&self.issuer_url, &self.keycloak_url, &self.realm) {
            (Some(issuer), _, _) => Ok(Some(issuer.clone())),
            (None, Some(keycloak), Some(realm)) => keycloak.realm(realm).map(Some),
            _ => Ok(None),
        }
    }

    async fn token_endpoint(&self, context: &Context) -> Result<Address> {
        if let Some(endpoint) = &self.token_endpoint_url {
            return Ok(endpoint.clone());
        }
        let issuer = self.issuer()?.ok_or_else(no_server)?;
        self.__discovery.token_endpoint(&issuer, context).await
    }

    fn client_auth(&self) -> ClientAuth<'_> {
        ClientAuth {
            client_id: &self.client_id,
            client_secret: self._client_secret.as_ref(),
            method: self.token_endpoint_auth_method,
            basic_encoding: self.basic_encoding,
        }
    }

    /// Gives the scopes to ask for: the caller's, else the configured ones.
    fn scope(&self, context: &Context) -> String {
        let scopes = if context.scopes().is_empty() { &self.scope } else { context.scopes() };
        scopes.join(" ")
    }
}

impl TokenSource for OAuth {
    fn validate(&self, _context: &Context) -> Result<()> {
        let named = [&self.issuer_url, &self.token_endpoint_url, &self.keycloak_url];
        match named.into_iter().flatten().count() {
            0 => return Err(no_server()),
            1 => {}
            _ => {
                return Err(Error::configuration(
                    "the server is named more than once; \
                     leave one of `issuer_url`, `token_endpoint_url` and `keycloak_url`",
                ));
            }
        }
        if self.keycloak_url.is_some() != self.realm.is_some() {
            return Err(Error::configuration("`keycloak_url` and `realm` go together; set both"));
        }
        self.issuer()?;
        if self.client_id.is_empty() {
            return Err(Error::configuration(
                "`client_id` is empty; set it to the client's identifier",
            ));
        }
        if let Some(name) = OWN_MEMBERS.iter().find(|name| self.parameters.contains_key(**name)) {
            return Err(Error::configuration(format!(
                "`parameters` must not hold `{name}`; use the option of that name"
            )));
        }
        for address in named.into_iter().flatten() {
            authn::http::check(address.url(), false)?;
        }
        self.client_auth().validate()
    }

    async fn request_token(&self, context: &Context, _last: Option<&Grant>) -> Result<Grant> {
        let endpoint = self.token_endpoint(context).await?;
        let members = self.grant_type.members(self, context);
        let request = context.http().post(endpoint.url());
        let response = self.client_auth().authenticate(request, members)?.send().await?;
        response::parse(&response)
    }
}

fn no_server() -> Error {
    Error::configuration(
        "no server is named; set `issuer_url`, `token_endpoint_url`, or `keycloak_url` with `realm`",
    )
}

#[cfg(test)]
mod tests {
    use authn::{Environment, ErrorKind, Loader};

    fn problem(options: &str) -> String {
        let text = format!("[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n{options}");
        let loader = Loader::new().environment(Environment::empty()).inline("test.toml", &text);
        let error = loader.load().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.to_string()
    }

    #[test]
    fn says_what_is_wrong_before_anything_is_sent() {
        for (options, expected) in [
            ("client_id = 'c'\nclient_secret = 's'", "no server is named"),
            (
                "client_id = 'c'\nclient_secret = 's'\nissuer_url = 'https://i.test'\n\
                 token_endpoint_url = 'https://i.test/t'",
                "named more than once",
            ),
            (
                "client_id = 'c'\nclient_secret = 's'\nkeycloak_url = 'https://k.test'",
                "go together",
            ),
            ("client_id = 'c'\nissuer_url = 'https://i.test'", "`client_secret`"),
            ("client_secret = 's'\nissuer_url = 'https://i.test'", "missing"),
            ("client_id = 'c'\nclient_secret = 's'\nissuer_url = 'http://i.test'", "in the clear"),
            ("client_id = 'c'\nclient_secret = 's'\nissuer_url = 'nonsense'", "URL"),
            (
                "client_id = 'c'\nclient_secret = 's'\nissuer_url = 'https://i.test'\n\
                 parameters = { scope = 'x' }",
                "must not hold `scope`",
            ),
            (
                "client_id = 'c'\nclient_secret = 's'\nissuer_url = 'https://i.test'\n\
                 grant_type = 'implicit'",
                "one of client_credentials",
            ),
        ] {
            let problem = problem(options);
            assert!(problem.contains(expected), "{options}\n{problem}");
        }
    }
}

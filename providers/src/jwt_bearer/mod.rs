//! Provider `jwt_bearer`: a token that this program signs. It is exchanged at a server (RFC 7523, 2.1), or sent to the
//! API as it is.
//!
//! - [`assertion`]: the token of a nested provider, which is exchanged in place of one that is signed here
//! - [`account`]: the account that signs and its key, from the options or from a key file
//! - [`service_account`]: Google's key file

mod account;
mod assertion;
mod service_account;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use authn::{
    Bound, Context, Credentials, Error, Result, SecretString, Token, TokenSet, TokenSource,
};

use crate::{
    jws::{Algorithm, Claims, Header, Json, check_header},
    token_endpoint::{
        self, Address, Advice, Discovery, Endpoint, Failure, Form, GrantAdvice, JWT_BEARER, Proof,
        Received, TokenRequest, TokenResponse, TokenType,
    },
};
use account::Account;

const ADVICE: Advice<'static> = Advice {
    client: "set `client_id` to the client's identifier, or remove it if the server expects none",
    grant: GrantAdvice {
        meaning: "",
        help: "check `issuer`, `subject`, `audience`, `private_key` and `key_id`, and this machine's clock",
        login_helps: false,
        guess: None,
    },
};

/// Signs a token for a service account, and exchanges it at an authorization server (RFC 7523, 2.1).
///
/// With `service_account_file`, a Google key file provides the account, its key and the token endpoint. With
/// `self_signed` nothing is exchanged: the signed token itself is sent to the API. With `assertion`, the token of another
/// provider is exchanged, and nothing is signed.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let key = "-----BEGIN PRIVATE KEY-----
/// MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
/// -----END PRIVATE KEY-----";
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("SIGNING_KEY", key))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         [credentials.jwt_bearer]
///         issuer_url = "https://idp.example.com"
///         issuer = "robot@example.com"
///         private_key = { env = "SIGNING_KEY" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("jwt_bearer", cached)]
pub struct JwtBearer {
    /// Token endpoint of the server.
    token_endpoint_url: Option<Address>,
    /// Issuer identifier of the server, exactly as in its metadata. The token endpoint is discovered from it.
    #[needed]
    issuer_url: Option<Address>,
    /// Account or client that signs the token (claim `iss`).
    #[needed]
    issuer: Option<String>,
    /// Principal that the token is for (claim `sub`). Unset, it is the issuer. In an exchange with
    /// `service_account_file` it is left out, and Google uses the account itself.
    subject: Option<String>,
    /// Audience of the signed token (claim `aud`). Unset, it is the token endpoint; with `self_signed` it is left out.
    audience: Option<String>,
    /// Scopes to request. They are sent as a claim and as a form parameter; with `service_account_file` only as a
    /// claim, which Google's server reads.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Private key that signs, as PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase) or as a JWK. RSA of 2048 to 8192
    /// bits, P-256, P-384 and Ed25519 are supported.
    #[needed]
    _private_key: Option<SecretString>,
    /// Identifier of the key at the server. Unset, it is the JWK's `kid`.
    key_id: Option<String>,
    /// Algorithm that signs the token. Unset, it is the JWK's `alg`, or follows from the type of the key: `RS256`,
    /// `ES256`, `ES384` or `EdDSA`.
    algorithm: Option<Algorithm>,
    /// How long the signed token is valid. Most servers accept one hour at most.
    #[default(Duration::from_hours(1))]
    lifetime: Duration,
    /// Additional claims of the signed token.
    #[default(BTreeMap::new())]
    claims: BTreeMap<String, Json>,
    /// Further members of the header of the signed token (RFC 7515, 4), such as `x5t`. `alg`, `b64`, `crit`, `kid` and `typ`
    /// are not allowed.
    #[default(Header::new())]
    jwt_header: Header,
    /// Client identifier that is sent in the form, for servers that require one.
    client_id: Option<String>,
    /// What to take a token as whose type the server names and authn does not know. Unset, such a token is an error. A token
    /// without a type is a bearer token.
    token_type: Option<TokenType>,
    /// Path of the JSON key file of a Google service account. The file is read at each exchange, and the rules for files
    /// of secrets apply.
    service_account_file: Option<PathBuf>,
    /// Sends the signed token itself to the API instead of exchanging it.
    #[default(false)]
    self_signed: bool,
    /// Provider of the signed token, in place of a key: a table that contains the table of one provider.
    #[provider]
    assertion: Option<Credentials>,
    __discovery: Discovery,
}

/// Claims that the provider sets itself.
const OWN_CLAIMS: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "scope", "sub"];

/// Parameters of the token request that the provider sets itself, or that would authenticate another client.
const OWN_PARAMETERS: [&str; 7] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "grant_type",
    "scope",
];

impl JwtBearer {
    /// Returns the scopes: the caller's, else the configured ones.
    fn scope(&self, context: &Context) -> String {
        let scopes = if context.scopes().is_empty() { &self.scope } else { context.scopes() };
        scopes.join(" ")
    }

    /// Returns the claims of a token. Without an `audience`, the scope says which API the token is for.
    fn claims(
        &self,
        account: &Account,
        audience: Option<&str>,
        context: &Context,
    ) -> Result<Claims> {
        let mut claims = Claims::valid_for(self.lifetime, context.clock())?;
        for (name, Json(value)) in &self.claims {
            claims = claims.with(name, value.clone());
        }
        claims = claims.with("iss", account.issuer.as_str());
        // Google reads `sub` as a user that the account acts for, even if it is the account itself.
        let own = (!account.is_google || self.self_signed).then_some(account.issuer.as_str());
        if let Some(subject) = self.subject.as_deref().or(own) {
            claims = claims.with("sub", subject);
        }
        if let Some(audience) = audience {
            claims = claims.with("aud", audience);
        }
        let scope = self.scope(context);
        Ok(if scope.is_empty() { claims } else { claims.with("scope", scope) })
    }

    /// Returns the token endpoint. `from_file` is the one that a key file names.
    async fn endpoint(&self, from_file: Option<&Address>, context: &Context) -> Result<Address> {
        match (&self.token_endpoint_url, &self.issuer_url) {
            (Some(address), _) => Ok(address.clone()),
            (None, Some(issuer)) => {
                let discovery = &self.__discovery;
                discovery.endpoint(issuer, issuer.as_str(), Endpoint::Token, context).await
            }
            (None, None) => from_file.cloned().ok_or_else(no_server),
        }
    }

    async fn exchange(&self, account: &Account, context: &Context) -> Result<TokenSet> {
        let endpoint = self.endpoint(account.token_endpoint.as_ref(), context).await?;
        let audience = self.audience.as_deref().unwrap_or_else(|| endpoint.as_str());
        let claims = self.claims(account, Some(audience), context)?;
        let assertion = account.signer.sign(&claims)?;
        let scope = if account.is_google { String::new() } else { self.scope(context) };
        Ok(self.send(&endpoint, &assertion, &scope, &ADVICE, context).await?)
    }

    /// Sends one token request. A refresh token of the answer is not used, because what is exchanged can be exchanged
    /// again, and nothing is kept of the last tokens, which can be another user's.
    async fn send(
        &self,
        endpoint: &Address,
        assertion: &str,
        scope: &str,
        advice: &Advice<'_>,
        context: &Context,
    ) -> Result<TokenSet, Failure> {
        let mut form = Form::of_grant(JWT_BEARER);
        form.add("assertion", assertion);
        form.add_unless_empty("client_id", self.client_id.as_deref().unwrap_or_default());
        form.add_unless_empty("scope", scope);
        form.add_of_call(context, &OWN_PARAMETERS)?;
        let request = TokenRequest::new(Endpoint::Token, endpoint.url(), form);
        let response = TokenResponse::from(request.send(context).await?);
        let received = Received::from(&response);
        let granted = token_endpoint::grant(&received, advice, self.token_type, Proof::None)?;
        Ok(TokenSet::new(granted.token().clone()).with_new_session())
    }

    fn sign(&self, account: &Account, context: &Context) -> Result<TokenSet> {
        let claims = self.claims(account, self.audience.as_deref(), context)?;
        let token = Token::new(account.signer.sign(&claims)?.as_str())?;
        Ok(token.with_expires_in(self.lifetime).with_token_type("Bearer").into())
    }

    fn check_server(&self, from_file: Option<&Address>) -> Result<()> {
        let named = [self.token_endpoint_url.as_ref(), self.issuer_url.as_ref()];
        match named.iter().flatten().count() {
            _ if self.self_signed => {
                if self.audience.is_none() && self.scope.is_empty() {
                    return Err(Error::configuration(
                        "`self_signed` needs `audience` or `scope`, but neither is set",
                    )
                    .with_help("set `audience` to the API, or set `scope`"));
                }
                let unused = [
                    ("token_endpoint_url", self.token_endpoint_url.is_some()),
                    ("issuer_url", self.issuer_url.is_some()),
                    ("client_id", self.client_id.is_some()),
                    ("token_type", self.token_type.is_some()),
                ];
                refuse_any(unused, "`self_signed` exchanges nothing")?;
            }
            0 if from_file.is_none() => return Err(no_server()),
            0 | 1 => {}
            _ => {
                return Err(Error::configuration(
                    "both `issuer_url` and `token_endpoint_url` are set",
                )
                .with_help("remove one of them"));
            }
        }
        let mut addresses = named.into_iter().chain([from_file]).flatten();
        addresses.try_for_each(|address| authn::http::check(address.url(), false))
    }
}

impl TokenSource for JwtBearer {
    fn validate(&self, _context: &Context) -> Result<()> {
        if self.lifetime < Duration::from_secs(1) {
            return Err(Error::configuration("`lifetime` is less than a second")
                .with_help("set it to a duration like `1h`"));
        }
        if let Some(name) = OWN_CLAIMS.iter().find(|name| self.claims.contains_key(**name)) {
            return Err(Error::configuration(format!(
                "`claims` must not contain `{name}`, which the provider sets itself"
            ))
            .with_help("remove it, and use the option for it if there is one"));
        }
        check_header(&self.jwt_header)?;
        if self.assertion.is_some() {
            self.check_unsigned()?;
            return self.check_server(None);
        }
        self.check_server(self.account()?.token_endpoint.as_ref())
    }

    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        if let Some(assertion) = &self.assertion {
            return self.exchange_assertion(assertion, context).await;
        }
        let account = self.account_aside().await?;
        if self.self_signed {
            return self.sign(&account, context);
        }
        self.exchange(&account, context).await
    }

    fn is_oauth_client(&self) -> bool {
        !self.self_signed
    }

    fn subjects(&self) -> Vec<&Bound> {
        self.assertion.iter().map(Credentials::bound).collect()
    }

    /// The subject or the issuer, if the options say it.
    fn principal(&self, _context: &Context) -> Option<String> {
        self.subject.clone().or_else(|| self.issuer.clone())
    }
}

/// Fails if one of these options is set.
fn refuse_any<const N: usize>(options: [(&str, bool); N], why: &str) -> Result<()> {
    match options.into_iter().find(|(_, is_set)| *is_set) {
        Some((option, _)) => Err(Error::configuration(format!("`{option}` is set, but {why}"))
            .with_help("remove one of them")),
        None => Ok(()),
    }
}

fn no_server() -> Error {
    Error::configuration("no server is set").with_help("set `token_endpoint_url` or `issuer_url`")
}

//! Provider `oauth1`: signs requests with OAuth 1.0a (RFC 5849).
//!
//! - [`signing`]: the parameters of a request, with its signature; [`base_string`], [`encoding`]: what is signed
//! - [`method`]: the signature methods
//! - [`authorize`]: puts the parameters on a request
//! - [`exchange`]: the requests for credentials; [`server_clock`]: the time there
//! - [`login`]: how a user logs in; [`answer`]: what the browser brings back
//! - [`validate`]: which options go together

mod answer;
mod authorize;
mod base_string;
mod encoding;
mod exchange;
mod login;
mod method;
mod server_clock;
mod signing;
#[cfg(test)]
mod tests;
mod validate;
#[cfg(test)]
mod vectors;

use std::sync::OnceLock;

use authn::{
    Context, Environment, InteractiveSource, Issued, Login, LoginPlan, PendingLogin, Placement,
    Reaction, Reason, Request, ResponseHead, Result, SecretString, SessionPolicy, Token, TokenSet,
    TokenSource, Url, Used,
};

use encoding::encoded;
use exchange::Credential;
use method::ParsedKey;
use server_clock::ServerClock;

pub use method::{SignatureInput, SignatureMethod};

use crate::{choice::choice, token_endpoint::Address};

choice! {
    /// The place of the `oauth_` parameters (RFC 5849, 3.5).
    enum Where {
        /// The header `Authorization`.
        Header = "header",
        /// The query.
        Query = "query",
        /// The form-encoded body.
        Body = "body",
    }
}

/// Signs each request with OAuth 1.0a (RFC 5849).
///
/// Without a token, requests are signed for the client alone. A token is configured with `token` and `token_secret`, or a
/// user logs in: then the server's three addresses are set, and the token is kept in the store. It has no expiry, and is
/// used until the server refuses it.
///
/// A form-encoded body is signed with its parameters, so it must be in memory. Any other body is sent as it is, and is
/// not protected by the signature unless `body_hash` is set. Requests with an `Authorization` header of the caller are
/// left as they are, unless `override` is set.
///
/// The token signs nothing by itself. Without one, [`Credentials::token`](authn::Credentials::token) returns the client's
/// identifier, percent-encoded. `authn header` prints a signature for one request.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("CLIENT_SECRET", "abc").state_directory("/var/lib/reports"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         [credentials.oauth1]
///         client_id = "reports"
///         client_secret = { env = "CLIENT_SECRET" }
///         request_token_url = "https://api.example.com/oauth/request_token"
///         authorization_url = "https://api.example.com/oauth/authorize"
///         access_token_url = "https://api.example.com/oauth/access_token"
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
///
/// In code, each option is a method of the builder:
///
/// ```
/// use authn_providers::OAuth1;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = OAuth1::builder()
///     .client_id("reports")
///     .client_secret("abc")
///     .token("def")
///     .token_secret("ghi")
///     .signature_method("HMAC-SHA256")
///     .credentials()
///     .domain("api.example.com")
///     .build()?;
/// let (mut parts, ()) = http::Request::get("https://api.example.com/v1/things?page=2").body(())?.into_parts();
/// credentials.authorize(&mut parts).await?;
/// let header = parts.headers["authorization"].to_str()?;
/// assert!(header.starts_with("OAuth oauth_consumer_key=\"reports\", oauth_nonce=\""));
/// # Ok(()) }
/// ```
#[authn::token_provider("oauth1", cached, login, own_placement)]
pub struct OAuth1 {
    /// Identifier of the client (the consumer key).
    client_id: String,
    /// Secret of the client, for `HMAC-SHA1`, `HMAC-SHA256` and `PLAINTEXT`.
    _client_secret: Option<SecretString>,
    /// Token of a user, if none logs in.
    _token: Option<SecretString>,
    /// Secret of `token`, for the same methods.
    _token_secret: Option<SecretString>,
    /// Signature method: `HMAC-SHA1`, `HMAC-SHA256`, `RSA-SHA1`, `RSA-SHA256`, `PLAINTEXT`, or one that a crate of this
    /// program registers. `PLAINTEXT` sends the secrets themselves.
    #[default("HMAC-SHA1".to_owned())]
    signature_method: String,
    /// Private key of the client, for `RSA-SHA1` and `RSA-SHA256`: PEM (PKCS#8, PKCS#1) or a JWK.
    _private_key: Option<SecretString>,
    /// Realm in the header `Authorization` (RFC 5849, 3.5.1). Unset, none is sent.
    realm: Option<String>,
    /// Place of the `oauth_` parameters. With `body`, each request needs a form-encoded body. Queries are logged by many
    /// servers.
    #[default(Where::Header)]
    placement: Where,
    /// Whether requests without a form-encoded body have the hash of their body in `oauth_body_hash`. All servers accept
    /// requests without it, and not all accept it.
    #[default(false)]
    body_hash: bool,
    /// Address of the server that issues temporary credentials (RFC 5849, 2.1).
    request_token_url: Option<Address>,
    /// Address of the server's page at which a user logs in (RFC 5849, 2.2).
    authorization_url: Option<Address>,
    /// Address of the server that issues the token (RFC 5849, 2.3).
    access_token_url: Option<Address>,
    /// Address that the browser comes back to, for servers that compare it. On this machine it is `http` with the host
    /// `127.0.0.1`, `[::1]` or `localhost` and a port, where 0 is any free port. With any other address, or `oob`, the user
    /// pastes the address that the browser ends at, or the code that the server shows. Unset, it is a free port of
    /// 127.0.0.1 for a browser on this machine, and otherwise `oob`.
    callback: Option<String>,
    __parsed_key: ParsedKey,
    __server_clock: ServerClock,
    __method: OnceLock<&'static dyn SignatureMethod>,
}

impl OAuth1 {
    /// Returns the signature method, which is looked up once.
    fn method(&self) -> Result<&'static dyn SignatureMethod> {
        if let Some(method) = self.__method.get() {
            return Ok(*method);
        }
        let method = method::find(&self.signature_method)?;
        Ok(*self.__method.get_or_init(|| method))
    }

    /// Returns whether a user logs in.
    fn is_login(&self) -> bool {
        self.request_token_url.is_some()
    }

    /// Returns the token of a request; `None` if it is signed for the client alone.
    fn token_of<'a>(&self, issued: &'a Issued) -> Option<&'a str> {
        (self.is_login() || self._token.is_some()).then(|| issued.token().secret())
    }
}

impl TokenSource for OAuth1 {
    fn validate(&self, _context: &Context) -> Result<()> {
        validate::validate(self)
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        if self.is_login() {
            let credential = last.and_then(Credential::kept_in);
            let required = |what| context.login_required(what);
            return match (credential, context.reason()) {
                (Some(_), Reason::Refused) => Err(required("the server refuses the token")),
                (Some(credential), _) => credential.into_token_set(),
                (None, _) => Err(required("no user is logged in")),
            };
        }
        // The secrets are read from the configuration for each request. They are not kept, so no store gets them.
        let token = match &self._token {
            Some(token) => Token::new(&*token.expose())?,
            None => Token::new(encoded(&self.client_id))?,
        };
        Ok(token.without_expiry().into())
    }

    fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        authorize::authorize(self, request, issued, context)
    }

    fn is_authorized(&self, request: &Request<'_>) -> bool {
        authorize::is_callers(self, request)
    }

    /// A refusal can be due to the clocks: then the request is signed anew with the server's time.
    fn response(&self, head: &ResponseHead<'_>, used: &Used, context: &Context) -> Reaction {
        let is_refusal = matches!(head.status().as_u16(), 400 | 401) && used.token().is_some();
        let date = is_refusal.then(|| head.header("date")).flatten();
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        match date {
            Some(date) if self.__server_clock.learn(date, context.clock()) => Reaction::Retry,
            _ => Reaction::Pass,
        }
    }

    /// A token is a part of what is signed.
    fn gives_tokens(&self) -> bool {
        false
    }

    fn placements(&self, _context: &Context) -> Vec<Placement> {
        authorize::placements(self.placement)
    }
}

impl InteractiveSource for OAuth1 {
    async fn login(&self, context: &Context, login: &Login) -> Result<Option<TokenSet>> {
        if !self.is_login() {
            return Ok(None);
        }
        login::login(self, context, login).await.map(Some)
    }

    async fn begin_login(
        &self,
        context: &Context,
        redirect_uri: &str,
    ) -> Result<(Url, PendingLogin)> {
        login::begin(self, context, redirect_uri).await
    }

    async fn complete_login(
        &self,
        context: &Context,
        pending: &PendingLogin,
        returned: &Url,
    ) -> Result<TokenSet> {
        login::complete(self, context, pending, returned).await
    }

    fn session(&self) -> SessionPolicy<'_> {
        if self.is_login() { SessionPolicy::Begun } else { SessionPolicy::None }
    }

    fn needs_login(&self) -> bool {
        self.is_login()
    }

    fn login_plan(&self, environment: &Environment) -> Option<LoginPlan> {
        self.is_login().then(|| login::plan(self, environment))
    }

    /// How a request is signed does not change whose token it has.
    fn login_options(&self) -> &'static [&'static str] {
        &["callback", "signature_method", "realm", "body_hash"]
    }
}

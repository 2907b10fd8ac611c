//! Provider `chain`: the first of several providers that applies.

use authn::{
    Context, Error, Links, Managed, Placement, Reaction, Request, ResponseHead, Result, Token,
    TokenProvider, Used, http::ClientIdentity,
};

/// Uses the first of several providers that applies.
///
/// Each provider is configured in a table of the list `[[credentials.chain.providers]]`, and puts its token on requests in its
/// own way. Options for the place of the token in the table of the chain are for all of them.
///
/// A provider does not apply if a variable or a file of its secrets is absent, if no user has logged in, or if the
/// request being served has no token. Then the next one is asked. Any other failure is an error of the chain: a session
/// that has ended, a refusal, a server that can't be reached, or an invalid value. The provider that has served is
/// asked first until it fails.
///
/// A login is at the first provider that has users, and a logout is at all of them.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("API_TOKEN", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         [[credentials.chain.providers]]
///         jwt = { env = "CI_TOKEN" }
///         [[credentials.chain.providers]]
///         bearer = { env = "API_TOKEN" }
///     "#)
///     .load()?;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // `CI_TOKEN` is not set.
/// assert_eq!(credentials.token().await?.secret(), "abc");
/// # Ok::<(), authn::Error>(()) })?;
/// # Ok::<(), authn::Error>(())
/// ```
///
/// In code:
///
/// ```
/// use authn::options::OptionValue;
/// use authn_providers::{Bearer, Chain, Jwt};
///
/// let ci = Jwt::builder().jwt(OptionValue::reference("env", "CI_TOKEN"));
/// let providers: [OptionValue; 2] = [ci.into(), Bearer::builder().token("abc").into()];
/// let credentials = Chain::builder().providers(providers).credentials();
/// let credentials = credentials.domain("api.example.com").build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("chain")]
pub struct Chain {
    /// The providers, in the order in which they are asked: a list of tables with the table of one provider each.
    #[provider]
    providers: Links,
}

impl TokenProvider for Chain {
    fn validate(&self, _: &Context) -> Result<()> {
        if self.providers.is_empty() {
            return Err(Error::configuration("option `providers` is empty")
                .with_help("add a provider, such as in `[[credentials.chain.providers]]`"));
        }
        Ok(())
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        self.providers.token().await
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        self.providers.authorize(request).await
    }

    fn ready(&self, _: &Context) -> Option<Token> {
        self.providers.ready()
    }

    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        self.providers.try_authorize(request)
    }

    fn scoped(&self, context: &Context) -> Option<Self> {
        Some(Self { providers: self.providers.scoped(context) })
    }

    fn principal(&self, _: &Context) -> Option<String> {
        self.providers.principal()
    }

    fn is_per_request(&self) -> bool {
        self.providers.is_per_request()
    }

    fn response(&self, head: &ResponseHead<'_>, used: &Used, _: &Context) -> Reaction {
        self.providers.response(head, used)
    }

    fn client_identity(&self, used: &Used, _: &Context) -> Option<ClientIdentity> {
        self.providers.client_identity(used)
    }

    fn placements(&self, _: &Context) -> Vec<Placement> {
        self.providers.placements()
    }

    fn managed(&self) -> Option<&dyn Managed> {
        Some(self.providers.managed())
    }
}

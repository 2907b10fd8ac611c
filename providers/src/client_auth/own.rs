//! `ClientAuth`: a way to authenticate that a crate adds, for servers that use none of the registered ones.

use std::{fmt, pin::Pin};

use authn::{Context, Result, SecretString};

use crate::{named::Named, token_endpoint::TokenRequest};

/// A way to authenticate a client that a server wants and no specification names.
///
/// [`client_auth!`](crate::client_auth) registers it under a name, which the option `token_endpoint_auth_method` of `oauth`
/// chooses. The options `client_secret`, `private_key` and `key_id` are passed to it.
///
/// ```
/// use authn::{Context, Error, Result};
/// use authn_providers::{ClientAuth, RegisteredClient, TokenRequest};
///
/// /// Sends the secret in a header of its own.
/// struct SecretHeader;
///
/// impl ClientAuth for SecretHeader {
///     async fn authenticate(
///         &self,
///         request: &mut TokenRequest,
///         client: &RegisteredClient<'_>,
///         _context: &Context,
///     ) -> Result<()> {
///         let secret = client.secret().ok_or_else(|| {
///             Error::configuration("`client_secret` is not set").with_help("set it")
///         })?;
///         request.set_header("x-client-id", client.id());
///         request.set_header("x-client-secret", &secret.expose());
///         Ok(())
///     }
/// }
///
/// authn_providers::client_auth!("secret_header", SecretHeader);
/// ```
pub trait ClientAuth: Send + Sync + 'static {
    /// Adds the client's authentication to a request. It is called for each request, after everything else of the request
    /// is known.
    fn authenticate(
        &self,
        request: &mut TokenRequest,
        client: &RegisteredClient<'_>,
        context: &Context,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Checks the options of the client when the configuration is loaded, without any network.
    fn validate(&self, client: &RegisteredClient<'_>) -> Result<()> {
        let _ = client;
        Ok(())
    }
}

/// A client as it is registered at the server, with its secrets.
#[derive(Clone, Copy)]
pub struct RegisteredClient<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Option<&'a SecretString>,
    pub(super) private_key: Option<&'a SecretString>,
    pub(super) key_id: Option<&'a str>,
    pub(super) audience: &'a str,
}

impl RegisteredClient<'_> {
    /// Returns the client identifier.
    pub fn id(&self) -> &str {
        self.id
    }

    /// Returns the client secret.
    pub fn secret(&self) -> Option<&SecretString> {
        self.secret
    }

    /// Returns the private key, as PEM or as a JWK.
    pub fn private_key(&self) -> Option<&SecretString> {
        self.private_key
    }

    /// Returns the identifier of the private key.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id
    }

    /// Returns the audience of an assertion: the issuer if it is known, else the token endpoint, or the option
    /// `assertion_audience`. It is empty while the configuration is loaded.
    pub fn audience(&self) -> &str {
        self.audience
    }
}

impl fmt::Debug for RegisteredClient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredClient").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Registers a [`ClientAuth`] under a name.
#[macro_export]
macro_rules! client_auth {
    ($name:literal, $value:expr) => {
        $crate::named!($crate::ErasedClientAuth, $name, $value);
    };
}

/// A [`ClientAuth`] of any type.
#[doc(hidden)]
pub trait ErasedClientAuth: Send + Sync {
    /// Authenticates as [`ClientAuth::authenticate`] does.
    fn authenticate_boxed<'a>(
        &'a self,
        request: &'a mut TokenRequest,
        client: &'a RegisteredClient<'a>,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

    /// Checks the client as [`ClientAuth::validate`] does.
    fn validate_client(&self, client: &RegisteredClient<'_>) -> Result<()>;
}

impl<A: ClientAuth> ErasedClientAuth for A {
    fn authenticate_boxed<'a>(
        &'a self,
        request: &'a mut TokenRequest,
        client: &'a RegisteredClient<'a>,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(self.authenticate(request, client, context))
    }

    fn validate_client(&self, client: &RegisteredClient<'_>) -> Result<()> {
        self.validate(client)
    }
}

authn::private::inventory::collect!(Named<dyn ErasedClientAuth>);

/// Returns the ways that are registered.
pub(super) fn registered() -> impl Iterator<Item = &'static Named<dyn ErasedClientAuth>> + Clone {
    authn::private::inventory::iter::<Named<dyn ErasedClientAuth>>.into_iter()
}

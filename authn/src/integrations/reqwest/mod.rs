//! `Client`: reqwest with authorised requests.
//!
//! reqwest's own redirects would send the headers of a provider to any address that a server names. So this client
//! follows redirects itself. Each hop starts from the caller's request and is authorised only if the credentials are for
//! its origin. Once the origin changes, every credential is removed.

mod error;
mod explained;
mod extensions;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod redirect;
mod replay;
mod request;
mod response;
mod uri;

use std::{fmt, time::Duration};

use ::reqwest::{
    ClientBuilder, IntoUrl, Method, Request as HttpRequest, Response, redirect::Policy,
};

use crate::{
    Credentials,
    http::{ClientIdentity, HttpClient, Reach, pinned, redirected, same_origin},
};
use redirect::{strip, target};
use replay::send;
use response::with_callers_url;

pub use error::{Error, Result};
#[doc(hidden)]
pub use explained::ExplainedRedirect;
pub use request::RequestBuilder;

/// Most redirects that are followed.
const MOST_REDIRECTS: usize = 10;

/// Sends authorised requests; a clone shares its connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = authn::reqwest::Client::new(authn::load()?)?;
/// let response = client.get("https://api.example.com/v1/things").send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    /// For the origin of the first request.
    first_origin: Clients,
    /// For each hop to another origin. They have no default headers of a caller's builder, which reqwest would add
    /// again at every address.
    other_origins: Clients,
    credentials: Credentials,
    steps_up: bool,
}

/// The two clients of a set of options.
#[derive(Clone)]
struct Clients {
    http: ::reqwest::Client,
    /// For the loopback interface. Its requests can be plain http, so no proxy may see them.
    direct: ::reqwest::Client,
    /// For requests with a client certificate; `None` where none is shown.
    identified: Option<Identified>,
    options: HttpClient,
}

/// The connections of requests with client certificates, which no other request shares.
#[derive(Clone)]
struct Identified {
    connections: HttpClient,
    timeout: Duration,
}

impl Clients {
    /// Creates clients with the options of `[http]`, which show no client certificate.
    fn of(credentials: &Credentials) -> Result<Self> {
        let timeout = credentials.http().timeout();
        let direct = build(credentials.http().builder()?.timeout(timeout).no_proxy())?;
        let http = build(credentials.http().builder()?.timeout(timeout))?;
        Ok(Self { http, direct, identified: None, options: credentials.http().clone() })
    }

    /// Returns the same clients, and more for requests with a client certificate.
    fn with_identities(self, credentials: &Credentials) -> Self {
        let http = credentials.http();
        let identified = Identified { timeout: http.timeout(), connections: http.apart() };
        Self { identified: Some(identified), ..self }
    }

    async fn execute(
        &self,
        mut request: HttpRequest,
        identity: Option<&ClientIdentity>,
    ) -> Result<Response> {
        if let (Some(identified), Some(identity)) = (&self.identified, identity) {
            request.timeout_mut().get_or_insert(identified.timeout);
            let connections = &identified.connections;
            let client = connections.client(request.url(), Some(identity), Reach::Any).await?;
            return Ok(client.execute(request).await?);
        }
        let is_direct = self.options.is_direct(request.url(), Reach::Any);
        let client = if is_direct { &self.direct } else { &self.http };
        Ok(client.execute(request).await?)
    }
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {$(
        #[doc = concat!("Starts a `", stringify!($method), "` request.")]
        pub fn $name(&self, url: impl IntoUrl) -> RequestBuilder {
            self.request(Method::$method, url)
        }
    )*};
}

impl Client {
    /// Creates a client with the options of `[http]`: proxy, certificate authorities, deadlines, `User-Agent`.
    ///
    /// Where the tokens are bound to a client certificate, it is shown with them ([`Credentials::client_identity`]), on
    /// connections that no other request uses. It is not shown after a redirect to another origin.
    pub fn new(credentials: Credentials) -> Result<Self> {
        let clients = Clients::of(&credentials)?;
        let first_origin = clients.clone().with_identities(&credentials);
        Ok(Self { first_origin, other_origins: clients, credentials, steps_up: false })
    }

    /// Creates a client from the caller's builder. Its redirect policy is replaced, and it sends no `Referer`. Its
    /// proxies are used for every request, also to the loopback interface.
    ///
    /// `localhost` is the loopback interface, whatever the builder or its resolver says. A proxy of the builder or of
    /// the environment resolves the name itself, so build with `no_proxy()` if requests go to `http://localhost`.
    ///
    /// The builder applies to the origin of the first request. After a redirect to another origin, a client with the
    /// options of `[http]` alone is used, so that no default header is sent there.
    ///
    /// Default headers are not known to this client. Credentials in a header replace a default header of the same name.
    /// To send your own value, set it on the request.
    ///
    /// Client certificates are the caller's, too: add [`Credentials::client_identity`] or another one to the builder. This
    /// client can't add that of the credentials, nor replace it after a rotation, so for tokens that are bound to a certificate
    /// [`new`](Self::new) is better.
    pub fn from_builder(builder: ClientBuilder, credentials: Credentials) -> Result<Self> {
        let http = build(pinned(builder))?;
        let options = credentials.http().clone();
        let first_origin = Clients { direct: http.clone(), http, identified: None, options };
        let other_origins = Clients::of(&credentials)?;
        Ok(Self { first_origin, other_origins, credentials, steps_up: false })
    }

    /// Sets whether a request is sent once more with a token of more scopes, if the server says that they are missing
    /// (`insufficient_scope`, RFC 6750, section 3.1). By default it is not.
    ///
    /// The scopes that the server names are added to the configured ones, for this request alone. If no such token can be
    /// had, because the user has consented to fewer scopes, or if the second token has too few as well, the caller gets the
    /// server's answer.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = authn::reqwest::Client::new(authn::load()?)?.step_up(true);
    /// let response = client.delete("https://api.example.com/v1/things/1").send().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn step_up(self, enabled: bool) -> Self {
        Self { steps_up: enabled, ..self }
    }

    /// Returns the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    verbs! { get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD }

    /// Starts a request.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder {
            request: self.first_origin.http.request(method, url),
            client: self.clone(),
            credentials: Some(self.credentials.clone()),
        }
    }

    /// Sends a request that was built elsewhere.
    ///
    /// A request that was made of one of `http` can have [`WithholdToken`](crate::WithholdToken) or
    /// [`UseCredentials`](crate::UseCredentials) among its extensions.
    ///
    /// ```no_run
    /// # async fn example(client: authn::reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = http::Request::get("https://api.example.com/v1/status").extension(authn::WithholdToken).body("")?;
    /// client.execute(request.try_into()?).await?;
    /// # Ok(()) }
    /// ```
    pub async fn execute(&self, request: HttpRequest) -> Result<Response> {
        let (request, credentials) = extensions::taken(request, &self.credentials)?;
        self.follow(request, credentials.as_ref()).await
    }

    /// Sends a request and follows its redirects.
    async fn follow(
        &self,
        mut request: HttpRequest,
        credentials: Option<&Credentials>,
    ) -> Result<Response> {
        let origin = request.url().clone();
        let mut first = true;
        let mut clients = &self.first_origin;
        // Also if the token is withheld: the caller may have set its own credential where the token would be.
        let mut places = self.credentials.places();
        places.extend(credentials.into_iter().flat_map(Credentials::places));
        for _ in 0..=MOST_REDIRECTS {
            // A body that is a stream can be sent only once.
            let again = request.try_clone();
            let url = request.url().clone();
            let response =
                send(clients, request, credentials, first, self.steps_up, &mut places).await?;
            first = false;
            let target = target(&response, &url)?;
            let next = target.zip(redirected(again, response.status()));
            let Some((target, mut next)) = next else {
                return Ok(with_callers_url(response, &url));
            };
            *next.url_mut() = target;
            if !same_origin(&url, next.url()) {
                strip(&mut next, &places);
            }
            if !same_origin(&origin, next.url()) {
                clients = &self.other_origins;
            }
            request = next;
        }
        Err(Error::Redirect("the server redirects in a loop; check the address"))
    }
}

fn build(builder: ClientBuilder) -> Result<::reqwest::Client> {
    Ok(builder.redirect(Policy::none()).referer(false).build()?)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

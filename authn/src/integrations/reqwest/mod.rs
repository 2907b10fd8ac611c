//! `Client`: reqwest with authorised requests.
//!
//! reqwest's own redirects would carry headers that a provider set to wherever a server points, so this
//! client follows redirects itself: each hop starts from the caller's request, is authorised only if the
//! credentials are for its origin, and loses whatever is a credential once the origin changes.

mod authorize;
mod error;
mod redirect;
mod replay;
mod request;

use std::fmt;

use ::reqwest::{
    ClientBuilder, IntoUrl, Method, Request as HttpRequest, Response, redirect::Policy,
};

use crate::{Credentials, request::is_loopback};
use redirect::{redirected, same_origin, strip, target};
use replay::send;

pub use error::{Error, Result};
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
    within: Wires,
    /// For every hop that has left it: without the default headers of a caller's builder, which reqwest
    /// would put on again wherever the hop leads.
    beyond: Wires,
    credentials: Credentials,
}

/// The clients that requests go through.
#[derive(Clone)]
struct Wires {
    http: ::reqwest::Client,
    /// For the loopback interface, which no proxy may come between: its requests can be plain http.
    direct: ::reqwest::Client,
}

impl Wires {
    /// Makes them with the options of `[http]`.
    fn of(credentials: &Credentials) -> Result<Self> {
        let direct = build(credentials.http().builder()?.no_proxy())?;
        let http = build(credentials.http().builder()?)?;
        Ok(Self { http, direct })
    }

    async fn transmit(&self, request: HttpRequest) -> Result<Response> {
        let is_loopback = request.url().host_str().is_some_and(is_loopback);
        let client = if is_loopback { &self.direct } else { &self.http };
        Ok(client.execute(request).await?)
    }
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {$(
        #[doc = concat!("Begins a `", stringify!($method), "` request.")]
        pub fn $name(&self, url: impl IntoUrl) -> RequestBuilder {
            self.request(Method::$method, url)
        }
    )*};
}

impl Client {
    /// Makes a client with the options of `[http]`: proxy, authorities, deadlines, name.
    pub fn new(credentials: Credentials) -> Result<Self> {
        let wires = Wires::of(&credentials)?;
        Ok(Self { within: wires.clone(), beyond: wires, credentials })
    }

    /// Makes a client of a builder of the caller's. Its redirect policy is replaced, and it sends no
    /// `Referer`. Its proxies count for every request, also to the loopback interface.
    ///
    /// The builder counts for the origin of the first request. Once a redirect has led to another, a client
    /// with the options of `[http]` alone goes on, so that no default header goes along.
    ///
    /// Default headers can't be seen from here: where the credentials go in a header that is also a default
    /// one, they replace it. To send a value of your own, set it on the request.
    pub fn from_builder(builder: ClientBuilder, credentials: Credentials) -> Result<Self> {
        let http = build(builder)?;
        let within = Wires { direct: http.clone(), http };
        Ok(Self { within, beyond: Wires::of(&credentials)?, credentials })
    }

    /// Returns the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    verbs! { get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD }

    /// Begins a request.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder {
            request: self.within.http.request(method, url),
            client: self.clone(),
            credentials: Some(self.credentials.clone()),
        }
    }

    /// Sends a request that was built elsewhere.
    pub async fn execute(&self, request: HttpRequest) -> Result<Response> {
        self.follow(request, Some(&self.credentials)).await
    }

    /// Sends a request and follows its redirects.
    async fn follow(
        &self,
        mut request: HttpRequest,
        credentials: Option<&Credentials>,
    ) -> Result<Response> {
        let origin = request.url().clone();
        let mut first = true;
        let mut wires = &self.within;
        for _ in 0..=MOST_REDIRECTS {
            // Bodies that stream can be sent once.
            let again = request.try_clone();
            let url = request.url().clone();
            let response = send(wires, request, credentials, first).await?;
            first = false;
            let Some(target) = target(&response, &url)? else { return Ok(response) };
            let Some(mut next) = redirected(again, response.status()) else { return Ok(response) };
            *next.url_mut() = target;
            if !same_origin(&url, next.url()) {
                strip(&mut next, &url, credentials).await;
            }
            if !same_origin(&origin, next.url()) {
                wires = &self.beyond;
            }
            request = next;
        }
        Err(Error::Redirect("the server redirects without end; check the address"))
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

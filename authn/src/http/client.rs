//! `HttpClient`: sends token requests. Its connections are set up by the first request.

use std::{fmt, fs, path::PathBuf, sync::Arc};

use http::Method;
use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect::Policy};
use url::Url;

use super::{HttpRequest, options::HttpOptions};
use crate::{
    Environment, Error, Result, per_process::PerProcess, request::is_loopback, time::Clock,
};

/// Sends token requests. A clone shares its connections.
///
/// [`Context::http`](crate::Context::http) returns the client of the context:
///
/// ```no_run
/// # use authn::{Context, Result, Token, Url};
/// # async fn example(context: &Context, url: &Url) -> Result<Token> {
/// let response = context.http().post(url).form(&[("user", "ann")]).send().await?;
/// Token::new(response.member::<String>("token")?.unwrap_or_default())
/// # }
/// ```
///
/// ```no_run
/// use authn::{Result, Token, Url, http::HttpClient};
///
/// async fn exchange(http: &HttpClient, url: &Url, is_internal: bool) -> Result<Token> {
///     let response = http.get(url).allow_http(is_internal).send().await?.success()?;
///     if response.is_json() {
///         return Token::new(response.member::<String>("token")?.unwrap_or_default());
///     }
///     Token::new(std::str::from_utf8(response.bytes()).unwrap_or_default().trim())
/// }
/// ```
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
    clock: Clock,
}

/// What all clones share.
struct Shared {
    options: HttpOptions,
    ca_file: Option<PathBuf>,
    /// With connections that the background thread of the process serves.
    client: PerProcess<Result<Client>>,
    /// For the loopback interface. Its requests can be plain http, so no proxy may see them.
    direct: PerProcess<Result<Client>>,
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions, environment: &Environment) -> Self {
        let ca_file = options.ca_file.as_deref().map(|path| environment.absolute(path, None));
        let (client, direct) = (PerProcess::new(), PerProcess::new());
        let shared = Arc::new(Shared { options, ca_file, client, direct });
        Self { shared, clock: Clock::system() }
    }

    /// Sets the clock by which retries wait and a `Retry-After` date is read. Deadlines of the network are real time.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Starts a `GET` request.
    pub fn get(&self, url: &Url) -> HttpRequest {
        HttpRequest::new(self.clone(), Method::GET, url.clone())
    }

    /// Starts a `POST` request.
    pub fn post(&self, url: &Url) -> HttpRequest {
        HttpRequest::new(self.clone(), Method::POST, url.clone())
    }

    /// Returns a builder for another client with the same options: proxy, certificate authorities, deadlines, name.
    pub(crate) fn builder(&self) -> Result<ClientBuilder> {
        let HttpOptions { proxy, timeout, connect_timeout, user_agent, .. } = &self.shared.options;
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .timeout(*timeout)
            .connect_timeout(*connect_timeout)
            .user_agent(user_agent);
        if let Some(proxy) = proxy {
            let proxy = Proxy::all(proxy.as_str()).map_err(|_| {
                Error::configuration("`http.proxy` is not the URL of a proxy")
                    .with_help("write it as `http://host:port`")
            })?;
            builder = builder.proxy(proxy);
        }
        if let Some(path) = &self.shared.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        Ok(builder)
    }

    /// Checks whether a client can be built from the options.
    pub(crate) fn check_options(&self) -> Result<()> {
        build(self.builder()?).map(drop)
    }

    /// Returns the client for a URL.
    pub(super) fn client(&self, url: &Url) -> Result<Client> {
        if url.host_str().is_some_and(is_loopback) {
            let direct = || build(self.builder()?.no_proxy());
            return self.shared.direct.get(|_| direct()).value.clone();
        }
        self.shared.client.get(|_| build(self.builder()?)).value.clone()
    }
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|_| {
        Error::configuration("the HTTP client can't be built from the options in `[http]`")
            .with_help("check `ca_file`")
    })
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>> {
    let fail = |what: &str| {
        let path = path.display();
        Error::configuration(format!("`http.ca_file` {path} {what}"))
            .with_help("set it to a PEM file of certificate authorities")
    };
    let pem = fs::read(path).map_err(|error| fail(&format!("can't be read ({})", error.kind())))?;
    let bundle = Certificate::from_pem_bundle(&pem).map_err(|_| fail("is not a PEM file"))?;
    if bundle.is_empty() {
        return Err(fail("contains no certificate"));
    }
    Ok(bundle)
}

/// Refuses a URL to which a secret must not be sent. `https` is allowed, and `http` to the loopback interface;
/// `allow_http` allows `http` to every host.
///
/// [`HttpRequest::send`] checks this, too. A provider that checks its options with it reports the mistake when the
/// configuration is loaded.
///
/// ```
/// # use authn::Url;
/// use authn::http::check;
///
/// let url: Url = "http://sts.example.com/token".parse()?;
/// assert!(check(&url, false).is_err());
/// assert!(check(&url, true).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(url: &Url, allow_http: bool) -> Result<()> {
    let secure = url.scheme() == "https"
        || (url.scheme() == "http" && (allow_http || url.host_str().is_some_and(is_loopback)));
    if secure {
        return Ok(());
    }
    Err(Error::configuration(format!("{} would send secrets in the clear", shown(url)))
        .with_help("use https"))
}

/// Returns the parts of a URL that messages may contain: scheme, host and port.
pub(super) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new(HttpOptions::default(), &Environment::empty())
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

//! `HttpClient`: made when the first request is sent, and not before.

use std::{
    fmt, fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use http::Method;
use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect::Policy};
use url::Url;

use super::{HttpRequest, options::HttpOptions};
use crate::{Environment, Error, Result, request::is_loopback};

/// Sends token requests; a clone shares its connections.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    ca_file: Option<PathBuf>,
    client: OnceLock<Result<Client>>,
    /// For the loopback interface, which no proxy may come between: its requests can be plain http.
    direct: OnceLock<Result<Client>>,
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions, environment: &Environment) -> Self {
        let ca_file = options.ca_file.as_deref().map(|path| environment.absolute(path, None));
        Self(Arc::new(Inner { options, ca_file, client: OnceLock::new(), direct: OnceLock::new() }))
    }

    /// Begins a `GET` request.
    pub fn get(&self, url: &Url) -> HttpRequest {
        HttpRequest::new(self.clone(), Method::GET, url.clone())
    }

    /// Begins a `POST` request.
    pub fn post(&self, url: &Url) -> HttpRequest {
        HttpRequest::new(self.clone(), Method::POST, url.clone())
    }

    /// Makes a builder for another client with the same options: proxy, authorities, deadlines, name.
    pub(crate) fn builder(&self) -> Result<ClientBuilder> {
        let HttpOptions { proxy, timeout, connect_timeout, user_agent, .. } = &self.0.options;
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .timeout(*timeout)
            .connect_timeout(*connect_timeout)
            .user_agent(user_agent);
        if let Some(proxy) = proxy {
            let proxy = Proxy::all(proxy.as_str()).map_err(|_| {
                Error::configuration("`http.proxy` is no proxy's URL")
                    .with_help("write it as `http://host:port`")
            })?;
            builder = builder.proxy(proxy);
        }
        if let Some(path) = &self.0.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        Ok(builder)
    }

    /// Checks whether a client can be made of the options.
    pub(crate) fn check_options(&self) -> Result<()> {
        build(self.builder()?).map(drop)
    }

    /// Gives the client for a URL.
    pub(super) fn client(&self, url: &Url) -> Result<Client> {
        if url.host_str().is_some_and(is_loopback) {
            let direct = || build(self.builder()?.no_proxy());
            return self.0.direct.get_or_init(direct).clone();
        }
        self.0.client.get_or_init(|| build(self.builder()?)).clone()
    }
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|_| {
        Error::configuration("the HTTP client can't be made of the options in `[http]`")
            .with_help("check `ca_file`")
    })
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>> {
    let fail = |what: &str| {
        let path = path.display();
        Error::configuration(format!("`http.ca_file` {path} {what}"))
            .with_help("name a PEM file of certificate authorities")
    };
    let pem = fs::read(path).map_err(|error| fail(&format!("can't be read ({})", error.kind())))?;
    let bundle = Certificate::from_pem_bundle(&pem).map_err(|_| fail("is not a PEM file"))?;
    if bundle.is_empty() {
        return Err(fail("holds no certificate"));
    }
    Ok(bundle)
}

/// Refuses a URL that a secret must not be sent to: all but `https`, and `http` to the loopback interface;
/// `allow_http` allows `http` to anywhere. [`HttpRequest::send`] checks it too; a provider that checks its
/// options with it finds the mistake when the configuration is loaded.
pub fn check(url: &Url, allow_http: bool) -> Result<()> {
    let secure = url.scheme() == "https"
        || (url.scheme() == "http" && (allow_http || url.host_str().is_some_and(is_loopback)));
    if secure {
        return Ok(());
    }
    Err(Error::configuration(format!("{} would send secrets in the clear", shown(url)))
        .with_help("use https"))
}

/// Returns what may be said of a URL: scheme, host and port.
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

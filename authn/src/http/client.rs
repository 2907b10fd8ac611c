//! `HttpClient`: sends token requests. Its connections are set up by the first request.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use http::Method;
use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect::Policy};
use url::Url;

use super::{HttpRequest, options::HttpOptions};
use crate::{
    Error, Result,
    diagnostic::{check_limit_on_files, limit_help, reason},
    input_file::{self, Rules},
    per_process::PerProcess,
    request::{LOCALHOST, is_loopback},
    runtime::aside,
    time::Clock,
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
    /// With connections that the background thread of the process serves.
    client: PerProcess<Result<Client>>,
    /// For the loopback interface. Its requests can be plain http, so no proxy may see them.
    direct: PerProcess<Result<Client>>,
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions) -> Self {
        let (client, direct) = (PerProcess::new(), PerProcess::new());
        let shared = Arc::new(Shared { options, client, direct });
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

    /// Returns the deadline of a request.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared.options.timeout
    }

    /// Returns a builder for a client with these options: proxy, certificate authorities, the deadline of a connection,
    /// name. The deadline of a request is left to the caller.
    pub(crate) fn builder(&self) -> Result<ClientBuilder> {
        let HttpOptions { proxy, connect_timeout, user_agent, .. } = &self.shared.options;
        let mut builder = pinned(Client::builder())
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(*connect_timeout)
            .user_agent(user_agent);
        if let Some(proxy) = proxy {
            let proxy = Proxy::all(proxy.as_str()).map_err(|_| {
                Error::configuration("`http.proxy` is not the URL of a proxy")
                    .with_help("write it as `http://host:port`")
            })?;
            builder = builder.proxy(proxy);
        }
        if let Some(path) = &self.shared.options.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        Ok(builder)
    }

    /// Checks whether a client can be built from the options.
    pub(crate) fn check_options(&self) -> Result<()> {
        build(self.builder()?).map(drop)
    }

    /// Returns the client for a URL. It is built aside, because that reads the file of certificate authorities.
    pub(super) async fn client(&self, url: &Url) -> Result<Client> {
        let is_direct = url.host_str().is_some_and(is_loopback);
        let built = if is_direct { self.shared.direct.made() } else { self.shared.client.made() };
        if let Some(built) = built {
            return built.value.clone();
        }
        let client = self.clone();
        aside(move || client.built(is_direct)).await
    }

    fn built(&self, is_direct: bool) -> Result<Client> {
        if is_direct {
            let direct = || build(self.builder()?.no_proxy());
            return self.shared.direct.get(|_| direct()).value.clone();
        }
        self.shared.client.get(|_| build(self.builder()?)).value.clone()
    }
}

/// Makes `localhost` the loopback interface, whatever it resolves to: secrets are sent there over plain http.
pub(crate) fn pinned(builder: ClientBuilder) -> ClientBuilder {
    // A port of 0 is replaced by the URL's.
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    builder.resolve_to_addrs(LOCALHOST, &loopback.map(|address| SocketAddr::new(address, 0)))
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|_| match check_limit_on_files() {
        Ok(()) => {
            Error::configuration("the HTTP client can't be built from the options in `[http]`")
                .with_help("check `ca_file`")
        }
        Err(error) => {
            let help = limit_help(&error).unwrap_or("check the limit on open files");
            Error::internal(format!("the HTTP client can't be built ({})", reason(&error)))
                .with_help(help)
        }
    })
}

/// Reads a bundle of certificates. It is an error if any of them would be ignored.
fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let pem = input_file::read(path, Rules::Certificates).map_err(|refusal| {
        Error::configuration(format!("`http.ca_file` {}", refusal.fault)).with_help(refusal.help)
    })?;
    let fail = |what: &str, help: &'static str| {
        let path = path.display();
        Error::configuration(format!("`http.ca_file` {path} {what}")).with_help(help)
    };
    let bundle = Certificate::from_pem_bundle(&pem.bytes).map_err(|_| {
        fail("is not a PEM file", "set it to a PEM file of certificate authorities")
    })?;
    // The parser skips a certificate whose first line is not a line of its own, and those of other kinds.
    let text = String::from_utf8_lossy(&pem.bytes);
    let labels = text.split("-----BEGIN ").skip(1).filter_map(|part| part.split('-').next());
    match (bundle.len(), labels.filter(|label| label.contains("CERTIFICATE")).count()) {
        (0, 0) => {
            Err(fail("contains no certificate", "set it to a PEM file of certificate authorities"))
        }
        (read, all) if read != all => Err(fail(
            &format!("contains {all} certificates, but only {read} can be read"),
            "put each `-----BEGIN CERTIFICATE-----` on a line of its own",
        )),
        _ => Ok(bundle),
    }
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
        Self::new(HttpOptions::default())
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

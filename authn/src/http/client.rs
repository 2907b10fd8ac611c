//! `HttpClient`: sends token requests. Its connections are set up by the first request.

use std::{
    env, fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::Method;
use reqwest::{Client, ClientBuilder, Proxy, redirect::Policy};
use url::Url;

use super::{
    ClientIdentity, HttpRequest, Reach,
    connections::{Connections, Identified},
    failure::Target,
    options::HttpOptions,
    proxy::{CORRECT, ProxyInUse, exceptions, is_excepted, unusable},
    reach::{GOOGLE_METADATA, is_proxied},
    tls::with_tls,
};
use crate::{
    Environment, Error, Result,
    diagnostic::{check_limit_on_files, limit_help, reason},
    origins::{LOCALHOST, is_loopback},
    runtime::aside,
    store::SendRight,
    time::Clock,
};

/// The target of the warnings about the set-up of the machine, which command lines show without a log.
const WARNINGS: &str = "authn::http::proxy";

/// Sends token requests. A clone shares its connections.
///
/// [`Context::http`](crate::Context::http) returns the client of the context:
///
/// ```no_run
/// # use authn::{Context, Result, Token, Url};
/// # async fn example(context: &Context, url: &Url) -> Result<Token> {
/// let response = context.http().post(url).form(&[("user", "ann")]).send().await?;
/// Token::new(response.required::<String>("token")?)
/// # }
/// ```
///
/// ```no_run
/// use authn::{Result, Token, Url, http::HttpClient};
///
/// async fn exchange(http: &HttpClient, url: &Url, is_internal: bool) -> Result<Token> {
///     let response = http.get(url).allow_http(is_internal).send().await?.success()?;
///     if response.is_json() {
///         return Token::new(response.required::<String>("token")?);
///     }
///     Token::new(std::str::from_utf8(response.bytes()).unwrap_or_default().trim())
/// }
/// ```
///
/// ```no_run
/// # use authn::{Result, Url, http::HttpClient};
/// # async fn rotate(http: &HttpClient, key: &Url) -> Result<()> {
/// http.head(key).send().await?.success()?;
/// http.put(key).body("application/octet-stream", [1, 2, 3]).send().await?.success()?;
/// http.patch(key).json(&[("active", true)]).send().await?.success()?;
/// http.delete(key).send().await?.success()?;
/// http.request("PURGE".parse().expect("a method"), key).send().await?.success()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
    clock: Clock,
    reach: Reach,
    /// Of the exchange that it is for, if that holds a lease.
    right: Option<SendRight>,
}

/// What all clones share.
struct Shared {
    options: HttpOptions,
    plain: Connections,
    public: Connections,
    private: Connections,
    machine: Connections,
    identified: Identified,
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {$(
        #[doc = concat!("Starts a `", stringify!($method), "` request.")]
        pub fn $name(&self, url: &Url) -> HttpRequest {
            self.request(Method::$method, url)
        }
    )*};
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions) -> Self {
        let shared = Arc::new(Shared {
            options,
            plain: Connections::default(),
            public: Connections::within(Reach::Public),
            private: Connections::within(Reach::Private),
            machine: Connections::within(Reach::Machine),
            identified: Identified::default(),
        });
        Self { shared, clock: Clock::system(), reach: Reach::Any, right: None }
    }

    /// Returns a client with the same options and connections of its own.
    pub(crate) fn apart(&self) -> Self {
        Self { clock: self.clock.clone(), ..Self::new(self.shared.options.clone()) }
    }

    /// Sets the clock by which retries wait and a `Retry-After` date is read. Deadlines of the network are real time.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sets what its requests ask for right before they are sent.
    pub(crate) fn set_right(&mut self, right: Option<SendRight>) {
        self.right = right;
    }

    pub(super) fn right(&self) -> Option<&SendRight> {
        self.right.as_ref()
    }

    verbs! { get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD }

    /// Starts a request.
    pub fn request(&self, method: Method, url: &Url) -> HttpRequest {
        HttpRequest::new(self.clone(), method, url.clone())
    }

    /// Sets which addresses its requests may connect to.
    #[doc(hidden)]
    pub fn set_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    pub(super) fn own_reach(&self) -> Reach {
        self.reach
    }

    /// Returns the reach of a server and of what it names: [`Reach::Public`] or [`Reach::Private`].
    #[doc(hidden)]
    pub async fn reach(&self, url: &Url) -> Result<Reach> {
        Reach::of(url, &self.shared.options).await
    }

    /// Fails if the address in a URL is out of this client's reach.
    #[doc(hidden)]
    pub fn check(&self, url: &Url) -> Result<()> {
        self.check_reach(url, self.reach)
    }

    pub(super) fn check_reach(&self, url: &Url, reach: Reach) -> Result<()> {
        reach.check(url, &self.shared.options)
    }

    /// Returns where a request goes, for the error of its failure.
    pub(super) fn target<'a>(&self, url: &'a Url, reach: Reach) -> Target<'a> {
        let HttpOptions { connect_timeout, proxy, .. } = &self.shared.options;
        let is_proxied = !self.is_direct(url, reach) && is_proxied(url, &self.shared.options);
        let (option, environment) = (proxy.as_ref().map(Url::as_str), Environment::of_process());
        let proxy = ProxyInUse::of(option, &environment).filter(|_| is_proxied);
        let unusable = self.unusable_proxy(&environment).filter(|_| !self.is_direct(url, reach));
        Target { url, proxy, unusable, connect_timeout: *connect_timeout }
    }

    /// Returns whether a request to a URL uses no proxy, although there may be one.
    pub(crate) fn is_direct(&self, url: &Url, reach: Reach) -> bool {
        let is_in_list = || {
            exceptions(|name| env::var(name).ok()).is_some_and(|(_, list)| is_excepted(&list, url))
        };
        reach == Reach::Machine
            || url.host_str().is_some_and(is_loopback)
            // The option has no exceptions.
            || (self.shared.options.proxy.is_none() && is_in_list())
    }

    /// Returns the variable that would set a proxy, if it names none that can be used.
    fn unusable_proxy(&self, environment: &Environment) -> Option<&'static str> {
        ProxyInUse::unusable(self.shared.options.proxy.as_ref().map(Url::as_str), environment)
    }

    /// Returns the deadline of a request.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared.options.timeout
    }

    /// Returns a builder for a client with these options: proxy, certificate authorities, the deadline of a connection,
    /// name. The deadline of a request is left to the caller.
    pub(crate) fn builder(&self) -> Result<ClientBuilder> {
        self.builder_with(None, Reach::Any)
    }

    fn builder_with(
        &self,
        identity: Option<&ClientIdentity>,
        reach: Reach,
    ) -> Result<ClientBuilder> {
        let HttpOptions { proxy, connect_timeout, user_agent, .. } = &self.shared.options;
        let mut builder = pinned(Client::builder())
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(*connect_timeout)
            .user_agent(user_agent);
        if reach == Reach::Machine {
            let (name, address) = GOOGLE_METADATA;
            builder = builder.resolve(name, SocketAddr::new(address.into(), 0));
        }
        if let Some(resolver) = reach.resolver(&self.shared.options) {
            builder = builder.dns_resolver(resolver);
        }
        if let Some(proxy) = proxy {
            let proxy = Proxy::all(proxy.as_str()).map_err(|_| {
                Error::configuration("`http.proxy` is not the URL of a proxy")
                    .with_help("write it as `http://host:port`")
            })?;
            builder = builder.proxy(proxy);
        }
        with_tls(builder, self.shared.options.ca_file.as_deref(), identity)
    }

    /// Checks whether a client can be built from the options.
    pub(crate) fn check_options(&self) -> Result<()> {
        build(self.builder()?).map(drop)
    }

    /// Returns the client for a URL. It is built aside, because that reads the files of certificate authorities.
    pub(crate) async fn client(
        &self,
        url: &Url,
        identity: Option<&ClientIdentity>,
        reach: Reach,
    ) -> Result<Client> {
        let is_direct = self.is_direct(url, reach);
        let Some(identity) = identity else {
            if let Some(made) = self.shared.of(reach).made(is_direct) {
                return Ok(made);
            }
            let client = self.clone();
            return aside(move || client.built(client.shared.of(reach), is_direct)).await;
        };
        let connections = self.shared.identified.of(identity, reach);
        if let Some(made) = connections.made(is_direct) {
            return Ok(made);
        }
        let client = self.clone();
        aside(move || client.built(&connections, is_direct)).await
    }

    fn built(&self, connections: &Connections, is_direct: bool) -> Result<Client> {
        connections.get(is_direct, |identity, reach| {
            if !is_direct && let Some(name) = self.unusable_proxy(&Environment::of_process()) {
                tracing::warn!(target: WARNINGS, "{}; {CORRECT}", unusable(name));
            }
            let builder = self.builder_with(identity, reach)?;
            build(if is_direct { builder.no_proxy() } else { builder })
        })
    }
}

impl Shared {
    fn of(&self, reach: Reach) -> &Connections {
        match reach {
            Reach::Any => &self.plain,
            Reach::Public => &self.public,
            Reach::Private => &self.private,
            Reach::Machine => &self.machine,
        }
    }
}

/// Makes `localhost` the loopback interface, whatever it resolves to: secrets are sent there over plain http.
pub(crate) fn pinned(builder: ClientBuilder) -> ClientBuilder {
    // A port of 0 is replaced by the URL's.
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    builder.resolve_to_addrs(LOCALHOST, &loopback.map(|address| SocketAddr::new(address, 0)))
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|_| unbuildable())
}

/// Returns the error of a client that can't be built: a limit of the system, or else the options.
pub(super) fn unbuildable() -> Error {
    match check_limit_on_files() {
        Ok(()) => {
            Error::configuration("the HTTP client can't be built from the options in `[http]`")
                .with_help("check `ca_file`")
        }
        Err(error) => {
            let help = limit_help(&error).unwrap_or("check the limit on open files");
            Error::internal(format!("the HTTP client can't be built ({})", reason(&error)))
                .with_help(help)
        }
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
    Err(Error::configuration(format!("{} would send secrets without encryption", shown(url)))
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

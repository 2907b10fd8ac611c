//! The options of `[http]`, for token requests and for the clients of `authn::reqwest`.

use std::{path::PathBuf, time::Duration};

use url::Url;

use crate::{Options, Validation};

/// How requests are sent.
#[derive(Clone, Options, PartialEq, Eq)]
#[options(default, validate = Self::check)]
pub(crate) struct HttpOptions {
    /// PEM file of further certificate authorities. A file that is empty or broken is an error.
    pub(crate) ca_file: Option<PathBuf>,
    /// Proxy for all requests; the system's unless set.
    pub(crate) proxy: Option<Url>,
    /// Longest time for one request, its repetitions and its response.
    #[default(Duration::from_secs(30))]
    pub(crate) timeout: Duration,
    /// Longest time to connect.
    #[default(Duration::from_secs(10))]
    pub(crate) connect_timeout: Duration,
    /// Value of the `User-Agent` header.
    #[default(concat!("authn/", env!("CARGO_PKG_VERSION")).to_owned())]
    pub(crate) user_agent: String,
}

impl HttpOptions {
    fn check(&self, problems: &mut Validation) {
        // `user:password@host` is also a URL, with the user as its scheme.
        if self.proxy.as_ref().is_some_and(|proxy| !is_proxy(proxy)) {
            let message = "expected an address like `http://proxy.example.com:3128`";
            problems.at("proxy").error(message, "write the scheme, the host and the port");
        }
    }
}

/// Returns whether a URL can be that of a proxy.
pub(crate) fn is_proxy(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.host_str().is_some()
}

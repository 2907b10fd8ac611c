//! The options of `[http]`, for token requests and for our clients alike.

use std::time::Duration;

use url::Url;

use crate::{
    Show,
    options::{Field, FromTable, Table},
};

pub(crate) const FIELDS: &[Field] = &[
    Field::plain::<Option<String>>(
        "ca_file",
        &["PEM file of further certificate authorities; one that is empty or broken is an error."],
    ),
    Field::plain::<Option<Url>>("proxy", &["Proxy for all requests; the system's unless set."]),
    Field::plain::<Duration>("timeout", &["Longest time for one request and its answer."])
        .with_default(|| TIMEOUT.show(), "30s"),
    Field::plain::<Duration>("connect_timeout", &["Longest time for making a connection."])
        .with_default(|| CONNECT_TIMEOUT.show(), "10s"),
    Field::plain::<String>("user_agent", &["What requests call themselves."])
        .with_default(|| USER_AGENT.show(), "authn"),
];

const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("authn/", env!("CARGO_PKG_VERSION"));

/// How requests are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpOptions {
    pub(crate) ca_file: Option<String>,
    pub(crate) proxy: Option<Url>,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            proxy: None,
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            user_agent: USER_AGENT.to_owned(),
        }
    }
}

impl FromTable for HttpOptions {
    const FIELDS: &'static [Field] = FIELDS;

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let ca_file = table.plain("ca_file");
        let proxy = table.plain::<Option<Url>>("proxy").and_then(|proxy| match proxy {
            // `user:password@host` is a URL too, with the user as its scheme.
            Some(proxy) if !is_proxy(&proxy) => {
                table.refuse("proxy", "expected an address like `http://proxy.example.com:3128`")
            }
            proxy => Some(proxy),
        });
        let timeout = table.plain_or("timeout", || TIMEOUT);
        let connect_timeout = table.plain_or("connect_timeout", || CONNECT_TIMEOUT);
        let user_agent = table.plain_or("user_agent", || USER_AGENT.to_owned());
        Some(Self {
            ca_file: ca_file?,
            proxy: proxy?,
            timeout: timeout?,
            connect_timeout: connect_timeout?,
            user_agent: user_agent?,
        })
    }
}

fn is_proxy(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.host_str().is_some()
}

//! What the five programs have in common: settings in environment variables, and the origin of the API's address.

pub mod message_service;

use std::env;

use authn::{Error, Result, Url};

/// Returns the value of an environment variable.
pub fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| {
        Error::configuration(format!("the environment variable `{name}` is not set"))
            .with_help("set it; the first lines of the program say to what")
    })
}

/// Returns the value of an environment variable; `None` if it is not set.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Returns the origin of an address, which is what credentials are bound to.
pub fn origin(url: &str) -> Result<String> {
    let url = Url::parse(url).map_err(|_| {
        Error::configuration("the API's address is no URL")
            .with_help("write it as `https://api.example.com/v1/things`")
    })?;
    Ok(url.origin().ascii_serialization())
}

//! `Place`: the address of a discovery service.

use authn::{Error, Result, Url};
use serde::{Deserialize, Serialize};

/// Where the discovery service of an environment is, below the environment's address.
const WELL_KNOWN: &str = ".ai.h2o.cloud.discovery";

/// The address of a discovery service, and the environment that it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    address: String,
    environment: Option<String>,
}

impl Place {
    /// Returns the discovery service of an environment. `what` names where the address is from, for errors.
    pub(super) fn of_environment(environment: &str, what: &str) -> Result<Self> {
        let url = parse(environment, what)?;
        let address = below(&url, &[WELL_KNOWN]);
        Ok(Self { address: address.into(), environment: Some(environment.to_owned()) })
    }

    /// Returns the discovery service at an address.
    pub(super) fn at(address: &str, what: &str) -> Result<Self> {
        let address = below(&parse(address, what)?, &[]);
        Ok(Self { address: address.into(), environment: None })
    }

    /// Returns the environment, unless only the address of its discovery service is known.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Returns whether it is asked by https, and so must name https addresses.
    pub(super) fn is_secure(&self) -> bool {
        self.address.starts_with("https:")
    }

    /// Returns the address of a resource of the discovery service.
    pub(super) fn resource(&self, name: &str) -> Result<Url> {
        Ok(below(&parse(&self.address, "the discovery service")?, &["v1", name]))
    }
}

/// Returns whether two addresses are of one environment. A slash at the end makes no difference.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => below(&one, &[]) == below(&other, &[]),
        _ => false,
    }
}

/// Returns the error if nothing names an environment.
pub(super) fn unknown() -> Error {
    Error::not_applicable("no environment of H2O AI Cloud is set").with_help(
        "set `environment` or the variable `H2O_CLOUD_ENVIRONMENT`, or run `h2o config setup`",
    )
}

fn parse(text: &str, what: &str) -> Result<Url> {
    let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
        Error::configuration(format!("{what} is no address"))
            .with_help("write the whole address, such as `https://cloud.h2o.ai`")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(format!("{what} has a user name or a password"))
            .with_help("remove it"));
    }
    authn::http::check(&url, false).map_err(|error| error.at(what))?;
    Ok(url)
}

/// Returns an address with more segments in its path, without a query and a fragment.
fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_below_the_address() {
        for (place, expected) in [
            (
                Place::of_environment("https://cloud.test", ""),
                "https://cloud.test/.ai.h2o.cloud.discovery/v1/clients",
            ),
            (
                Place::of_environment("https://cloud.test/a/?x=1#y", ""),
                "https://cloud.test/a/.ai.h2o.cloud.discovery/v1/clients",
            ),
            (Place::at("https://discovery.test/", ""), "https://discovery.test/v1/clients"),
            (Place::at("http://[::1]:9/a", ""), "http://[::1]:9/a/v1/clients"),
        ] {
            assert_eq!(place.unwrap().resource("clients").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn an_address_that_is_not_secure_is_refused() {
        for bad in ["http://cloud.test", "cloud.test", "https://u:p@cloud.test", "file:///etc"] {
            let error = Place::of_environment(bad, "`environment`").unwrap_err();
            assert!(error.message().starts_with("`environment`"), "{error}");
            assert!(!error.to_string().contains("u:p"), "{error}");
        }
    }

    #[test]
    fn environments_are_compared_without_a_slash_at_the_end() {
        for (one, other, same) in [
            ("https://cloud.test", "https://cloud.test/", true),
            ("https://CLOUD.test:443", "https://cloud.test", true),
            ("https://cloud.test/a/", "https://cloud.test/a", true),
            ("https://cloud.test/a", "https://cloud.test/b", false),
            ("https://cloud.test", "http://cloud.test", false),
            ("https://cloud.test.evil", "https://cloud.test", false),
            ("cloud.test", "cloud.test", false),
        ] {
            assert_eq!(is_same(one, other), same, "{one} {other}");
        }
    }
}

//! `Place`: the address of a discovery service.

use authn::{Error, Result, Url};

/// Where the discovery service of an environment is, below the environment's address.
const WELL_KNOWN: &str = ".ai.h2o.cloud.discovery";

/// The address of a discovery service. However it is spelled, it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(Url);

impl Place {
    /// Returns the discovery service of an environment. `what` names where the address is from, for errors.
    pub(super) fn of_environment(environment: &str, what: &str) -> Result<Self> {
        Ok(Self(below(&parse(environment, what)?, &[WELL_KNOWN])))
    }

    /// Returns the discovery service at an address.
    pub(super) fn at(address: &str, what: &str) -> Result<Self> {
        Ok(Self(below(&parse(address, what)?, &[])))
    }

    /// Returns the address.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns scheme, host and port: those of the environment too, if the service was found by its address.
    pub(super) fn origin(&self) -> String {
        origin(&self.0)
    }

    /// Returns whether it is asked by https, and so must name https addresses.
    pub(super) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the address of a resource of the discovery service.
    pub(super) fn resource(&self, name: &str) -> Url {
        below(&self.0, &["v1", name])
    }
}

/// Returns scheme, host and port.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Returns the error if nothing names an environment.
pub(super) fn unknown() -> Error {
    Error::not_applicable("no environment of H2O AI Cloud is set").with_help(
        "set `environment` or the variable `H2O_CLOUD_ENVIRONMENT`, or run `h2o config setup`",
    )
}

/// Parses an address of the user.
pub(super) fn parse(text: &str, what: &str) -> Result<Url> {
    let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
        Error::configuration(format!("{what} is not an address"))
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
            assert_eq!(place.unwrap().resource("clients").as_str(), expected);
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
    fn a_place_is_the_same_however_it_is_spelled() {
        let of = |text| Place::of_environment(text, "").unwrap();
        let one = of("https://cloud.test");
        for (other, same) in [
            (of("https://cloud.test/"), true),
            (of("https://CLOUD.test:443/?x#y"), true),
            (Place::at("https://cloud.test/.ai.h2o.cloud.discovery", "").unwrap(), true),
            (Place::at("https://cloud.test/.ai.h2o.cloud.discovery/", "").unwrap(), true),
            (Place::at("https://cloud.test", "").unwrap(), false),
            (of("https://cloud.test/a"), false),
            (of("https://cloud.test.evil"), false),
            (of("https://cloud.test:8443"), false),
        ] {
            assert_eq!(one == other, same, "{other:?}");
        }
    }
}

//! `Prepared`: the headers and parameters of a configuration, checked and ready to be sent.

use std::collections::BTreeMap;

use authn::{Error, ErrorKind, Origins, Placement, Request, Result, SecretString};
use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::header;

/// The keys of a configuration.
pub(super) struct Prepared {
    /// The keys for every origin that the credentials are bound to.
    pub(super) common: Additions,
    /// The keys for single origins.
    pub(super) sets: Vec<(Origins, Additions)>,
    /// Headers that are not secret, sent with either.
    pub(super) plain: Additions,
}

impl Prepared {
    /// Adds the keys for a request's origin to it. It is an error if there is none: a request without a key would
    /// only look authorised.
    pub(super) fn put_on(&self, request: &mut Request<'_>) -> Result<()> {
        if self.sets.is_empty() {
            // No header or parameter is set twice, so there is nothing to keep track of.
            self.common.put_all_on(request)?;
            return self.plain.put_all_on(request);
        }
        let mut any = !self.common.is_empty();
        let mut taken = Taken::default();
        // The first one to set a header or parameter wins: the sets, then the common keys. Headers and parameters
        // that the caller has set win over both, unless `override` is set.
        for (origins, additions) in &self.sets {
            if origins.allows(request.uri()) {
                additions.put_on(request, &mut taken)?;
                any = true;
            }
        }
        if !any {
            return Err(no_key(request));
        }
        self.common.put_on(request, &mut taken)?;
        self.plain.put_on(request, &mut taken)
    }
}

/// The headers and parameters that are already on a request. With `override`, a later set would replace them.
#[derive(Default)]
struct Taken<'a> {
    headers: Vec<&'a HeaderName>,
    query: Vec<&'a str>,
}

/// Headers and query parameters.
#[derive(Default)]
pub(super) struct Additions {
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Vec<(String, SecretString)>,
}

impl Additions {
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.query.is_empty()
    }

    /// Adds headers and parameters by name. `table` is the prefix of their options' keys, for errors.
    pub(super) fn add(
        &mut self,
        table: &str,
        headers: Option<&BTreeMap<String, SecretString>>,
        query: Option<&BTreeMap<String, SecretString>>,
    ) -> Result<()> {
        for (name, secret) in headers.into_iter().flatten() {
            self.header(&format!("{table}headers"), name, &secret.expose())?;
        }
        for (name, secret) in query.into_iter().flatten() {
            self.parameter(&format!("{table}query"), name, secret)?;
        }
        Ok(())
    }

    /// Adds a header, which is marked sensitive. `option` is the option that names it, for errors.
    pub(super) fn header(&mut self, option: &str, name: &str, value: &str) -> Result<()> {
        let header = self.refuse_second_header(option, name)?;
        let value = header::secret_value(Zeroizing::new(value.to_owned())).map_err(|reason| {
            Error::configuration(format!(
                "option `{option}`: the value of `{header}` is not a valid header value ({reason})"
            ))
            .with_help("check where the value comes from")
        })?;
        self.headers.push((header, value));
        Ok(())
    }

    /// Parses a header's name, and fails if that header is already present in any spelling.
    pub(super) fn refuse_second_header(&self, option: &str, name: &str) -> Result<HeaderName> {
        let header = HeaderName::try_from(name).map_err(|_| {
            Error::configuration(format!(
                "option `{option}`: `{}` is not a valid header name",
                name.escape_debug()
            ))
            .with_help("use letters, digits and dashes")
        })?;
        if self.headers.iter().any(|(other, _)| *other == header) {
            return Err(Error::configuration(format!(
                "option `{option}`: the header `{header}` is set twice"
            ))
            .with_help("remove one of the two"));
        }
        Ok(header)
    }

    /// Adds a query parameter.
    pub(super) fn parameter(
        &mut self,
        option: &str,
        name: &str,
        secret: &SecretString,
    ) -> Result<()> {
        let shown = name.escape_debug();
        let (problem, help) = if name.is_empty() {
            ("a parameter has no name".to_owned(), "name the parameter")
        } else if self.query.iter().any(|(other, _)| other == name) {
            (format!("the parameter `{shown}` is set twice"), "remove one of the two")
        } else if secret.expose().chars().any(char::is_control) {
            let problem = format!("the value of `{shown}` has control characters");
            (problem, "check where the value comes from")
        } else {
            self.query.push((name.to_owned(), secret.clone()));
            return Ok(());
        };
        Err(Error::configuration(format!("option `{option}`: {problem}")).with_help(help))
    }

    /// Adds all headers and parameters to a request.
    fn put_all_on(&self, request: &mut Request<'_>) -> Result<()> {
        for (name, value) in &self.headers {
            request.set_header(name, value.clone())?;
        }
        for (name, secret) in &self.query {
            request.set_query(name, &secret.expose())?;
        }
        Ok(())
    }

    /// Adds those headers and parameters to a request that have not been taken.
    fn put_on<'a>(&'a self, request: &mut Request<'_>, taken: &mut Taken<'a>) -> Result<()> {
        for (name, value) in &self.headers {
            if !taken.headers.contains(&name) {
                taken.headers.push(name);
                request.set_header(name, value.clone())?;
            }
        }
        for (name, secret) in &self.query {
            if !taken.query.contains(&name.as_str()) {
                taken.query.push(name);
                request.set_query(name, &secret.expose())?;
            }
        }
        Ok(())
    }
}

/// Returns the places of headers and query parameters by name, whether their values are known or not.
pub(super) fn placements<V>(
    headers: Option<&BTreeMap<String, V>>,
    query: Option<&BTreeMap<String, V>>,
) -> Vec<Placement> {
    let headers = headers.into_iter().flatten().filter_map(|(name, _)| header_place(name));
    let query = query.into_iter().flatten().map(|(name, _)| Placement::query(name));
    headers.chain(query).collect()
}

/// Returns the place in a header; `None` if the name is invalid, which is an error when the options are checked.
pub(super) fn header_place(name: &str) -> Option<Placement> {
    Some(Placement::header(HeaderName::try_from(name).ok()?, ""))
}

#[cold]
fn no_key(request: &Request<'_>) -> Error {
    let host = request.uri().host().unwrap_or_default();
    Error::new(ErrorKind::Origin, format!("there is no key for requests to {host}"))
        .with_help("add a key set for this origin to option `for`")
}

//! `Explained`: what credentials would do to a request, found out without any secret and without sending anything.

use std::collections::BTreeSet;

use http::{
    HeaderMap, HeaderValue, Method, Uri,
    header::{CONTENT_TYPE, HeaderName},
};

use crate::{
    Bound, Credentials, Error, Issued, Placement, Request, Result, Token, Used,
    provider::{Applies, Touched},
    request::{Place, has_parameter},
    sorted::sorted,
};

/// What the credentials of a configuration that was read by [`Loader::explaining`](crate::Loader::explaining) would do to a
/// request.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[doc(hidden)]
pub struct Explained {
    /// The key of the provider.
    pub key: String,
    /// The names that are set, in headers, the query and the form; empty for a chain, whose links have them.
    pub places: BTreeSet<(Part, String)>,
    /// Why nothing is set, although the origin fits.
    pub refusal: Option<String>,
    /// Why a secret is absent, or the machine that the provider is for.
    pub absence: Option<String>,
    /// Whether a user has to log in.
    pub needs_login: bool,
    /// On what it depends whether there is a credential, if only an exchange shows it.
    pub depends_on: Option<&'static str>,
    /// What would be read or contacted that no option names.
    pub touches: Vec<Touched>,
    /// Whether the token is that of the request being served.
    pub is_per_request: bool,
    /// The name of the store of the session.
    pub store: Option<String>,
    /// The providers of a chain.
    pub links: Vec<Explained>,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[doc(hidden)]
pub enum Part {
    /// A header.
    Header,
    /// A parameter of the query.
    Query,
    /// A parameter of a form-encoded body.
    Body,
}

impl Credentials {
    /// Explains what would be added to a request, whatever its origin is.
    #[doc(hidden)]
    pub fn explain(&self, method: &Method, uri: &Uri) -> Explained {
        explained(self.bound(), method, uri)
    }

    /// Returns the keys of the secrets that were absent when the configuration was loaded, which only a chain allows.
    #[doc(hidden)]
    pub fn absences(&self) -> Vec<String> {
        absences(self.bound())
    }
}

impl Credentials {
    /// Returns each provider, those of a chain in place of it, with the error of one that is known not to apply here.
    #[doc(hidden)]
    pub fn applicability(&self) -> Vec<(String, Option<Error>)> {
        applicability(self.bound())
    }
}

fn applicability(bound: &Bound) -> Vec<(String, Option<Error>)> {
    let managed = bound.managed();
    let links = managed.links();
    if !links.is_empty() {
        return links.into_iter().flat_map(applicability).collect();
    }
    let error = match managed.applies(&bound.context) {
        Applies::No(error) => Some(error),
        _ => None,
    };
    vec![(bound.context.key().to_owned(), error)]
}

fn absences(bound: &Bound) -> Vec<String> {
    let own = bound.absences.iter().map(|(key, _)| key.clone());
    own.chain(bound.managed().links().into_iter().flat_map(absences)).collect()
}

fn explained(bound: &Bound, method: &Method, uri: &Uri) -> Explained {
    let managed = bound.managed();
    let links: Vec<_> =
        managed.links().into_iter().map(|link| explained(link, method, uri)).collect();
    let (places, refusal) = match tried(bound, method, uri) {
        _ if !links.is_empty() => (BTreeSet::new(), None),
        Some(Ok(mut places)) => {
            if managed.issues() {
                // Such as the proof of a key, which only a real token has.
                places.extend(bound.provider.placements(&bound.context).into_iter().map(named));
            }
            (places, None)
        }
        Some(Err(error)) if !managed.issues() => (BTreeSet::new(), Some(error.to_string())),
        _ => (bound.placements().into_iter().map(named).collect(), None),
    };
    let applies = managed.applies(&bound.context);
    let depends_on = match &applies {
        Applies::Depends(on) => Some(*on),
        _ => None,
    };
    let absence = bound.absences.first().map(|(_, error)| error).or(match &applies {
        Applies::No(error) => Some(error),
        _ => None,
    });
    Explained {
        key: bound.context.key().to_owned(),
        places,
        refusal,
        absence: absence.map(|error| error.message().to_owned()),
        needs_login: managed.needs_login(),
        depends_on,
        touches: managed.touches(&bound.context),
        is_per_request: bound.per_request,
        store: managed
            .store(&bound.context)
            .or_else(|| bound.context.kept().store().map(str::to_owned)),
        links,
    }
}

/// Lets the provider authorise a request that is sent nowhere, with a token that is none. `None` if that is not possible
/// without waiting, or without its secrets.
fn tried(bound: &Bound, method: &Method, uri: &Uri) -> Option<Result<BTreeSet<(Part, String)>>> {
    let (mut uri_then, mut headers, mut form) = (uri.clone(), HeaderMap::new(), Vec::new());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let mut used = Used::default();
    let mut request = Request::new(method, &mut uri_then, &mut headers).with_used(&mut used);
    if bound.is_in_body() {
        request = request.with_body(&mut form);
    }
    let mut request = request.with_placement(bound.context.placement());
    let managed = bound.managed();
    let result = if bound.per_request {
        return None;
    } else if managed.issues() {
        let issued = Issued::from(Token::new("unread").ok()?);
        managed.authorize(&mut request, &issued, &bound.context)
    } else {
        bound.provider.try_authorize(&mut request, &bound.context)?
    };
    Some(result.map(|()| {
        let is_new = |name: &&HeaderName| **name != CONTENT_TYPE;
        let set = headers.keys().filter(is_new).map(|name| (Part::Header, name.to_string()));
        let query = uri_then.query().map(|query| names(query.as_bytes())).unwrap_or_default();
        let own = |name: &String| !has_parameter(uri.query(), name);
        let query = query.into_iter().filter(own).map(|name| (Part::Query, name));
        let body = names(&form).into_iter().map(|name| (Part::Body, name));
        sorted(set.chain(query).chain(body))
    }))
}

fn names(form: &[u8]) -> Vec<String> {
    url::form_urlencoded::parse(form).map(|(name, _)| name.into_owned()).collect()
}

fn named(placement: Placement) -> (Part, String) {
    match placement.place {
        Place::Header { name, .. } => (Part::Header, name.to_string()),
        Place::Query { parameter } => (Part::Query, parameter),
        Place::Body { parameter } => (Part::Body, parameter),
    }
}

impl Bound {
    fn is_in_body(&self) -> bool {
        let placement = self.context.placement();
        placement.is_some_and(|placement| matches!(placement.place, Place::Body { .. }))
    }
}

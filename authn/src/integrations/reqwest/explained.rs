//! `ExplainedRedirect`: what a client would do about a redirect.

use std::collections::BTreeSet;

use ::reqwest::Url;
use http::Uri;

use super::{
    redirect::{USUAL, refusal},
    uri::uri,
};
use crate::{Explained, Origins, Part, http::same_origin};

/// What [`Client`](super::Client) would do about a redirect.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[doc(hidden)]
pub struct ExplainedRedirect {
    /// Why the redirect is not followed.
    pub refusal: Option<&'static str>,
    /// The names that are removed, whoever has set them; none within the origin.
    pub dropped: BTreeSet<(Part, String)>,
    /// Whether the credentials are added anew, because they are bound to the target's origin too, or can be if a server
    /// names the origins.
    pub is_authorized: bool,
}

impl ExplainedRedirect {
    /// Explains a redirect of a request to which `explained` was added.
    pub fn of(
        credentials: &crate::Credentials,
        explained: &Explained,
        from: &Url,
        target: &Url,
    ) -> Self {
        let refusal = refusal(from, target);
        let leaves = refusal.is_none() && !same_origin(from, target);
        let usual = USUAL.iter().map(|name| (Part::Header, name.to_string()));
        let dropped = usual.chain(all(explained)).filter(|_| leaves).collect();
        let can_be_bound = |uri: &Uri| {
            credentials.origins().allows(uri)
                || (credentials.discovers_origins() && Origins::can_be_named(uri))
        };
        let is_bound = uri(target).is_ok_and(|uri| can_be_bound(&uri));
        Self { refusal, dropped, is_authorized: refusal.is_none() && is_bound }
    }
}

/// Returns the names that the provider sets, or any provider of a chain.
fn all(explained: &Explained) -> Vec<(Part, String)> {
    let links = explained.links.iter().flat_map(all);
    explained.places.iter().cloned().chain(links).collect()
}

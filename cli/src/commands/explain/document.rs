//! The JSON of `explain`.

use std::collections::BTreeSet;

use authn::{Explained, Part, Url, config::Setting, private::sorted};
use serde::Serialize;

use super::{
    reading::Reading,
    verdict::{Sent, Verdict},
};
use crate::commands::config::{
    claims::{self, Kind},
    document::{Place, ValueEntry},
};

/// The whole document.
#[derive(Serialize)]
pub(super) struct Document {
    /// Without user, password, query and fragment.
    pub(super) url: String,
    pub(super) method: String,
    credentials: Sent,
    /// Why they would not be sent, or what it depends on.
    pub(super) reason: Option<String>,
    pub(super) profile: Option<String>,
    profile_origin: Option<Place>,
    pub(super) other_profiles: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) origin_fits: bool,
    /// Whether a server names the origins, so that it is not known here whether that of the URL is one of them.
    pub(super) origins_discovered: bool,
    pub(super) provider: Option<String>,
    provider_origin: Option<Place>,
    /// The provider, or those of a chain in their order.
    pub(super) providers: Vec<Provider>,
    values: Vec<ValueEntry>,
    pub(super) touches: Vec<Touched>,
    pub(super) redirect: Option<Redirect>,
}

/// A provider that would be asked.
#[derive(Serialize)]
pub(super) struct Provider {
    pub(super) key: String,
    pub(super) applies: Applies,
    pub(super) reason: Option<String>,
    pub(super) sets: Vec<Name>,
    pub(super) needs_login: bool,
    pub(super) store: Option<String>,
    values: Vec<ValueEntry>,
}

/// Whether a provider applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Applies {
    Yes,
    No,
    Depends,
    /// One before it serves.
    NotAsked,
}

/// A name in a request.
#[derive(Serialize)]
pub(super) struct Name {
    pub(super) part: &'static str,
    pub(super) name: String,
}

/// Something outside of the configuration.
#[derive(Serialize)]
pub(super) struct Touched {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

/// What a redirect would do.
#[derive(Serialize)]
pub(super) struct Redirect {
    pub(super) url: String,
    /// Why it is not followed.
    pub(super) refusal: Option<String>,
    pub(super) dropped: Vec<Name>,
    /// Whether the credentials are added anew.
    pub(super) credentials: bool,
}

impl Document {
    pub(super) fn new(reading: &Reading<'_>) -> Self {
        let verdict = verdict(reading);
        let (mut providers, mut asked) = (Vec::new(), Vec::new());
        list(reading, &reading.explained, &mut false, &mut providers, &mut asked);
        let can_be_sent = reading.is_bound || reading.depends_on_discovery;
        let touches = if can_be_sent { touches(reading, &asked) } else { Vec::new() };
        Self {
            url: bare(reading.url),
            method: reading.method.to_string(),
            credentials: verdict.sent,
            reason: verdict.reason,
            profile: reading.config.profile().map(str::to_owned),
            profile_origin: reading.config.profile_provenance().map(Place::of),
            other_profiles: reading.other_profiles.clone(),
            origins: reading.origins.clone(),
            origin_fits: reading.is_bound,
            origins_discovered: reading.depends_on_discovery,
            provider: reading.config.provider().map(str::to_owned),
            provider_origin: reading.config.provider_provenance().map(Place::of),
            providers,
            values: reading.common_values().map(ValueEntry::of).collect(),
            touches,
            redirect: reading.redirect.as_ref().map(|(target, redirect)| Redirect {
                url: bare(target),
                refusal: redirect.refusal.map(str::to_owned),
                dropped: redirect.dropped.iter().map(Name::of).collect(),
                credentials: redirect.is_authorized,
            }),
        }
    }

    /// Returns whether credentials would be sent, to the URL or after the redirect.
    pub(super) fn sends(&self) -> Sent {
        match &self.redirect {
            Some(redirect) if redirect.credentials && self.credentials == Sent::No => Sent::Depends,
            _ => self.credentials,
        }
    }
}

fn verdict(reading: &Reading<'_>) -> Verdict {
    if reading.is_bound {
        return Verdict::of(&reading.explained);
    }
    if reading.depends_on_discovery {
        return Verdict::of(&reading.explained).if_discovered();
    }
    Verdict::no(if reading.origins.is_empty() {
        "the credentials are bound to no origin"
    } else {
        "the credentials are not for this origin"
    })
}

/// Adds a provider, or those of a chain in place of it. `ended` is whether one before it serves.
fn list<'a>(
    reading: &Reading<'_>,
    explained: &'a Explained,
    ended: &mut bool,
    providers: &mut Vec<Provider>,
    asked: &mut Vec<&'a Explained>,
) {
    if !explained.links.is_empty() {
        return explained
            .links
            .iter()
            .for_each(|link| list(reading, link, ended, providers, asked));
    }
    let verdict = Verdict::of(explained);
    let applies = match verdict.sent {
        _ if *ended => Applies::NotAsked,
        Sent::Yes => Applies::Yes,
        Sent::No => Applies::No,
        Sent::Depends => Applies::Depends,
    };
    if !*ended {
        asked.push(explained);
    }
    *ended |= verdict.ends_chain(explained);
    providers.push(Provider {
        key: explained.key.clone(),
        applies,
        reason: verdict.reason.filter(|_| applies != Applies::NotAsked),
        sets: explained.places.iter().map(Name::of).collect(),
        needs_login: explained.needs_login,
        store: explained.store.clone(),
        values: reading.values_of(&explained.key).map(ValueEntry::of).collect(),
    });
}

/// Returns what the providers that are asked would read, run or contact.
fn touches(reading: &Reading<'_>, asked: &[&Explained]) -> Vec<Touched> {
    let http = reading.common_values().filter(|setting| setting.key == "http.ca_file");
    let values = asked.iter().flat_map(|asked| reading.values_of(&asked.key)).chain(http);
    let mut named: BTreeSet<(Kind, String)> = sorted(values.flat_map(named));
    named.extend(asked.iter().flat_map(|asked| &asked.touches).filter_map(|touched| {
        Some(match touched {
            authn::provider::Touched::Server(address) => (Kind::Server, address.clone()),
            authn::provider::Touched::Variable(name) => (Kind::Variable, name.clone()),
            authn::provider::Touched::File(path) => (Kind::File, path.clone()),
            _ => return None,
        })
    }));
    let mut touches: Vec<Touched> =
        named.into_iter().map(|(kind, name)| Touched { kind: kind.word(), name }).collect();
    touches.extend(reading.proxy.clone().map(|name| Touched { kind: "proxy", name }));
    let stores: BTreeSet<&String> = sorted(asked.iter().filter_map(|asked| asked.store.as_ref()));
    touches.extend(stores.into_iter().filter(|name| *name != "memory").map(|name| Touched {
        kind: "store",
        name: reading.place_of_store(name).unwrap_or_else(|| name.clone()),
    }));
    touches
}

fn named(setting: &Setting) -> Vec<(Kind, String)> {
    let mut names = claims::names(setting);
    names.retain(|(kind, _)| !matches!(kind, Kind::Profile | Kind::Origin));
    names
}

impl Name {
    fn of((part, name): &(Part, String)) -> Self {
        let part = match part {
            Part::Query => "query",
            Part::Body => "body",
            _ => "header",
        };
        Self { part, name: name.clone() }
    }
}

/// Returns a URL without the parts that may be secret.
fn bare(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

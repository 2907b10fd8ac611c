//! The table of `explain`.

use authn::config::Setting;

use super::{
    document::{Applies, Document, Name, Redirect},
    reading::Reading,
};
use crate::{
    commands::config::{place::Places, shown},
    output::Output,
    style::{Table, or_dash, plain},
};

pub(super) fn table(document: &Document, reading: &Reading<'_>, output: &Output) -> Table {
    let places = Places::new(reading.config, output);
    let mut table = Table::new(&["PART", "NAME", "DETAIL"]).breaking("DETAIL");
    let mut row = |part: &str, name: String, detail: Option<String>| {
        table.row([part.to_owned(), plain(&name), or_dash(detail.map(|detail| plain(&detail)))]);
    };
    row("request", format!("{} {}", document.method, document.url), None);
    row("credentials", document.sends().words().to_owned(), document.reason.clone());
    let because = |provenance| places.provenance(provenance);
    let profile = document.profile.clone().unwrap_or_else(|| "none".to_owned());
    row("profile", profile, reading.config.profile_provenance().map(because));
    for other in &document.other_profiles {
        row("profile", other.clone(), Some("not active, but for this URL too".to_owned()));
    }
    for origin in &document.origins {
        let detail = (!document.origin_fits).then(|| "not that of the URL".to_owned());
        row("origin", origin.clone(), detail);
    }
    if document.origins_discovered {
        row(
            "origin",
            "discovered".to_owned(),
            Some("named by the server in an exchange".to_owned()),
        );
    }
    let provider = document.provider.clone().unwrap_or_else(|| "none".to_owned());
    row("provider", provider, reading.config.provider_provenance().map(because));
    for setting in reading.common_values() {
        row("value", setting.key.clone(), Some(value(setting, &places)));
    }
    for provider in &document.providers {
        let detail = match (provider.applies, &provider.reason) {
            (Applies::Yes, _) => "applies".to_owned(),
            (Applies::NotAsked, _) => "not asked, because one before it serves".to_owned(),
            (Applies::No, reason) => format!("does not apply: {}", or_dash(reason.clone())),
            (Applies::Depends, reason) => or_dash(reason.clone()),
        };
        row("provider", provider.key.clone(), Some(detail));
        for name in &provider.sets {
            row("sets", named(name), None);
        }
        for setting in reading.values_of(&provider.key) {
            row("value", setting.key.clone(), Some(value(setting, &places)));
        }
    }
    for touched in &document.touches {
        row("touches", touched.name.clone(), Some(touched.kind.to_owned()));
    }
    if let Some(redirect) = &document.redirect {
        row("redirect", redirect.url.clone(), Some(about(redirect, document.origins_discovered)));
        for name in &redirect.dropped {
            row("redirect", named(name), Some("dropped".to_owned()));
        }
    }
    table
}

fn about(redirect: &Redirect, is_discovered: bool) -> String {
    match (&redirect.refusal, redirect.credentials) {
        (Some(refusal), _) => format!("not followed: {refusal}"),
        (None, true) if is_discovered => {
            "followed, and the credentials are added anew if discovery names its origin".to_owned()
        }
        (None, true) => "followed, and the credentials are added anew".to_owned(),
        (None, false) => "followed without credentials".to_owned(),
    }
}

fn value(setting: &Setting, places: &Places) -> String {
    format!("{} from {}", shown(setting), places.of(setting, true))
}

fn named(name: &Name) -> String {
    format!("{} {}", name.part, name.name)
}

//! The JSON of `providers`: a list, even for one provider.

use authn::Entry;
use serde::Serialize;

use super::table;
use crate::{
    app::App,
    commands::options::document::{OptionDocument, options},
};

/// One provider.
#[derive(Serialize)]
pub(super) struct Provider {
    name: &'static str,
    summary: String,
    #[serde(rename = "crate")]
    package: &'static str,
    location: String,
    options: Vec<OptionDocument>,
}

pub(super) fn of(entries: &[&Entry], app: &App) -> Vec<Provider> {
    let provider = |entry: &&Entry| {
        let location = entry.location();
        Provider {
            name: entry.name(),
            summary: entry.summary(),
            package: location.package,
            location: format!("{}:{}", location.file, location.line),
            options: options(&table(entry), app),
        }
    };
    entries.iter().map(provider).collect()
}

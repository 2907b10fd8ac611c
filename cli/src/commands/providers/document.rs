//! The JSON of `providers`: a list, even for one provider.

use authn::{Entry, View, options::Kind};
use serde::Serialize;

use super::variable;
use crate::app::App;

/// One provider.
#[derive(Serialize)]
pub(super) struct Provider {
    name: &'static str,
    summary: String,
    #[serde(rename = "crate")]
    package: &'static str,
    location: String,
    options: Vec<ProviderOption>,
}

/// One of its options.
#[derive(Serialize)]
struct ProviderOption {
    name: String,
    r#type: String,
    required: bool,
    default: Option<View>,
    secret: bool,
    doc: String,
    env: String,
}

pub(super) fn of(entries: &[&Entry], app: &App) -> Vec<Provider> {
    let provider = |entry: &&Entry| {
        let options = entry.options().into_iter().map(|(path, field)| ProviderOption {
            env: variable(app, entry, &path),
            name: path,
            r#type: field.value_type().name(),
            required: field.is_required(),
            default: field.default(),
            secret: field.kind() == Kind::Secret,
            doc: field.doc(),
        });
        let location = entry.location();
        Provider {
            name: entry.name(),
            summary: entry.summary(),
            package: location.package,
            location: format!("{}:{}", location.file, location.line),
            options: options.collect(),
        }
    };
    entries.iter().map(provider).collect()
}

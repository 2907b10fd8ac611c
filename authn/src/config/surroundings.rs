//! Which variables of the environment commands don't get, because they carry a secret of a configuration.

use std::collections::BTreeMap;

use super::{
    build::Reporter,
    layers::merge::Part,
    visibility::{Visibility, variable},
};
use crate::{
    Environment, Registry,
    diagnostic::Provenance,
    options::{Item, Value},
    process::Surroundings,
};

/// The tables that contain options, as they are in the names of variables, for any application.
const TABLES: [&str; 4] = ["CREDENTIALS__", "PROFILE__", "STORES__", "HTTP__"];

/// Returns what commands get of the environment.
pub(super) fn surroundings(reporter: &Reporter<'_>, environment: &Environment) -> Surroundings {
    let variables = Variables::of(reporter.parts, reporter.registry);
    let token = format!("{}TOKEN", reporter.loader.prefix());
    let surroundings = Surroundings::of(environment, |name| {
        let name = name.to_string_lossy();
        match variables.0.get(&*name) {
            Some(is_secret) => *is_secret,
            None => name == token || may_be_secret(&name),
        }
    });
    if reporter.loader.is_unattended { surroundings.unattended() } else { surroundings }
}

/// Returns whether a variable that no layer has read can contain a secret: of another application, of a profile or an
/// option that does not exist, or of a client of H2O Cloud.
fn may_be_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    name == "AUTHN_TOKEN"
        || TABLES.iter().any(|table| name.contains(table))
        || (name.starts_with("H2O_CLOUD_CLIENT_") && name.ends_with("_TOKEN"))
}

/// The variables that the configuration has read or refers to, and whether they carry a secret. It includes profiles
/// that are not active.
struct Variables(BTreeMap<String, bool>);

impl Variables {
    fn of(parts: &[Part], registry: &Registry) -> Self {
        let mut variables = Self(BTreeMap::new());
        let top = Visibility::top(registry);
        // A file that is not trusted has no effect here either.
        for part in parts.iter().filter(|part| !part.withheld) {
            // A profile that is not active is below a key of its own.
            let inactive = part.values.get("profile").and_then(Item::as_table);
            let values = inactive.filter(|_| part.inactive).unwrap_or(&part.values);
            for (_, item, at) in top.within(values) {
                variables.note(item, at);
            }
        }
        variables
    }

    fn note(&mut self, item: &Item, at: Visibility<'_>) {
        if at.is_whole() && at.reference(item).is_some() {
            self.0.extend(variable(item).map(|name| (name, true)));
        } else if matches!(item.value, Value::Table(_) | Value::Array(_)) {
            at.below(item).into_iter().for_each(|(_, item, below)| self.note(item, below));
        } else if let Provenance::Environment { name } = &item.provenance {
            *self.0.entry(name.clone()).or_default() |= !at.is_shown_in_full(item);
        }
    }
}

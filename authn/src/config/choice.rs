//! Which provider is in force.

use super::{Source, SourceState, build::Notes, project};
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance, nearest},
    options::{Entries, Field, Item, Key, Options as _},
    registry::Entry,
    request::binding::Binding,
};

/// The variable by which an app service says that requests bring their tokens.
const APP_SERVICE: &str = "APP_SERVICE_TS";

/// The name of a provider, and where it is named.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) origin: Provenance,
}

/// Finds the provider: the highest part that names one wins, by `provider` or by having its table.
///
/// With nothing configured, an app service's environment chooses `app_service`.
pub(crate) fn choose(
    notes: &Notes<'_>,
    environment: &Environment,
    sources: &[Source],
) -> Option<Choice> {
    let mut has_credentials = false;
    for part in notes.parts.iter().rev().filter(|part| part.counts()) {
        let credentials = part.values.get("credentials").and_then(Item::as_table);
        let Some(entries) = credentials else { continue };
        has_credentials = true;
        if let Some(named) = entries.get("provider")
            && let Some(name) = named.as_text()
        {
            return Some(Choice { name: name.to_owned(), origin: named.origin.clone() });
        }
        let tables: Vec<(&String, &Item)> =
            entries.iter().filter(|(name, item)| is_provider(notes, name, item)).collect();
        match tables.as_slice() {
            [] => {}
            [(name, item)] => {
                return Some(Choice { name: (*name).clone(), origin: item.origin.clone() });
            }
            [_, (_, second), ..] => {
                let names: Vec<String> =
                    tables.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message = format!("one source has the tables of {}", names.join(" and "));
                let problem = Problem::error(ProblemCode::TwoProviders, message)
                    .with_key("credentials")
                    .with_help("say which with `provider = \"NAME\"` in `[credentials]`");
                notes.note(problem, Some(second), false);
                return None;
            }
        }
    }
    if environment.get(APP_SERVICE).is_some() {
        let origin = Provenance::Environment { name: APP_SERVICE.to_owned() };
        return Some(Choice { name: "app_service".to_owned(), origin });
    }
    if sources.iter().any(|source| source.state == SourceState::Failed) {
        // It stands in what can't be read, as like as not; that is told already.
        return None;
    }
    let linked: Vec<&str> = notes.registry.iter().map(Entry::name).collect();
    let problem = if has_credentials {
        let linked = linked.join(", ");
        Problem::error(ProblemCode::NoProvider, "no provider is configured")
            .with_key("credentials")
            .with_help(format!("add a table like `[credentials.oauth]`; linked are {linked}"))
    } else {
        Problem::error(ProblemCode::NoCredentials, "no credentials are configured")
            .with_help("`authn config init PROVIDER` writes a configuration to start from")
    };
    let mut problems = notes.problems.borrow_mut();
    let problem = match project::way_out(&problems) {
        Some(help) => problem.with_help(help),
        None => problem,
    };
    problems.push(problem);
    None
}

/// A table beside the options of `[credentials]` is a provider's, linked or not; a bare value is one if
/// such a provider is linked.
fn is_provider(notes: &Notes<'_>, name: &str, item: &Item) -> bool {
    !Binding::FIELDS.iter().any(|field| field.key() == name)
        && (item.as_table().is_some() || notes.registry.get(name).is_some())
}

/// Notes the keys of `[credentials]` that are neither its options nor providers.
pub(crate) fn unknown_keys(notes: &Notes<'_>, entries: &Entries) {
    for (name, item) in entries {
        let options = Binding::FIELDS.iter().map(Field::key);
        if options.clone().any(|key| key == name) || is_provider(notes, name, item) {
            continue;
        }
        let candidates = options.chain(notes.registry.iter().map(Entry::name));
        let problem = Problem::error(ProblemCode::UnknownKey, "unknown key")
            .with_key(Key::new(&["credentials", name]));
        let help = match nearest(name, candidates) {
            Some(near) => &*format!("did you mean `{near}`?"),
            None => "remove it; a provider's options stand in a table of its own",
        };
        notes.note(problem.with_help(help), Some(item), true);
    }
}

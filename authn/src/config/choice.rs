//! Chooses the active provider.

use super::{Source, SourceState, build::Reporter, project};
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance, Severity, nearest, shortened},
    options::{Entries, Field, Item, Key, Options as _},
    registry::Entry,
    request::binding::Binding,
};

/// The variable that an app service sets if requests carry their tokens.
const APP_SERVICE: &str = "APP_SERVICE_TS";

/// The name of the chosen provider, and where it is named.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) provenance: Provenance,
}

/// Chooses the provider. The highest part that names a provider wins, by the option `provider` or by a provider's table.
///
/// If no part names a provider, the environment of an app service chooses `app_service`. `inactive` are the profiles if none
/// is active.
pub(crate) fn choose(
    reporter: &Reporter<'_>,
    environment: &Environment,
    sources: &[Source],
    inactive: &[String],
) -> Option<Choice> {
    let mut has_credentials = false;
    for part in reporter.parts.iter().rev().filter(|part| part.is_active()) {
        let credentials = part.values.get("credentials").and_then(Item::as_table);
        let Some(entries) = credentials else { continue };
        has_credentials = true;
        if let Some(named) = entries.get("provider")
            && let Some(name) = named.as_text()
        {
            return Some(Choice { name: name.to_owned(), provenance: named.provenance.clone() });
        }
        let tables: Vec<(&String, &Item)> =
            entries.iter().filter(|(name, item)| is_provider(reporter, name, item)).collect();
        match tables.as_slice() {
            [] => {
                // It names a provider by its shorthand, such as one of a crate that is not linked.
                let stray = entries.iter().find(|(name, item)| is_stray(reporter, name, item));
                if let Some((name, item)) = stray {
                    return Some(Choice {
                        name: name.clone(),
                        provenance: item.provenance.clone(),
                    });
                }
            }
            [(name, item)] => {
                return Some(Choice { name: (*name).clone(), provenance: item.provenance.clone() });
            }
            [(first, _), (_, second), ..] => {
                let names: Vec<String> =
                    tables.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message =
                    format!("one source has the tables of {}", shortened(&names.join(" and ")));
                let problem = Problem::error(ProblemCode::TwoProviders, message)
                    .with_key("credentials")
                    .with_help(format!(
                        "choose one in `[credentials]`, such as `provider = {:?}`",
                        shortened(first)
                    ));
                reporter.report(problem, Some(second), false);
                return None;
            }
        }
    }
    if environment.path(APP_SERVICE).is_some() {
        let provenance = Provenance::Environment { name: APP_SERVICE.to_owned() };
        return Some(Choice { name: "app_service".to_owned(), provenance });
    }
    let has_errors = || {
        let problems = reporter.problems.borrow();
        problems.iter().any(|problem| problem.severity() == Severity::Error)
    };
    if sources.iter().any(|source| source.state == SourceState::Failed) && has_errors() {
        // The unreadable source probably names the provider, and its failure is reported already. That of a project that is
        // not trusted is a warning, and the source has no provider to name.
        return None;
    }
    let linked: Vec<&str> = reporter.registry.iter().map(Entry::name).collect();
    let choose = (!inactive.is_empty()).then(|| {
        let names = inactive.join(", ");
        let names = shortened(&names);
        let variable = reporter.loader.variable("profile");
        format!(
            "choose a profile with `--profile NAME`, the variable {variable}, or `default_profile = \"NAME\"` at the top of \
             your configuration; the profiles are {names}"
        )
    });
    let problem = if let Some(choose) = choose {
        let (code, message) = if has_credentials {
            (
                ProblemCode::NoProvider,
                "no profile is active, and no provider is configured for all of them",
            )
        } else {
            (
                ProblemCode::NoCredentials,
                "no profile is active, and there are no credentials outside of profiles",
            )
        };
        let problem = Problem::error(code, message).with_help(choose);
        if has_credentials { problem.with_key("credentials") } else { problem }
    } else if has_credentials {
        let linked = linked.join(", ");
        Problem::error(ProblemCode::NoProvider, "no provider is configured")
            .with_key("credentials")
            .with_help(format!(
                "add a table such as `[credentials.oauth]`; linked providers: {linked}"
            ))
    } else {
        let command = reporter.loader.command_line("config init PROVIDER");
        Problem::error(ProblemCode::NoCredentials, "no credentials are configured")
            .with_help(format!("`{command}` writes a configuration to start from"))
    };
    let mut problems = reporter.problems.borrow_mut();
    let problem = match project::trust_help(&problems) {
        Some(help) => problem.with_help(help),
        None => problem,
    };
    problems.push(problem);
    None
}

/// Returns whether a key of `[credentials]` names a provider. A table that is not an option belongs to a provider, linked
/// or not. Any other value does only if a provider of that name is linked.
fn is_provider(reporter: &Reporter<'_>, name: &str, item: &Item) -> bool {
    !Binding::FIELDS.iter().any(|field| field.key() == name)
        && (item.as_table().is_some() || reporter.registry.get(name).is_some())
}

/// Returns whether a key of `[credentials]` with a text is neither an option nor a linked provider, nor looks like an option.
fn is_stray(reporter: &Reporter<'_>, name: &str, item: &Item) -> bool {
    let options = || Binding::FIELDS.iter().map(Field::key);
    let near = || nearest(name, options().chain(reporter.registry.iter().map(Entry::name)));
    item.as_text().is_some()
        && !options().any(|key| key == name)
        && near().is_none_or(|near| reporter.registry.get(near).is_some())
}

/// Reports the keys of `[credentials]` that are neither options nor providers.
pub(crate) fn report_unknown_keys(
    reporter: &Reporter<'_>,
    chosen: Option<&str>,
    entries: &Entries,
) {
    for (name, item) in entries {
        let options = Binding::FIELDS.iter().map(Field::key);
        if options.clone().any(|key| key == name)
            || chosen == Some(name)
            || is_provider(reporter, name, item)
        {
            continue;
        }
        let candidates = options.chain(reporter.registry.iter().map(Entry::name));
        let problem = Problem::error(ProblemCode::UnknownKey, "unknown key")
            .with_key(Key::new(&["credentials", name]));
        let near = if reporter.explains() { nearest(name, candidates) } else { None };
        let help = match near {
            Some(near) => &*format!("did you mean `{near}`?"),
            None => "remove it, or move it into the table of its provider",
        };
        reporter.report(problem.with_help(help), Some(item), true);
    }
}

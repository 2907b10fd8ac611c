//! Chooses the active provider.

use super::{
    Source, SourceState,
    build::{Build, Reporter},
    misplaced, project,
};
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance, Severity, nearest, shortened},
    options::{Entries, Item, Key, Options as _, report_unknown_key},
    registry::Entry,
    request::binding::Binding,
};

/// The variable that an app service sets if requests carry their tokens.
const APP_SERVICE: &str = "APP_SERVICE_TS";

/// The name of the chosen provider, and where it is named.
pub(crate) struct Choice {
    pub(crate) name: String,
    /// The key that names it.
    pub(crate) key: Key,
    /// An empty table at the place of its name.
    pub(crate) item: Item,
}

impl Choice {
    fn new(name: &str, key: &str, provenance: Provenance) -> Self {
        let item = Item { provenance, ..Item::empty_table() };
        Self { name: name.to_owned(), key: Key::new(&["credentials", key]), item }
    }

    fn at(name: &str, key: &str, named: &Item) -> Self {
        let choice = Self::new(name, key, named.provenance.clone());
        Self { item: Item { span: named.span.clone(), ..choice.item }, ..choice }
    }
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
            return Some(Choice::at(name, "provider", named));
        }
        let tables: Vec<(&String, &Item)> =
            entries.iter().filter(|(name, item)| is_provider(reporter, name, item)).collect();
        match tables.as_slice() {
            [] => {
                // It names a provider by its shorthand, such as one of a crate that is not linked.
                let stray = entries.iter().find(|(name, item)| is_stray(reporter, name, item));
                if let Some((name, item)) = stray {
                    return Some(Choice::at(name, name, item));
                }
            }
            [(name, item)] => {
                return Some(Choice::at(name, name, item));
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
        return Some(Choice::new("app_service", "app_service", provenance));
    }
    if lacks_source(&reporter.problems.borrow(), sources) {
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
        Problem::error(ProblemCode::NoProvider, "`[credentials]` has no table of a provider")
            .with_key("credentials")
            .with_help(format!(
                "add a table such as `[credentials.oauth]`; the providers of this program: {linked}"
            ))
    } else {
        let command = reporter.loader.command_line("config init PROVIDER");
        Problem::error(ProblemCode::NoCredentials, "no source has a table `[credentials]`")
            .with_help(format!(
                "`{command}` prints a configuration to start from; `--write` makes it your file"
            ))
    };
    let mut problems = reporter.problems.borrow_mut();
    let problem = match project::trust_help(&problems) {
        Some(help) => problem.with_help(help),
        None => problem,
    };
    problems.push(problem);
    None
}

/// Returns whether a source or a profile can't be used, and that is reported already. It probably sets what is missing. The
/// failure of a project that is not trusted is a warning, and its file has no provider to name.
pub(crate) fn lacks_source(problems: &[Problem], sources: &[Source]) -> bool {
    let mut errors = problems.iter().filter(|problem| problem.severity() == Severity::Error);
    let has_failed = sources.iter().any(|source| source.state == SourceState::Failed);
    errors.any(|problem| {
        has_failed
            || matches!(problem.code(), ProblemCode::NoSuchFile | ProblemCode::UnknownProfile)
            || problem.key() == Some("default_profile")
    })
}

/// Returns whether a key of `[credentials]` names a provider. A table that is not an option belongs to a provider, linked
/// or not, unless it is one of another place. Any other value does only if a provider of that name is linked.
fn is_provider(reporter: &Reporter<'_>, name: &str, item: &Item) -> bool {
    let is_unlinked = || {
        let key = Key::new(&["credentials", name]);
        item.as_table().is_some()
            && misplaced::elsewhere(reporter.registry, None, &key, item).is_none()
    };
    !Binding::FIELDS.iter().any(|field| field.key() == name)
        && (reporter.registry.get(name).is_some() || is_unlinked())
}

/// Returns whether a key of `[credentials]` with a text is neither an option nor a linked provider, nor looks like an option
/// of this table or another.
fn is_stray(reporter: &Reporter<'_>, name: &str, item: &Item) -> bool {
    let key = Key::new(&["credentials", name]);
    let near = || misplaced::near(reporter.registry, &key);
    item.as_text().is_some()
        && !Binding::FIELDS.iter().any(|field| field.key() == name)
        && misplaced::elsewhere(reporter.registry, None, &key, item).is_none()
        && near().is_none_or(|near| reporter.registry.get(near).is_some())
}

/// Reports the keys of `[credentials]` that are neither options nor linked providers. The table of a provider that is not
/// linked is a warning: another program that reads the same file may have it.
pub(crate) fn report_unknown_keys(build: &Build<'_>, entries: &Entries) {
    let reporter = build.reporter;
    for (name, item) in entries {
        let is_option = Binding::FIELDS.iter().any(|field| field.key() == name);
        if is_option || build.chosen == Some(name) {
            continue;
        }
        let key = Key::new(&["credentials", name]);
        if !is_provider(reporter, name, item) {
            report_unknown_key(build, &key, item);
        } else if reporter.registry.get(name).is_none() && build.chosen.is_some() {
            let mut problem = reporter.registry.unknown(name).with_key(key);
            problem.make_warning();
            let linked = reporter.registry.iter().map(Entry::name);
            let near = if reporter.explains() { nearest(name, linked) } else { None };
            let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            let help = format!(
                "{near}remove the table, unless another program that reads it has the provider"
            );
            let problem = problem.and(", so its table has no effect").with_help(help);
            reporter.report(problem, Some(item), false);
        }
    }
}

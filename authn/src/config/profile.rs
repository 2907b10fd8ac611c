//! Chooses the active profile, and lists the profiles that are defined.

use std::collections::BTreeSet;

use super::{layers::Layer, project};
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance, nearest, shortened},
    sorted::sorted,
};

/// Chooses the profile: the one that the caller asks for, else the variable's, else the highest `default_profile`. Returns what
/// chooses it, too.
pub(crate) fn choose(
    asked: Option<&str>,
    variable: &str,
    layers: &mut [Layer],
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<(String, Provenance)> {
    if asked.is_none()
        && let Some(problem) = environment.not_utf8(variable)
    {
        problems.push(problem);
    }
    let named = asked.or_else(|| environment.get(variable));
    for problem in drop_untrusted_choice(layers, problems) {
        // An explicit choice overrides the project's file, so its ignored choice doesn't matter.
        if named.is_none() {
            problems.push(problem);
        }
    }
    let (name, provenance) = if let Some(name) = asked {
        (name.to_owned(), Provenance::Flag { name: "--profile".to_owned() })
    } else if let Some(name) = named {
        (name.to_owned(), Provenance::Environment { name: variable.to_owned() })
    } else {
        let item = layers.iter().rev().find_map(|layer| layer.base.get("default_profile"))?;
        let Some(name) = item.as_text() else {
            let message = format!("expected a text, found {}", item.found());
            let problem = Problem::error(ProblemCode::WrongType, message)
                .with_provenance(item.provenance.clone());
            let help = "write the name of a profile in quotes";
            problems.push(problem.with_key("default_profile").with_help(help));
            return None;
        };
        (name.to_owned(), item.provenance.clone())
    };
    let known = defined(layers);
    if known.contains(&name) {
        return Some((name, provenance));
    }
    let is_withheld =
        layers.iter().any(|layer| layer.untrusted && layer.profiles.contains_key(&name));
    let help = match nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "define a profile as `[profile.NAME.credentials]`".to_owned(),
        None => format!("choose one of {}", shortened(&known.join(", "))),
    };
    let trust_help = project::trust_help(problems).filter(|_| is_withheld);
    let message = format!("no source defines the profile `{}`", shortened(&name).escape_debug());
    let problem = Problem::error(ProblemCode::UnknownProfile, message);
    let is_option = named.is_none();
    let problem = if is_option { problem.with_key("default_profile") } else { problem };
    problems.push(problem.with_provenance(provenance).with_help(trust_help.unwrap_or(help)));
    None
}

/// Removes from untrusted files each choice of a profile that they can't make, and returns a warning for each.
///
/// An untrusted file must not stop the user, nor override the choice of a lower source. The warning doesn't repeat the
/// file's value: the file may be a link to another file that must not be shown.
pub(crate) fn drop_untrusted_choice(layers: &mut [Layer], problems: &[Problem]) -> Vec<Problem> {
    let known = defined(layers);
    let mut dropped = Vec::new();
    for layer in layers.iter_mut().filter(|layer| layer.untrusted) {
        let Some(item) = layer.base.get("default_profile") else { continue };
        let name = item.as_text();
        if name.is_some_and(|name| known.iter().any(|known| known == name)) {
            continue;
        }
        let is_withheld = name.is_some_and(|name| layer.profiles.contains_key(name));
        let help = "define that profile in a file of your own, or choose another with `--profile`";
        let trust_help = project::trust_help(problems).filter(|_| is_withheld);
        let message = "the project's file chooses a profile that no other source defines, so its choice \
                       is ignored";
        let problem = Problem::warning(ProblemCode::UntrustedProfile, message)
            .with_key("default_profile")
            .with_provenance(item.provenance.clone())
            .with_help(trust_help.unwrap_or_else(|| help.to_owned()));
        dropped.push(problem);
        layer.base.remove("default_profile");
    }
    dropped
}

/// Returns the profiles that can be chosen, in alphabetical order.
pub(crate) fn defined(layers: &[Layer]) -> Vec<String> {
    let trusted = layers.iter().filter(|layer| !layer.untrusted);
    let names: BTreeSet<&String> = sorted(trusted.flat_map(|layer| layer.profiles.keys()));
    names.into_iter().cloned().collect()
}

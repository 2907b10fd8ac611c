//! Which profile is in force, and which there are.

use std::collections::BTreeSet;

use super::{Environment, Origin, Problem, key::nearest, layer::Layer, project};

/// Chooses the profile: the one that is asked for, else the variable's, else the highest `default_profile`.
///
/// What is wrong with an untrusted file's choice is a warning, and no profile is chosen: nothing of such a
/// file may stop anybody.
pub(crate) fn choose(
    asked: Option<&str>,
    variable: &str,
    layers: &[Layer],
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let (name, origin, untrusted) = if let Some(name) = asked {
        (name.to_owned(), Origin::Flag { name: "--profile".to_owned() }, false)
    } else if let Some(name) = environment.get(variable) {
        (name.to_owned(), Origin::Environment { name: variable.to_owned() }, false)
    } else {
        let (item, untrusted) = layers
            .iter()
            .rev()
            .find_map(|layer| Some((layer.base.get("default_profile")?, layer.untrusted)))?;
        let Some(name) = item.as_text() else {
            let problem =
                Problem::error("wrong-type", format!("expected a text, found {}", item.found()))
                    .with_key("default_profile")
                    .with_origin(Some(item.origin.clone()))
                    .with_help("give the name of a profile in quotes");
            note(problem, untrusted, problems);
            return None;
        };
        (name.to_owned(), item.origin.clone(), untrusted)
    };
    let known = defined(layers);
    if known.contains(&name) {
        return Some(name);
    }
    let is_withheld =
        layers.iter().any(|layer| layer.untrusted && layer.profiles.contains_key(&name));
    let way_out = project::way_out(problems).filter(|_| is_withheld);
    let help = way_out.unwrap_or_else(|| {
        match (nearest(&name, known.iter().map(String::as_str)), known.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, true) => {
                "no profile is defined; write one as `[profile.NAME.credentials]`".to_owned()
            }
            (None, false) => format!("defined are {}", known.join(", ")),
        }
    });
    let problem = Problem::error(
        "unknown-profile",
        format!("no source defines the profile `{}`", name.escape_debug()),
    )
    .with_key("default_profile")
    .with_origin(Some(origin))
    .with_help(help);
    note(problem, untrusted, problems);
    None
}

fn note(mut problem: Problem, untrusted: bool, problems: &mut Vec<Problem>) {
    if untrusted {
        problem.soften();
    }
    problems.push(problem);
}

/// Lists the profiles that can be chosen, in the order of the alphabet.
pub(crate) fn defined(layers: &[Layer]) -> Vec<String> {
    let trusted = layers.iter().filter(|layer| !layer.untrusted);
    let names: BTreeSet<&String> = trusted.flat_map(|layer| layer.profiles.keys()).collect();
    names.into_iter().cloned().collect()
}

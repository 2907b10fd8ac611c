//! The layer of environment variables, such as `AUTHN_CREDENTIALS__OAUTH__CLIENT_ID`. Values are taken verbatim.

use super::{Layer, LayerName, layer::too_deep};
use crate::{
    Environment,
    config::sections,
    diagnostic::{Problem, ProblemCode, Provenance, SHOWN, nearest, shortened},
    options::{Entries, Item, MAX_NESTING, insert, toml::check_nesting},
};

/// Variables with the prefix that set no option.
const RESERVED: [&str; 7] =
    ["CALLS", "CONFIG", "LOG", "LOG_FORMAT", "PASSED_ON", "PROFILE", "TOKEN"];

/// Reads the variables with a prefix such as `AUTHN_`. A variable that sets no option is a warning, unless it is below an
/// ignored table.
pub(crate) fn read(
    prefix: &str,
    environment: &Environment,
    ignored: &[&str],
    problems: &mut Vec<Problem>,
) -> Layer {
    let mut values = Entries::new();
    for (name, value) in environment.variables() {
        if !name.as_encoded_bytes().starts_with(prefix.as_bytes()) {
            continue;
        }
        let Some(name) = name.to_str() else {
            let provenance = Provenance::Environment { name: name.to_string_lossy().into() };
            let message = "the name of the variable is not UTF-8 text";
            let problem = Problem::error(ProblemCode::NotUtf8, message)
                .with_provenance(provenance)
                .with_help("unset it, and set one with a name in ASCII");
            problems.push(problem);
            continue;
        };
        let rest = &name[prefix.len()..];
        if RESERVED.contains(&rest) {
            continue;
        }
        let provenance = Provenance::Environment { name: name.to_owned() };
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        if ignored.iter().any(|table| table.to_lowercase() == path[0]) {
            continue;
        }
        if path.iter().any(String::is_empty) || !sections::keys().any(|key| key == path[0]) {
            let explains = problems.len() < SHOWN;
            problems.push(unknown_variable(prefix, name, rest, provenance, explains));
            continue;
        }
        let Some(value) = value.to_str() else {
            problems.extend(environment.not_utf8(name));
            continue;
        };
        if path.len() > MAX_NESTING || check_nesting(value, path.len()).is_err() {
            problems.push(too_deep(provenance));
            continue;
        }
        if let Err(other) = insert(&mut values, &path, Item::text(value, provenance.clone())) {
            let problem = Problem::error(
                ProblemCode::TwoValues,
                format!("{} sets the same option", other.provenance),
            )
            .with_key(path.join("."))
            .with_provenance(provenance)
            .with_help("unset one of the two");
            problems.push(problem);
        }
    }
    Layer::new(LayerName::Environment, values, problems)
}

fn unknown_variable(
    prefix: &str,
    name: &str,
    rest: &str,
    provenance: Provenance,
    explains: bool,
) -> Problem {
    let first = rest.split("__").next().unwrap_or(rest);
    let upper: Vec<String> = sections::keys().map(str::to_uppercase).collect();
    let candidates = RESERVED.into_iter().chain(upper.iter().map(String::as_str));
    let near = if explains { nearest(first, candidates) } else { None };
    let help = match near {
        _ if explains && rest.starts_with("CREDENTIALS_") && !rest.starts_with("CREDENTIALS__") => {
            format!("did you mean `{prefix}{}`?", rest.replacen("CREDENTIALS_", "CREDENTIALS__", 1))
        }
        Some(near) if near == first => {
            format!("separate keys with two underscores, such as `{prefix}CREDENTIALS__DOMAIN`")
        }
        Some(near) => format!("did you mean `{}`?", name.replacen(first, near, 1)),
        None => format!(
            "set options as `{prefix}CREDENTIALS__…`, or unset the variable if nothing else needs it"
        ),
    };
    let message = format!("the environment variable {} sets no option", shortened(name));
    Problem::warning(ProblemCode::UnknownVariable, message)
        .with_provenance(provenance)
        .with_help(help)
}

//! What may be written into a configuration file: options that exist, and secrets only as references.

use serde_json::Value as Json;

use crate::{
    Entry, Error, Registry, Result, View,
    config::{
        sections,
        visibility::{Place, Visibility},
    },
    diagnostic::nearest,
    options::{Field, Kind},
};

/// Fails if a key is no option, or if a value contains a secret.
pub(super) fn check(registry: &Registry, key: &str, path: &[String], value: &Json) -> Result<()> {
    let at = at(registry, path)?;
    if split(path).1.is_empty() {
        // A profile as a whole, or nothing.
        let Json::Object(entries) = value else { return Err(not_a_value(key)) };
        return entries.iter().try_for_each(|(part, value)| {
            let path: Vec<_> = path.iter().chain([part]).cloned().collect();
            check(registry, &path.join("."), &path, value)
        });
    }
    check_value(at, key, value)
}

/// Returns the full path of the secret that a path means, which can be that of a table with a shorthand; `None` if it means
/// none. Fails if the path is that of no option.
pub(super) fn secret(registry: &Registry, path: &[String]) -> Result<Option<Vec<String>>> {
    if let [above @ .., kind] = path
        && matches!(at(registry, above)?.place, Place::Secret)
    {
        let kinds: Vec<String> =
            registry.references().map(|(kind, _)| format!("`.{kind}`")).collect();
        let message = format!("`{}` refers to no secret: there is no `{kind}`", path.join("."));
        return Err(Error::configuration(message)
            .with_help(format!("end the key with one of {}", kinds.join(", "))));
    }
    let short = match at(registry, path)?.place {
        Place::Secret => return Ok(Some(path.to_vec())),
        Place::Provider(entry) => entry.shorthand(),
        Place::Options(fields) => fields.iter().find(|field| field.is_shorthand()),
        _ => None,
    };
    let short = short.filter(|field| field.kind() == Kind::Secret);
    Ok(short.map(|field| path.iter().cloned().chain([field.key().to_owned()]).collect()))
}

/// Returns what the schema knows about the value at a path. Fails if the path is that of no option.
pub(super) fn at<'r>(registry: &'r Registry, path: &[String]) -> Result<Visibility<'r>> {
    let (profile, options) = split(path);
    let mut at = Visibility::top(registry);
    for (index, part) in options.iter().enumerate() {
        let below = at.child(part);
        if matches!(below.place, Place::Unknown) {
            return Err(unknown(at, &path[..=profile + index], part));
        }
        at = below;
    }
    Ok(at)
}

/// Returns whether the table at a path is a group of options, and no value.
pub(super) fn is_group(registry: &Registry, path: &[String]) -> bool {
    let (_, options) = split(path);
    let at = options.iter().fold(Visibility::top(registry), |at, part| at.child(part));
    is_table(at.place)
}

pub(super) fn not_a_value(key: &str) -> Error {
    Error::configuration(format!("`{key}` can't have such a value"))
        .with_help("set it to a text, a number, a boolean, a list or a table")
}

fn is_table(place: Place<'_>) -> bool {
    !matches!(
        place,
        Place::Plain(_)
            | Place::Element(_)
            | Place::Secret
            | Place::Secrets
            | Place::Tables(_)
            | Place::Providers
    )
}

/// Returns the number of parts that name a profile, and the parts of the option.
fn split(path: &[String]) -> (usize, &[String]) {
    match path {
        [first, ..] if first == "profile" => (path.len().min(2), path.get(2..).unwrap_or_default()),
        _ => (0, path),
    }
}

fn check_value(at: Visibility<'_>, key: &str, value: &Json) -> Result<()> {
    let of_secret = || {
        Error::configuration(format!("`{key}` is a secret, which is not written into a file"))
            .with_help("refer to it, such as with `{ env = \"NAME\" }` or `{ file = \"/path\" }`")
    };
    match (at.place, value) {
        (_, Json::Null) => Err(not_a_value(key)),
        (Place::Secret, value) => match value {
            Json::Object(entries) if is_reference(at.registry, entries) => Ok(()),
            _ => Err(of_secret()),
        },
        (Place::Secrets, Json::Object(entries)) => {
            entries.iter().try_for_each(|(part, value)| check_value(at.child(part), key, value))
        }
        (_, Json::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check_value(at.child(&index.to_string()), key, value)),
        (Place::Secrets, _) => Err(of_secret()),
        (place, Json::Object(entries)) => entries.iter().try_for_each(|(part, value)| {
            let below = at.child(part);
            if !matches!(below.place, Place::Unknown) {
                return check_value(below, &format!("{key}.{part}"), value);
            }
            if is_table(place) {
                return Err(unknown(at, &[key.to_owned(), part.clone()], part));
            }
            Err(of_secret())
        }),
        (Place::Plain(_) | Place::Element(_), Json::String(text)) => {
            let is_shown = matches!(View::text(text), View::Text(shown) if shown == *text);
            if is_shown { Ok(()) } else { Err(of_secret()) }
        }
        (Place::Plain(_) | Place::Element(_), _) => Ok(()),
        (Place::Options(fields), value) if fields.iter().any(Field::is_shorthand) => {
            let mut of = fields.iter().filter(|field| field.is_shorthand());
            of.try_for_each(|field| check_value(at.child(field.key()), key, value))
        }
        // A text in the place of a table can be a shorthand for a secret.
        _ => Err(not_a_value(key)),
    }
}

fn is_reference(registry: &Registry, entries: &serde_json::Map<String, Json>) -> bool {
    let is_target = |value: &Json| match value {
        Json::String(_) => true,
        Json::Array(words) => words.iter().all(Json::is_string),
        _ => false,
    };
    entries.len() == 1
        && entries.iter().all(|(kind, target)| registry.is_reference(kind) && is_target(target))
}

fn unknown(above: Visibility<'_>, path: &[String], part: &str) -> Error {
    let fields = above.fields();
    let names = above.registry.iter().map(Entry::name).chain(sections::keys());
    let known = fields.iter().map(|field| field.key()).chain(names);
    let help = match nearest(part, known) {
        Some(name) => format!("write `{name}`"),
        None => "`config init` and `providers` list the options".to_owned(),
    };
    let key = path.join(".");
    Error::configuration(format!("there is no option `{key}`")).with_help(help)
}

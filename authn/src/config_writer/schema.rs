//! `Schema`: what may be written into a configuration file. Options that exist, and secrets only as references.

use std::slice;

use serde_json::Value as Json;

use crate::{
    Error, Loader, Registry, Result, View,
    config::{
        misplaced,
        visibility::{Place, Visibility},
    },
    diagnostic::shortened,
    options::{Key, Kind},
};

/// The first part of the key of an option in a profile.
const PROFILE: &str = "profile";

/// Most keys that a message names in place of a wrong one.
const MOST_MEANT: usize = 4;

/// The options that a file can set.
pub(super) struct Schema {
    pub(super) registry: Registry,
    /// Reads the configuration for which the file is written.
    loader: Loader,
}

impl Schema {
    pub(super) fn new(loader: &Loader) -> Result<Self> {
        Ok(Self { registry: loader.providers()?, loader: loader.clone() })
    }

    /// Fails if a key is no option, or if a value contains a secret.
    pub(super) fn check(&self, key: &str, path: &[String], value: &Json) -> Result<()> {
        let at = self.at(path)?;
        if split(path).1.is_empty() {
            // A profile as a whole, or nothing.
            let Json::Object(entries) = value else { return Err(not_a_value(key)) };
            return entries.iter().try_for_each(|(part, value)| {
                let path = below(path, part);
                self.check(&path.join("."), &path, value)
            });
        }
        self.check_value(at, path, value)
    }

    /// Returns the full path of the option that a value is for, which can be the one that a value in place of the table sets.
    pub(super) fn full(&self, path: Vec<String>, value: &Json) -> Vec<String> {
        let (_, options) = split(&path);
        let at = Visibility::at(&self.registry, options);
        match at.shorthand() {
            Some(field) if is_of_shorthand(at, value) => below(&path, field.key()),
            _ => path,
        }
    }

    /// Returns the full path of the secret that a path means, which can be that of a table with a shorthand; `None` if it means
    /// none. Fails if the path is that of no option.
    pub(super) fn secret(&self, path: &[String]) -> Result<Option<Vec<String>>> {
        if let [above @ .., kind] = path
            && self.find(above).is_ok_and(|at| matches!(at.place, Place::Secret))
        {
            let kinds: Vec<String> =
                self.registry.references().map(|(kind, _)| format!("`.{kind}`")).collect();
            let message = format!("`{}` refers to no secret: there is no `{kind}`", path.join("."));
            return Err(Error::configuration(message)
                .with_help(format!("end the key with one of {}", kinds.join(", "))));
        }
        let at = self.at(path)?;
        if matches!(at.place, Place::Secret) {
            return Ok(Some(path.to_vec()));
        }
        let short = at.shorthand().filter(|field| field.kind() == Kind::Secret);
        Ok(short.map(|field| below(path, field.key())))
    }

    /// Returns what the schema knows about the value at a path. Fails if the path is that of no option.
    pub(super) fn at(&self, path: &[String]) -> Result<Visibility<'_>> {
        self.find(path).map_err(|above| {
            if is_table(above.place) { self.unknown(path) } else { of_secret(path) }
        })
    }

    /// Returns what the schema knows about the value at a path. The error is the place that does not know a part of the path.
    fn find(&self, path: &[String]) -> Result<Visibility<'_>, Visibility<'_>> {
        split(path).1.iter().try_fold(Visibility::top(&self.registry), |at, part| {
            let child = at.child(part);
            if child.is_unknown() { Err(at) } else { Ok(child) }
        })
    }

    /// Returns whether the table at a path is a group of options, and no value.
    pub(super) fn is_group(&self, path: &[String]) -> bool {
        is_table(Visibility::at(&self.registry, split(path).1).place)
    }

    fn check_value(&self, at: Visibility<'_>, path: &[String], value: &Json) -> Result<()> {
        let key = || Key::new(path).to_string();
        let each = |part: &str, value| self.check_value(at.child(part), path, value);
        match (at.place, value) {
            (_, Json::Null) => Err(not_a_value(&key())),
            (Place::Secret, value) => match value {
                Json::Object(entries) if is_reference(&self.registry, entries) => Ok(()),
                _ => Err(of_secret(path)),
            },
            (_, value)
                if let Some(field) = at.shorthand()
                    && is_of_shorthand(at, value) =>
            {
                each(field.key(), value)
            }
            (Place::Secrets, Json::Object(entries)) => {
                entries.iter().try_for_each(|(part, value)| each(part, value))
            }
            (_, Json::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| each(&index.to_string(), value)),
            (Place::Secrets, _) => Err(of_secret(path)),
            (place, Json::Object(entries)) => entries.iter().try_for_each(|(part, value)| {
                let (child, full) = (at.child(part), below(path, part));
                match child.is_unknown() {
                    false => self.check_value(child, &full, value),
                    true if is_table(place) => Err(self.unknown(&full)),
                    true => Err(of_secret(path)),
                }
            }),
            (Place::Plain(_) | Place::Element(_) | Place::Argument, Json::String(text)) => {
                let is_shown = matches!(View::text(text), View::Text(shown) if shown == *text);
                if is_shown { Ok(()) } else { Err(of_secret(path)) }
            }
            (Place::Plain(_) | Place::Element(_) | Place::Argument, _) => Ok(()),
            // A text in the place of a table can be a secret.
            _ => Err(not_a_value(&key())),
        }
    }

    /// Returns the error of a path that is that of no option.
    fn unknown(&self, path: &[String]) -> Error {
        let (profile, options) = split(path);
        let config = self.loader.clone().explaining().read();
        let meant = |path: &[String]| misplaced::meant(&self.registry, config.provider(), path);
        let (meant, ending) = match (meant(options), options) {
            // The table of a provider can stand for a secret, and then the kind of a reference follows it.
            (none, [above @ .., kind]) if none.is_empty() && self.registry.is_reference(kind) => {
                (meant(above), slice::from_ref(kind))
            }
            (meant, _) => (meant, &[][..]),
        };
        // The command line adds the profile to each key.
        let is_added = self::profile(path).is_some_and(|name| self.loader.has_profile(name));
        let profile = if is_added { &[] } else { &path[..profile] };
        let meant: Vec<String> = meant
            .iter()
            .map(|key| [profile, key.segments(), ending].concat())
            .map(|path| format!("`{}`", Key::new(&path)))
            .collect();
        let help = match &*meant {
            [] => format!("`{}` lists the options", self.loader.command_with_flags("options")),
            [one] => format!("did you mean {one}?"),
            several if several.len() <= MOST_MEANT => {
                let (last, first) = several.split_last().unwrap_or((&several[0], &[]));
                format!("did you mean {} or {last}?", first.join(", "))
            }
            several => format!(
                "did you mean {} or that of another table?",
                several[..MOST_MEANT].join(", ")
            ),
        };
        let key = Key::new(path).to_string();
        Error::configuration(format!("there is no option `{}`", shortened(&key))).with_help(help)
    }
}

/// Returns whether a value is one of the option that a value in place of the table sets.
fn is_of_shorthand(at: Visibility<'_>, value: &Json) -> bool {
    // A list in place of a table of options is a list of such tables.
    !value.is_array()
        && at.is_of_shorthand(value.as_object().map(|entries| entries.keys().map(String::as_str)))
}

fn below(path: &[String], part: &str) -> Vec<String> {
    path.iter().map(String::as_str).chain([part]).map(str::to_owned).collect()
}

fn of_secret(path: &[String]) -> Error {
    let key = Key::new(path);
    Error::configuration(format!("`{key}` is a secret, which is not written into a file"))
        .with_help("refer to it, such as with `{ env = \"NAME\" }` or `{ file = \"/path\" }`")
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
            | Place::Argument
            | Place::Secret
            | Place::Secrets
            | Place::Tables(_)
            | Place::Providers
    )
}

/// Returns the profile that a path names.
pub(super) fn profile(path: &[String]) -> Option<&str> {
    match path {
        [first, name, ..] if first == PROFILE => Some(name),
        _ => None,
    }
}

/// Returns the number of parts that name a profile, and the parts of the option.
fn split(path: &[String]) -> (usize, &[String]) {
    match path {
        [first, ..] if first == PROFILE => (path.len().min(2), path.get(2..).unwrap_or_default()),
        _ => (0, path),
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

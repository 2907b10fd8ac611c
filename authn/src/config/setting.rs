//! Lists the values of a configuration with their provenance and without secrets, for `config show`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Config,
    layers::{
        Layer,
        merge::{self, Part},
    },
    visibility::{self, Checked, Class, Place, Visibility, type_at},
};
use crate::{
    Registry,
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{Entries, Field, Item, Key, Kind, Options as _, Type, Value, View},
    request::binding::Binding,
    sorted::sorted,
};

/// A value of a configuration, as it may be shown.
///
/// ```
/// use authn::{Environment, Loader, View};
///
/// let text = "[credentials]\ndomain = \"api.example.com\"";
/// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
/// let domain = &config.settings()[0];
/// assert_eq!(domain.key, "credentials.domain");
/// assert_eq!(domain.shown(), View::text("api.example.com"));
/// assert_eq!(domain.provenance.to_string(), "defaults:2:10");
/// ```
///
/// ```
/// use authn::{Environment, Loader, config::{Problem, Project, Setting, Source}};
///
/// let config = Loader::new().environment(Environment::empty()).defaults("bogus = 1").read();
/// let settings: Vec<Setting> = config.settings();
/// assert_eq!(settings.iter().find(|one| one.key == "bogus").unwrap().shown().to_string(), "(hidden)");
/// let problems: &[Problem] = config.problems();
/// assert!(problems.iter().any(|problem| problem.key() == Some("bogus")));
/// let sources: &[Source] = config.sources();
/// assert_eq!(sources[0].path.as_deref(), Some(std::path::Path::new("defaults")));
/// let project: Option<Project> = Loader::new().environment(Environment::empty()).project();
/// # let _ = project;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The full key: `credentials.oauth.client_id`.
    pub key: String,
    /// How much of the value may be shown.
    pub class: Class,
    /// Whether there is a value.
    pub is_set: bool,
    /// The value, if it is plain. [`shown`](Self::shown) is the value of every setting.
    pub value: Option<View>,
    /// The type of the value: a URL, a path, a command …; `None` if the schema doesn't know it.
    pub value_type: Option<Type>,
    /// Where the value comes from.
    pub provenance: Provenance,
    /// The profile whose table sets the value; `None` if the value is outside of profiles.
    pub profile: Option<String>,
    /// The target of a secret by reference, such as `file /run/secrets/name`.
    pub reference: Option<String>,
    /// The command that is run, with its arguments, in the summary of a project's file: a user decides by it whether the file is
    /// trusted.
    #[doc(hidden)]
    pub command: Option<View>,
    /// Why the target of that reference can't be used, such as `the environment variable X is not set`.
    pub unresolved: Option<String>,
    /// Whether the value is in a project's file that the user has not trusted, so that it has no effect.
    pub is_withheld: bool,
    /// The values that this one overrides, the highest first.
    pub overrides: Vec<Overridden>,
}

/// A value that has no effect, because a higher layer or a profile sets the same option.
///
/// ```
/// use authn::{Environment, Loader, View, config::Overridden};
///
/// let text = "credentials.domain = 'one.test'\n[profile.two]\ncredentials.domain = 'two.test'";
/// let loader = Loader::new().environment(Environment::empty()).defaults(text).profile("two");
/// let domain = &loader.read().settings()[0];
/// assert_eq!((domain.shown(), domain.profile.as_deref()), (View::text("two.test"), Some("two")));
/// let one: &Overridden = &domain.overrides[0];
/// assert_eq!((&one.value, one.profile.as_deref()), (&View::text("one.test"), None));
/// assert_eq!(one.provenance.to_string(), "defaults:1:22");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overridden {
    /// The value as it may be shown. It has not been checked, so a value that its option can't hold is hidden.
    pub value: View,
    /// Where the value comes from.
    pub provenance: Provenance,
    /// The profile whose table sets the value; `None` if the value is outside of profiles.
    pub profile: Option<String>,
}

impl Setting {
    /// Returns the value as it may be shown.
    ///
    /// A plain value is shown unless it is withheld. A secret is [`Set`](View::Set) or [`NotSet`](View::NotSet).
    /// Everything else is [`Hidden`](View::Hidden).
    pub fn shown(&self) -> View {
        match self.class {
            _ if self.is_withheld => View::Hidden,
            Class::Plain => self.value.clone().unwrap_or(View::NotSet),
            Class::Secret if self.is_set => View::Set,
            Class::Secret => View::NotSet,
            Class::Unknown => View::Hidden,
        }
    }
}

/// Returns all settings: `[credentials]`, the active provider with its unset options, then everything else.
pub(super) fn list(config: &Config) -> Vec<Setting> {
    let is_rejection = |problem: &&Problem| {
        matches!(problem.code(), ProblemCode::WrongType | ProblemCode::InvalidValue)
    };
    let unresolved = |problem: &'_ Problem| problem.code() == ProblemCode::UnresolvedReference;
    let unresolved = config.problems.iter().filter(|problem| unresolved(problem));
    let mut lister = Lister {
        rejected: sorted(config.problems.iter().filter(is_rejection).filter_map(Problem::key)),
        unresolved: sorted(unresolved.filter_map(|it| Some((it.key()?, it.message())))),
        parts: &config.parts,
        with_unset: true,
        ..Lister::default()
    };
    let top = Visibility::top(&config.registry);
    let empty = Entries::new();
    let credentials = config.merged.get("credentials").and_then(Item::as_table).unwrap_or(&empty);
    let (key, visibility) = (Key::new(&["credentials"]), top.child("credentials"));
    if let Some(item) = config.merged.get("default_profile") {
        lister.item(&Key::new(&["default_profile"]), item, top.child("default_profile"));
    }
    lister.fields(&key, credentials, visibility);
    let active = config.provider().filter(|name| config.registry.get(name).is_some());
    if let Some(name) = active {
        let table = credentials.get(name).and_then(Item::as_table).unwrap_or(&empty);
        lister.table(&key.child(name), table, visibility.child(name));
    }
    lister.with_unset = false;
    let is_listed = |name: &str| {
        active == Some(name) || Binding::FIELDS.iter().any(|field| field.key() == name)
    };
    let mut rest = visibility.within(credentials);
    rest.retain(|(name, ..)| !is_listed(name));
    lister.all(&key, rest);
    let mut sections = top.within(&config.merged);
    sections.retain(|(name, ..)| name != "credentials" && name != "default_profile");
    lister.all(&Key::default(), sections);
    for part in config.parts.iter().filter(|part| part.withheld && !part.inactive) {
        let from = lister.settings.len();
        lister.all(&Key::default(), top.within(&part.values));
        for setting in &mut lister.settings[from..] {
            setting.is_withheld = true;
            setting.unresolved = None;
            setting.profile.clone_from(&part.profile);
            setting.overrides.clear();
        }
    }
    // A key that the schema doesn't know would set nothing. If the project's file is a link to a file of another kind,
    // all its keys are unknown and none may be shown.
    lister.settings.retain(|setting| !setting.is_withheld || setting.class != Class::Unknown);
    lister.settings
}

/// Returns all settings in a layer, also those without effect, in the order of its lines, and then those of its presets. Its values have not been
/// validated, so a value that its option can't hold is hidden: it may be a misplaced secret.
pub(super) fn of_layer(layer: &Layer, registry: &Registry) -> Vec<Setting> {
    let mut lister = Lister { unvalidated: true, ..Lister::default() };
    let top = Visibility::top(registry);
    lister.all(&Key::default(), top.within(&layer.base));
    for (name, entries) in &layer.profiles {
        lister.all(&Key::new(&["profile", name]), top.within(entries));
    }
    // The values of presets are not in the file, and follow those that are.
    lister.settings.sort_by_key(|setting| match &setting.provenance {
        Provenance::File { path, line, column } if layer.source.path.as_ref() == Some(path) => {
            (*line, *column)
        }
        _ => (usize::MAX, 0),
    });
    lister.settings
}

#[derive(Default)]
struct Lister<'a> {
    /// The keys with values that their options can't hold.
    rejected: BTreeSet<&'a str>,
    /// The keys with references that can't be resolved, and why.
    unresolved: BTreeMap<&'a str, &'a str>,
    parts: &'a [Part],
    settings: Vec<Setting>,
    /// Whether options that are not set are listed too.
    with_unset: bool,
    /// Whether the values have not been validated against their options.
    unvalidated: bool,
}

impl Lister<'_> {
    fn all(&mut self, key: &Key, values: Vec<(String, &Item, Visibility<'_>)>) {
        for (name, item, visibility) in values {
            self.item(&key.child(&name), item, visibility);
        }
    }

    /// Lists the options of a table, and then its other keys.
    fn table(&mut self, key: &Key, entries: &Entries, visibility: Visibility<'_>) {
        self.fields(key, entries, visibility);
        let fields = visibility.fields();
        let mut rest = visibility.within(entries);
        rest.retain(|(name, ..)| fields.iter().all(|field| field.key() != name));
        self.all(key, rest);
    }

    fn fields(&mut self, key: &Key, entries: &Entries, visibility: Visibility<'_>) {
        for field in visibility.fields() {
            let name = field.key();
            match entries.get(name) {
                Some(item) => self.item(&key.child(name), item, visibility.child(name)),
                None if self.with_unset => {
                    self.unset(&key.child(name), field, visibility.child(name));
                }
                None => {}
            }
        }
    }

    fn unset(&mut self, key: &Key, field: &Field, visibility: Visibility<'_>) {
        if let Some(fields) = field.options() {
            return fields.iter().for_each(|field| {
                self.unset(&key.child(field.key()), field, visibility.child(field.key()));
            });
        }
        let class = if field.kind() == Kind::Secret { Class::Secret } else { Class::Plain };
        let (value, overrides) = (field.default(), Vec::new());
        let setting = self.setting(key, class, &Provenance::Default, visibility);
        let value_type = Some(field.value_type());
        self.settings.push(Setting {
            is_set: value.is_some(),
            value,
            value_type,
            overrides,
            ..setting
        });
    }

    fn item(&mut self, key: &Key, item: &Item, visibility: Visibility<'_>) {
        let setting = match (&item.value, visibility.place) {
            (_, Place::Secret) => self.secret(key, item, visibility),
            (Value::Table(entries), Place::Options(_)) => {
                return self.table(key, entries, visibility);
            }
            // A table without options still chooses the provider.
            (Value::Table(entries), Place::Provider(_))
                if !self.unvalidated || !entries.is_empty() =>
            {
                return self.table(key, entries, visibility);
            }
            (Value::Table(entries), _) if !entries.is_empty() => {
                return self.all(key, visibility.below(item));
            }
            (Value::Array(_), Place::Providers | Place::Secrets | Place::Tables(_)) => {
                return self.all(key, visibility.below(item));
            }
            (_, Place::Secrets) => self.secret(key, item, visibility),
            _ => {
                let class = visibility.class();
                let shown = || visibility.shown(item, self.checked(key));
                let value = (class == Class::Plain).then(shown);
                Setting { value, ..self.setting(key, class, &item.provenance, visibility) }
            }
        };
        let value_type = type_at(visibility.registry, key);
        let command =
            if self.unvalidated { visibility::command(item, value_type.as_ref()) } else { None };
        self.settings.push(Setting { value_type, command, ..setting });
    }

    fn secret(&self, key: &Key, item: &Item, visibility: Visibility<'_>) -> Setting {
        let reference = visibility.reference(item);
        // A reference of a kind that this version doesn't know may be valid in another version.
        let is_unknown = self.unvalidated && item.as_table().is_some() && reference.is_none();
        let class = if is_unknown { Class::Unknown } else { Class::Secret };
        let is_set = visibility.shown(item, self.checked(key)) == View::Set;
        let unresolved = self.unresolved.get(key.to_string().as_str()).map(|&why| why.to_owned());
        let setting = self.setting(key, class, &item.provenance, visibility);
        Setting { is_set, reference, unresolved, ..setting }
    }

    fn setting(
        &self,
        key: &Key,
        class: Class,
        provenance: &Provenance,
        visibility: Visibility<'_>,
    ) -> Setting {
        let mut setters = merge::setters(self.parts, key.segments());
        let profile = setters.next().and_then(|(part, _)| part.profile.clone());
        let overrides = setters.map(|(part, item)| Overridden {
            value: visibility.shown(item, Checked::Unread),
            provenance: item.provenance.clone(),
            profile: part.profile.clone(),
        });
        Setting {
            key: key.to_string(),
            class,
            is_set: true,
            value: None,
            value_type: None,
            provenance: provenance.clone(),
            profile,
            reference: None,
            command: None,
            unresolved: None,
            is_withheld: false,
            overrides: overrides.collect(),
        }
    }

    /// Returns what reading the configuration has found out about the value at a key. A problem at a table or a list
    /// is one of every value in it, and a list is shown whole or not at all.
    fn checked(&self, key: &Key) -> Checked {
        let key = key.to_string();
        let ends = key.match_indices('.').map(|(end, _)| end).chain([key.len()]);
        let is_below = |other: &&str| {
            other.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        let is_rejected = ends.into_iter().any(|end| self.rejected.contains(&key[..end]))
            || self.rejected.iter().any(is_below);
        match (is_rejected, self.unvalidated) {
            (true, _) => Checked::Rejected,
            (false, true) => Checked::Unread,
            (false, false) => Checked::Accepted,
        }
    }
}

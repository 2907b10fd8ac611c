//! What is in force, value by value, for `config show`: with origin, and without a secret.

use std::iter;

use url::Url;

use super::{
    Config,
    layers::{
        Layer,
        merge::{self, Part},
    },
    visibility::{Class, Guide, value_type},
};
use crate::{
    Registry,
    diagnostic::{Origin, Problem},
    options::{Entries, Field, Item, Key, Kind, Options as _, Type, Value, View},
    request::binding::Binding,
    time::duration,
};

/// One value of a configuration as it may be shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The full key: `credentials.oauth.client_id`.
    pub key: String,
    /// How it may be shown.
    pub class: Class,
    /// Whether there is a value.
    pub is_set: bool,
    /// The value, of a plain one alone.
    pub value: Option<View>,
    /// What the schema says of the value: whether it is a URL, a path, a command …; `None` where it says
    /// nothing.
    pub value_type: Option<Type>,
    /// Where it comes from.
    pub origin: Origin,
    /// For a secret by reference: what it refers to, as `file /run/secrets/name`.
    pub reference: Option<String>,
    /// It stands in a project's file that nobody has trusted, so it is not in force.
    pub is_withheld: bool,
    /// Where the values stand that this one overrides, the highest first.
    pub overrides: Vec<Origin>,
}

/// Lists all settings: `[credentials]`, the provider in force with what is unset, then everything else.
pub(super) fn list(config: &Config) -> Vec<Setting> {
    let mut lister = Lister {
        registry: &config.registry,
        problems: &config.problems,
        parts: &config.parts,
        settings: Vec::new(),
        with_unset: true,
        unread: false,
    };
    let top = Guide::Top(&config.registry);
    let empty = Entries::new();
    let credentials = config.merged.get("credentials").and_then(Item::as_table).unwrap_or(&empty);
    let key = Key::new(&["credentials"]);
    let guide = top.child("credentials");
    if let Some(item) = config.merged.get("default_profile") {
        lister.item(&Key::new(&["default_profile"]), item, Guide::Plain, None);
    }
    lister.fields(&key, credentials, Binding::FIELDS.iter(), guide);
    let in_force = config.provider().unwrap_or_default();
    if let Some(entry) = config.registry.get(in_force) {
        let table = credentials.get(in_force).and_then(Item::as_table).unwrap_or(&empty);
        lister.provider(&key.child(in_force), table, entry, guide.child(in_force));
    }
    lister.with_unset = false;
    for (name, item) in credentials {
        let known = Binding::FIELDS.iter().any(|field| field.key() == name.as_str());
        if !known && (name != in_force || config.registry.get(name).is_none()) {
            lister.item(&key.child(name), item, guide.child(name), None);
        }
    }
    for (name, item) in &config.merged {
        if name != "credentials" && name != "default_profile" {
            lister.item(&Key::new(&[name]), item, top.child(name), None);
        }
    }
    let from = lister.settings.len();
    for part in config.parts.iter().filter(|part| part.withheld && !part.unchosen) {
        for (name, item) in &part.values {
            lister.item(&Key::new(&[name]), item, top.child(name), None);
        }
    }
    for setting in &mut lister.settings[from..] {
        setting.is_withheld = true;
        setting.overrides.clear();
    }
    // It would set nothing by what the schema does not know; and a link to a file of another sort has no other
    // keys.
    lister.settings.retain(|setting| !setting.is_withheld || setting.class != Class::Unknown);
    lister.settings
}

/// Lists everything in a layer, whatever of it counts, in the order of its lines. Its values have not been
/// read as what their options take, so what can't be that is hidden: it may be a misplaced secret.
pub(super) fn of_layer(layer: &Layer, registry: &Registry) -> Vec<Setting> {
    let mut lister = Lister {
        registry,
        problems: &[],
        parts: &[],
        settings: Vec::new(),
        with_unset: false,
        unread: true,
    };
    let base = (Key::default(), &layer.base);
    let profile = |(name, entries)| (Key::new(&["profile", name]), entries);
    let profiles = layer.profiles.iter().map(|(name, entries)| profile((name.as_str(), entries)));
    for (key, entries) in iter::once(base).chain(profiles) {
        for (name, item) in entries {
            lister.item(&key.child(name), item, Guide::Top(registry).child(name), None);
        }
    }
    lister.settings.sort_by_key(|setting| match setting.origin {
        Origin::File { line, column, .. } => (line, column),
        _ => (0, 0),
    });
    lister.settings
}

struct Lister<'a> {
    registry: &'a Registry,
    problems: &'a [Problem],
    parts: &'a [Part],
    settings: Vec<Setting>,
    /// Options that nobody set are listed too.
    with_unset: bool,
    /// No value has been read as what its option takes.
    unread: bool,
}

impl Lister<'_> {
    fn provider(
        &mut self,
        key: &Key,
        table: &Entries,
        entry: &crate::registry::Entry,
        guide: Guide<'_>,
    ) {
        self.fields(key, table, entry.fields(), guide);
        for (name, item) in table {
            if entry.field(name).is_none() {
                self.item(&key.child(name), item, guide.child(name), None);
            }
        }
    }

    fn fields<'f>(
        &mut self,
        key: &Key,
        table: &Entries,
        fields: impl Iterator<Item = &'f Field>,
        guide: Guide<'_>,
    ) {
        for field in fields {
            let key = key.child(field.key());
            match table.get(field.key()) {
                Some(item) => self.item(&key, item, guide.child(field.key()), Some(field)),
                None if self.with_unset => self.unset(&key, field),
                None => {}
            }
        }
    }

    fn unset(&mut self, key: &Key, field: &Field) {
        if let Some(fields) = field.options() {
            return fields.iter().for_each(|field| self.unset(&key.child(field.key()), field));
        }
        let default = field.default();
        self.settings.push(Setting {
            key: key.to_string(),
            class: if field.kind() == Kind::Secret { Class::Secret } else { Class::Plain },
            is_set: default.is_some(),
            value: default,
            value_type: Some(field.r#type()),
            origin: Origin::Default,
            reference: None,
            is_withheld: false,
            overrides: Vec::new(),
        });
    }

    fn item(&mut self, key: &Key, item: &Item, guide: Guide<'_>, field: Option<&Field>) {
        match (&item.value, guide) {
            (_, Guide::Secret) => self.secret(key, item),
            // Without options it still chooses the provider.
            (Value::Table(entries), Guide::Provider(..)) if self.unread && entries.is_empty() => {
                self.push(key, item, Class::Plain, true, Some(View::Table(Vec::new())), None);
            }
            (Value::Table(entries), Guide::Provider(_, entry)) => {
                self.provider(key, entries, entry, guide);
            }
            (Value::Table(entries), Guide::Options(_, fields)) => {
                self.fields(key, entries, fields.iter(), guide);
                let is_known = |name: &String| fields.iter().any(|field| field.key() == name);
                for (name, item) in entries.iter().filter(|(name, _)| !is_known(name)) {
                    self.item(&key.child(name), item, guide.child(name), None);
                }
            }
            (Value::Table(entries), _) if !entries.is_empty() => {
                for (name, item) in entries {
                    self.item(&key.child(name), item, guide.child(name), None);
                }
            }
            (Value::Array(items), Guide::Providers(_) | Guide::Secrets | Guide::Tables(..)) => {
                let members = field.filter(|_| self.unread).and_then(members);
                for (index, item) in items.iter().enumerate() {
                    let index = index.to_string();
                    if let (Some(members), Value::Table(entries)) = (&members, &item.value) {
                        self.members(&key.child(&index), entries, members);
                        continue;
                    }
                    self.item(&key.child(&index), item, guide.child(&index), None);
                }
            }
            (_, Guide::Secrets) => self.secret(key, item),
            _ => {
                let r#type = field.map(Field::r#type);
                let value = (guide.class() == Class::Plain).then(|| match &r#type {
                    Some(r#type) if self.unread && !fits(item, r#type) => View::Hidden,
                    r#type => view(item, r#type.as_ref()),
                });
                self.push(key, item, guide.class(), true, value, None);
            }
        }
    }

    /// A table that counts as a secret as a whole: what of it is none can be judged, as where it is sent.
    fn members(&mut self, key: &Key, entries: &Entries, members: &[(&'static str, Type)]) {
        for (name, item) in entries {
            let key = key.child(name);
            let member = members.iter().find(|(member, _)| member == name);
            match (member.map(|(_, r#type)| r#type), &item.value) {
                (Some(Type::Secret), _) => self.secret(&key, item),
                (Some(Type::Map(of)), Value::Table(entries)) if **of == Type::Secret => {
                    for (name, item) in entries {
                        self.secret(&key.child(name), item);
                    }
                }
                (Some(r#type @ (Type::Url | Type::Origin | Type::Choice(_))), Value::Text(_)) => {
                    let value =
                        if fits(item, r#type) { view(item, Some(r#type)) } else { View::Hidden };
                    self.push(&key, item, Class::Plain, true, Some(value), None);
                }
                _ => self.push(&key, item, Class::Unknown, true, None, None),
            }
        }
    }

    fn secret(&mut self, key: &Key, item: &Item) {
        let is_set = item.as_text() != Some("");
        let reference = reference(item, self.registry);
        // A reference of a kind that this version doesn't know may be one to another.
        let is_unknown = self.unread && item.as_table().is_some() && reference.is_none();
        let class = if is_unknown { Class::Unknown } else { Class::Secret };
        self.push(key, item, class, is_set, None, reference);
    }

    fn push(
        &mut self,
        key: &Key,
        item: &Item,
        class: Class,
        is_set: bool,
        value: Option<View>,
        reference: Option<String>,
    ) {
        // What is no value of its option, or stands below one, may be a misplaced secret.
        let shown = key.to_string();
        let is_bad = self.problems.iter().any(|problem| {
            let rest = problem.key().and_then(|bad| shown.strip_prefix(bad));
            matches!(problem.code(), "wrong-type" | "invalid-value")
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let value = if is_bad { value.map(|_| View::Hidden) } else { value };
        let overrides = merge::origins(self.parts, key.segments()).into_iter().skip(1).collect();
        self.settings.push(Setting {
            key: key.to_string(),
            class,
            is_set,
            value,
            value_type: value_type(self.registry, key),
            origin: item.origin.clone(),
            reference,
            is_withheld: false,
            overrides,
        });
    }
}

/// The keys of the tables of which an option is a list.
fn members(field: &Field) -> Option<Vec<(&'static str, Type)>> {
    match field.r#type() {
        Type::List(of) => match *of {
            Type::Table(members) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

/// What a reference refers to, if it is one.
fn reference(item: &Item, registry: &Registry) -> Option<String> {
    let inline;
    let entries = match &item.value {
        Value::Table(entries) => entries,
        Value::Text(text) if matches!(item.origin, Origin::Flag { .. }) => {
            inline = crate::options::toml::parse_inline(text, &item.origin)?;
            inline.as_table()?
        }
        _ => return None,
    };
    let (kind, target) = entries.iter().next()?;
    let words = match &target.value {
        Value::Array(items) => items.iter().filter_map(Item::as_text).collect(),
        _ => target.as_text().map_or_else(Vec::new, |text| vec![text]),
    };
    (entries.len() == 1 && registry.is_reference(kind))
        .then(|| format!("{kind} {}", words.join(" ")))
}

/// Tells whether a text can be a value of an option's type.
fn fits(item: &Item, r#type: &Type) -> bool {
    let Some(text) = item.as_text() else { return true };
    let text = text.trim();
    match r#type {
        Type::Boolean => text.parse::<bool>().is_ok(),
        Type::Integer => text.parse::<i64>().is_ok(),
        Type::Number => text.parse::<f64>().is_ok(),
        Type::Duration => duration::parse(text).is_some(),
        Type::Url | Type::Origin => Url::parse(text).is_ok(),
        Type::Choice(words) => words.contains(&text),
        _ => true,
    }
}

fn view(item: &Item, r#type: Option<&Type>) -> View {
    match &item.value {
        Value::Boolean(value) => View::Boolean(*value),
        Value::Integer(value) => View::Integer(*value),
        Value::Float(value) => View::Float(*value),
        Value::Text(text) => {
            // A variable can hold texts alone; it is shown as what it is read as.
            let typed = match r#type {
                Some(Type::Boolean) => text.trim().parse().ok().map(View::Boolean),
                Some(Type::Integer) => text.trim().parse().ok().map(View::Integer),
                Some(Type::Map(_)) => crate::options::toml::parse_inline(text, &item.origin)
                    .map_or(Some(View::Hidden), |inline| Some(view(&inline, None))),
                _ => None,
            };
            typed.unwrap_or_else(|| View::text(text.as_str()))
        }
        Value::Array(items) => View::List(items.iter().map(|item| view(item, None)).collect()),
        Value::Table(entries) => View::Table(
            entries
                .iter()
                .map(|(key, item)| {
                    let hidden = Guide::Plain.child(key).class() != Class::Plain;
                    (key.clone(), if hidden { View::Hidden } else { view(item, None) })
                })
                .collect(),
        ),
    }
}

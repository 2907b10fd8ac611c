//! Decides which values of a configuration may be shown.
//!
//! A [`Visibility`] walks down the values of a configuration along with the schema. The schema says of each value
//! whether it is plain, secret or unknown, and unknown values are never shown. Whether a configured value is shown
//! or masked is decided by [`Visibility::shown`] alone: the listings, the JSON, the summary of a project's file and
//! the excerpts of problems all follow its answer.

use std::borrow::Cow;

use url::Url;

use super::sections::{self, SECTIONS};
use crate::{
    diagnostic::{Provenance, Spans},
    options::{
        Entries, Field, Item, Key, Kind, Options as _, Show as _, Type, Value, View, names_secret,
        shorthand, toml::parse_inline, words,
    },
    process,
    registry::{Entry, Registry},
    request::binding::Binding,
    secret::is_variable,
    time::duration,
};

/// A place in a configuration, and the schema that says what may be shown there.
#[derive(Clone, Copy)]
pub(crate) struct Visibility<'r> {
    pub(crate) registry: &'r Registry,
    pub(crate) place: Place<'r>,
}

/// What the schema knows about a place in a configuration.
#[derive(Clone, Copy)]
pub(crate) enum Place<'r> {
    /// The configuration as a whole.
    Top,
    /// `[credentials]`
    Credentials,
    /// A table that contains the table of a nested provider.
    Nested,
    /// A list of such tables.
    Providers,
    /// The table of a provider.
    Provider(&'r Entry),
    /// `[stores]`
    Stores,
    /// A table of options.
    Options(&'static [Field]),
    /// A list or a map of such tables.
    Tables(&'static [Field]),
    /// A list or a map of secrets.
    Secrets,
    /// A secret.
    Secret,
    /// A plain option, or a part of one.
    Plain(Option<&'static Field>),
    /// An element of a plain list or map.
    Element(&'static Field),
    /// An argument of a command, which may be a secret.
    Argument,
    /// A place that the schema doesn't know.
    Unknown,
}

/// How much of a value may be shown.
///
/// ```
/// use authn::{Environment, Loader, config::Class};
///
/// let text = "[credentials]\ndomain = \"api.example.com\"\nbogus = \"abc\"";
/// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
/// let class = |key: &str| {
///     config.settings().iter().find(|setting| setting.key == key).map(|setting| setting.class)
/// };
/// assert_eq!(class("credentials.domain"), Some(Class::Plain));
/// assert_eq!(class("credentials.bogus"), Some(Class::Unknown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// The value is shown, unless it is not valid for its option.
    Plain,
    /// Only whether the value is set is shown.
    Secret,
    /// The schema doesn't know the value, so nothing is shown.
    Unknown,
}

/// What reading the configuration has found out about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// No problem was reported at the value. A text is shown.
    Accepted,
    /// The value has not been read. A text is shown only if it can be a value of its option.
    Unread,
    /// The value is not valid for its option. Nothing is shown: it may be a misplaced secret.
    Rejected,
}

impl<'r> Visibility<'r> {
    pub(crate) fn top(registry: &'r Registry) -> Self {
        Self { registry, place: Place::Top }
    }

    /// Returns the place of a key, without the name of a profile.
    pub(crate) fn at(registry: &'r Registry, path: &[String]) -> Self {
        path.iter().fold(Self::top(registry), |at, part| at.child(part))
    }

    pub(crate) fn child(self, key: &str) -> Self {
        let option = || self.option(key).map(Place::of);
        let provider = || self.registry.get(key).map(Place::Provider);
        let place = match self.place {
            Place::Top => {
                SECTIONS.iter().find(|section| section.key == key).map(|section| section.below)
            }
            Place::Credentials => option().or_else(provider),
            Place::Nested => provider(),
            Place::Providers => Some(Place::Nested),
            Place::Provider(entry) => {
                option().or_else(|| provider().filter(|_| entry.has_inner_provider()))
            }
            Place::Stores => self.registry.store_fields(key).map(Place::Options),
            Place::Options(_) => option(),
            Place::Tables(fields) => Some(Place::Options(fields)),
            Place::Secrets | Place::Secret => Some(Place::Secret),
            Place::Plain(Some(field)) if field.value_type() == Type::Command => {
                Some(if key == "0" { Place::Element(field) } else { Place::Argument })
            }
            Place::Plain(field) => {
                let below = field.map_or(Place::Plain(None), Place::Element);
                (!names_secret(key)).then_some(below)
            }
            Place::Element(_) => (!names_secret(key)).then_some(Place::Plain(None)),
            Place::Argument | Place::Unknown => None,
        };
        Self { place: place.unwrap_or(Place::Unknown), ..self }
    }

    /// Returns the option with this key at this place.
    fn option(self, key: &str) -> Option<&'static Field> {
        self.fields().into_iter().find(|field| field.key() == key)
    }

    /// Returns the options that a table at this place can have.
    pub(crate) fn fields(self) -> Vec<&'static Field> {
        match self.place {
            Place::Credentials => Binding::FIELDS.iter().collect(),
            Place::Provider(entry) => entry.fields().collect(),
            Place::Options(fields) => fields.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the names that a table at this place can have: those of its options and of its tables.
    pub(crate) fn names(self) -> Vec<&'r str> {
        let own = self.fields().into_iter().map(Field::key);
        let providers = || self.registry.iter().map(Entry::name);
        match self.place {
            Place::Top => sections::keys().collect(),
            Place::Credentials => own.chain(providers()).collect(),
            Place::Provider(entry) if entry.has_inner_provider() => {
                own.chain(providers()).collect()
            }
            Place::Nested => providers().collect(),
            Place::Stores => self.registry.store_names().collect(),
            _ => own.collect(),
        }
    }

    /// Returns the option that a value in place of the table at this place sets.
    pub(crate) fn shorthand(self) -> Option<&'static Field> {
        match self.place {
            Place::Provider(entry) => entry.shorthand(),
            Place::Options(fields) => shorthand(fields),
            _ => None,
        }
    }

    /// Returns whether a value is one of the option that a value in place of the table sets. `keys` are those of the
    /// value, if it is a table: `jwt = { env = "TOKEN" }` is a reference, unless the table itself has an option `env`.
    pub(crate) fn is_of_shorthand<'k>(
        self,
        keys: Option<impl ExactSizeIterator<Item = &'k str>>,
    ) -> bool {
        let refers = |key: &str| self.registry.is_reference(key) && self.option(key).is_none();
        keys.is_none_or(|mut keys| keys.len() == 1 && keys.all(refers))
    }

    /// Returns whether nothing is known of this place.
    pub(crate) fn is_unknown(self) -> bool {
        matches!(self.place, Place::Unknown)
    }

    /// Returns the values of a table at this place, each with its key and its place.
    pub(crate) fn within(self, entries: &Entries) -> Vec<(String, &Item, Self)> {
        entries.iter().map(|(key, item)| (key.clone(), item, self.child(key))).collect()
    }

    /// Returns the values of a table or a list at this place, each with its key or index and its place.
    pub(crate) fn below(self, item: &Item) -> Vec<(String, &Item, Self)> {
        match &item.value {
            Value::Table(entries) => self.within(entries),
            Value::Array(items) => {
                let keys = (0..items.len()).map(|index| index.to_string());
                let child = |(key, item): (String, _)| {
                    let visibility = self.child(&key);
                    (key, item, visibility)
                };
                keys.zip(items).map(child).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns whether a table at this place is a single value, which a higher layer replaces as a whole.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self.place, Place::Secret)
    }

    /// Returns whether a text at this place is the path of a file.
    pub(super) fn is_path(self) -> bool {
        match self.place {
            Place::Plain(Some(field)) => field.value_type() == Type::Path,
            Place::Element(field) => {
                matches!(field.value_type(), Type::List(of) | Type::Map(of) if *of == Type::Path)
            }
            _ => false,
        }
    }

    /// Returns how much of a value at this place may be shown.
    pub(crate) fn class(self) -> Class {
        match self.place {
            Place::Secrets | Place::Secret => Class::Secret,
            // A text in the place of a table may hold a secret.
            Place::Argument | Place::Unknown | Place::Options(_) | Place::Tables(_) => {
                Class::Unknown
            }
            _ => Class::Plain,
        }
    }

    /// Returns a value at this place as it may be shown. A list or a table is shown part by part.
    pub(super) fn shown(self, item: &Item, checked: Checked) -> View {
        match self.class() {
            Class::Secret if item.as_text() == Some("") => View::NotSet,
            Class::Secret => View::Set,
            Class::Plain if checked != Checked::Rejected => self.shown_plain(item, checked),
            Class::Plain | Class::Unknown => View::Hidden,
        }
    }

    fn shown_plain(self, item: &Item, checked: Checked) -> View {
        let parts = || self.below(item).into_iter();
        match &item.value {
            Value::Table(_) => {
                View::Table(parts().map(|(key, item, at)| (key, at.shown(item, checked))).collect())
            }
            Value::Array(_) => {
                View::List(parts().map(|(_, item, at)| at.shown(item, checked)).collect())
            }
            // Any other value in the place of a table may hold a secret.
            _ if !matches!(self.place, Place::Plain(_) | Place::Element(_)) => View::Hidden,
            Value::Text(text) => match (self.typed(text, item, checked), checked) {
                (Some(view), _) => view,
                (None, Checked::Accepted) => View::text(text.as_str()),
                (None, _) => View::Hidden,
            },
            _ => item.show(),
        }
    }

    /// Returns the view of a text as a value of its option: an environment variable can only hold a text. `None` if
    /// the text can't be such a value.
    fn typed(self, text: &str, item: &Item, checked: Checked) -> Option<View> {
        let as_text = |is_valid: bool| is_valid.then(|| View::text(text));
        match self.place {
            Place::Plain(Some(field)) => match field.value_type() {
                Type::Boolean => text.trim().parse().ok().map(View::Boolean),
                Type::Integer => text.trim().parse().ok().map(View::Integer),
                Type::Map(_) => {
                    let inline = parse_inline(text, &item.provenance);
                    Some(inline.map_or(View::Hidden, |item| self.shown(&item, checked)))
                }
                Type::Command => Some(self.shown(&in_words(text, item), checked)),
                other => as_text(is_value_of(text, &other)),
            },
            Place::Element(field) => match field.value_type() {
                Type::List(of) | Type::Map(of) => as_text(is_value_of(text, &of)),
                Type::Command => Some(View::of_program(text)),
                _ => as_text(true),
            },
            _ => as_text(true),
        }
    }

    /// Returns whether a value without parts is shown exactly as it is in its file.
    pub(super) fn is_shown_in_full(self, item: &Item) -> bool {
        match (self.shown(item, Checked::Unread), item.as_text()) {
            (View::Text(shown), Some(text)) => shown == text,
            (View::Boolean(_) | View::Integer(_) | View::Float(_), _) => true,
            _ => false,
        }
    }

    /// Returns what a secret refers to, as `file /run/secrets/name`; `None` if it is no reference. The target of a
    /// reference is the place of a secret and not a secret, so it is shown, but for the arguments of a command.
    pub(super) fn reference(self, item: &Item) -> Option<String> {
        let entries = of_reference(item)?;
        let (kind, target) = entries.iter().next()?;
        // The list in a variable or a flag is a text.
        let inline = match target.as_text() {
            Some(text) if !target.provenance.is_typed() => parse_inline(text, &target.provenance),
            _ => None,
        };
        let words = match (&inline.as_ref().unwrap_or(target).value, kind == "command") {
            (Value::Array(words), true) => {
                let words = words.iter().map(Item::as_text).collect::<Option<Vec<_>>>()?;
                process::shown(&words)
            }
            // A text in the place of a command may be the secret itself.
            (_, true) => return None,
            _ => match target.as_text().unwrap_or_default() {
                name if kind == "env" && !is_variable(name) => "***".to_owned(),
                text => text.to_owned(),
            },
        };
        (entries.len() == 1 && self.registry.is_reference(kind)).then(|| format!("{kind} {words}"))
    }
}

/// Returns the variable that a secret refers to, whatever its name; `None` if it refers to none. The name can be a secret that
/// was written in its place.
pub(super) fn variable(item: &Item) -> Option<String> {
    let entries = of_reference(item).filter(|entries| entries.len() == 1)?;
    Some(entries.get("env")?.as_text()?.to_owned())
}

/// Returns the table of a reference. In a flag it is a text.
fn of_reference(item: &Item) -> Option<Cow<'_, Entries>> {
    match &item.value {
        Value::Table(entries) => Some(Cow::Borrowed(entries)),
        Value::Text(text) if matches!(item.provenance, Provenance::Flag { .. }) => {
            let inline = parse_inline(text, &item.provenance)?;
            inline.as_table().cloned().map(Cow::Owned)
        }
        _ => None,
    }
}

impl Place<'_> {
    fn of(field: &'static Field) -> Self {
        match (field.kind(), field.value_type()) {
            (Kind::Plain, Type::Options(fields)) => Self::Options(fields),
            (Kind::Plain, of) => {
                of.options().map_or(Self::Plain(Some(field)), |(fields, _)| Self::Tables(fields))
            }
            (Kind::Provider, Type::List(_)) => Self::Providers,
            (Kind::Provider, _) => Self::Nested,
            (Kind::Secret, Type::Secret) => Self::Secret,
            (Kind::Secret, _) => Self::Secrets,
        }
    }
}

/// Returns a command that is a text as the list that is read from it.
fn in_words(text: &str, item: &Item) -> Item {
    let inline = parse_inline(text, &item.provenance);
    inline.filter(|inline| matches!(inline.value, Value::Array(_))).unwrap_or_else(|| {
        let words = words(text).map(|word| Item::text(word, item.provenance.clone())).collect();
        Item::new(Value::Array(words), item.provenance.clone())
    })
}

/// Returns the command that is run by what is at a place, with its arguments, for a user who decides whether it may.
pub(super) fn command(item: &Item, value_type: Option<&Type>) -> Option<View> {
    let inner;
    let words = match (&item.value, value_type) {
        (Value::Table(entries), Some(Type::Secret)) => entries.get("command")?,
        (Value::Text(text), Some(Type::Command)) => {
            inner = in_words(text, item);
            &inner
        }
        (Value::Array(_), Some(Type::Command)) => item,
        _ => return None,
    };
    matches!(words.value, Value::Array(_)).then(|| words.show())
}

/// Returns whether a text can be a value of this type.
fn is_value_of(text: &str, value_type: &Type) -> bool {
    let word = text.trim();
    match value_type {
        Type::Boolean => word.parse::<bool>().is_ok(),
        Type::Integer => word.parse::<i64>().is_ok(),
        Type::Number => word.parse::<f64>().is_ok(),
        Type::Duration => duration::parse(word).is_some(),
        Type::Url => Url::parse(word).is_ok(),
        Type::Origin => word == "*" || Url::parse(word).is_ok(),
        Type::Choice(words) => words.contains(&word),
        _ => true,
    }
}

/// Returns the type of the value at a key, which may be below a profile; `None` if the schema doesn't know it.
pub(crate) fn type_at(registry: &Registry, key: &Key) -> Option<Type> {
    let segments = match key.segments() {
        [first, _, rest @ ..] if first == "profile" => rest,
        all => all,
    };
    let (mut visibility, mut found) = (Visibility::top(registry), None);
    for segment in segments {
        found = match visibility.option(segment) {
            Some(field) => Some(field.value_type()),
            None => found.as_ref().and_then(|of: &Type| of.child(segment).cloned()),
        };
        visibility = visibility.child(segment);
    }
    found
}

/// Returns the values of a file, each of which may be shown in an excerpt or could be a secret. A problem masks its own
/// value too, because a value that is not valid may be a misplaced secret.
pub(crate) fn spans<'a>(parts: impl Iterator<Item = &'a Entries>, registry: &Registry) -> Spans {
    let mut spans = Spans::default();
    for (_, item, visibility) in parts.flat_map(|entries| Visibility::top(registry).within(entries))
    {
        collect(&mut spans, item, visibility);
    }
    spans.sorted()
}

fn collect(spans: &mut Spans, item: &Item, visibility: Visibility<'_>) {
    if matches!(item.value, Value::Table(_) | Value::Array(_)) {
        let is_reference = visibility.is_whole() && visibility.reference(item).is_some();
        // What is no name of a variable may be the secret itself.
        let is_plain = |name: &str| variable(item).is_none() || is_variable(name);
        for (_, item, mut below) in visibility.below(item) {
            if is_reference && item.as_text().is_some_and(is_plain) {
                below.place = Place::Plain(None);
            }
            collect(spans, item, below);
        }
        return;
    }
    let is_shown = visibility.is_shown_in_full(item);
    let spans = if is_shown { &mut spans.shown } else { &mut spans.hidden };
    spans.extend(item.span.clone());
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;
    use crate::diagnostic::{Mark, SourceText, excerpt};
    use crate::{
        Context, Environment, Loader, Result, SecretString, Token, TokenProvider, config::Setting,
        options::insert,
    };

    /// Has an option of each kind.
    #[crate::token_provider("kinds")]
    struct Kinds {
        /// A text.
        text: Option<String>,
        /// A number.
        number: Option<u8>,
        /// A server.
        url: Option<Url>,
        /// Servers.
        urls: Option<Vec<Url>>,
        /// Texts by name.
        map: Option<BTreeMap<String, String>>,
        /// A secret.
        _secret: Option<SecretString>,
        /// Secrets by name.
        _secrets: Option<BTreeMap<String, SecretString>>,
    }

    impl TokenProvider for Kinds {
        async fn token(&self, _: &Context) -> Result<Token> {
            Token::new("t")
        }
    }

    fn registry() -> Registry {
        Registry::builder().register::<Kinds>().build().expect("one provider")
    }

    /// Returns a value at a key of the provider's table, in each state of being checked.
    fn shown(key: &str, value: &str) -> [String; 3] {
        let registry = registry();
        let item = parse_inline(value, &Provenance::Default).expect("a value of TOML");
        let path = ["credentials", "kinds", key];
        let visibility =
            path.iter().fold(Visibility::top(&registry), |at, segment| at.child(segment));
        [Checked::Accepted, Checked::Unread, Checked::Rejected]
            .map(|checked| visibility.shown(&item, checked).to_string())
    }

    #[test]
    fn a_value_is_shown_by_its_option_and_by_whether_it_is_valid() {
        const HIDDEN: &str = "(hidden)";
        for (key, value, accepted, unread, rejected) in [
            ("text", "'a'", "\"a\"", "\"a\"", HIDDEN),
            (
                "text",
                "'https://u:p@a.test'",
                "\"https://***@a.test/\"",
                "\"https://***@a.test/\"",
                HIDDEN,
            ),
            ("number", "7", "7", "7", HIDDEN),
            ("number", "' 7'", "7", "7", HIDDEN),
            ("number", "'x'", "\"x\"", HIDDEN, HIDDEN),
            ("url", "'https://a.test'", "\"https://a.test\"", "\"https://a.test\"", HIDDEN),
            ("url", "'x'", "\"x\"", HIDDEN, HIDDEN),
            (
                "urls",
                "['https://a.test', 'x']",
                "[\"https://a.test\", \"x\"]",
                "[\"https://a.test\", (hidden)]",
                HIDDEN,
            ),
            (
                "map",
                "{ a = 'x', token = 'x' }",
                "{ a = \"x\", token = (hidden) }",
                "{ a = \"x\", token = (hidden) }",
                HIDDEN,
            ),
            ("map", "'{ token = \"x\" }'", "{ token = (hidden) }", "{ token = (hidden) }", HIDDEN),
            ("map", "'x'", HIDDEN, HIDDEN, HIDDEN),
            ("secret", "'x'", "(set)", "(set)", "(set)"),
            ("secret", "''", "(not set)", "(not set)", "(not set)"),
            ("secret", "{ env = 'X' }", "(set)", "(set)", "(set)"),
            ("secrets", "{ a = 'x' }", "(set)", "(set)", "(set)"),
            ("bogus", "'x'", HIDDEN, HIDDEN, HIDDEN),
            ("bogus", "7", HIDDEN, HIDDEN, HIDDEN),
            ("bogus", "{ a = 'x' }", HIDDEN, HIDDEN, HIDDEN),
        ] {
            assert_eq!(shown(key, value), [accepted, unread, rejected], "{key} = {value}");
        }
    }

    #[test]
    fn a_value_in_the_place_of_a_table_is_hidden() {
        let registry = registry();
        for path in [&[][..], &["credentials"], &["credentials", "kinds"], &["http"], &["stores"]] {
            let visibility =
                path.iter().fold(Visibility::top(&registry), |at, segment| at.child(segment));
            for value in ["'x'", "7", "true"] {
                let item = parse_inline(value, &Provenance::Default).expect("a value of TOML");
                for checked in [Checked::Accepted, Checked::Unread] {
                    assert_eq!(
                        visibility.shown(&item, checked),
                        View::Hidden,
                        "{path:?} = {value}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_listed_setting_is_shown_like_its_value() {
        let text = "[credentials.kinds]\ntext = 'a'\nnumber = 300\nbogus = 'x'\nsecret = 'x'\nmap.token = 'x'";
        let loader = Loader::new().registry(registry()).environment(Environment::empty());
        let settings = loader.defaults(text).read().settings();
        let shown = |key: &str| {
            let of_key = |setting: &&Setting| setting.key == format!("credentials.kinds.{key}");
            settings.iter().find(of_key).map(|setting| setting.shown().to_string())
        };
        for (key, expected) in [
            ("text", "\"a\""),
            ("number", "(hidden)"),
            ("url", "(not set)"),
            ("secret", "(set)"),
            ("secrets", "(not set)"),
            ("bogus", "(hidden)"),
            ("map.token", "(hidden)"),
        ] {
            assert_eq!(shown(key).as_deref(), Some(expected), "{key}");
        }
        let withheld = Setting { is_withheld: true, ..settings[0].clone() };
        assert_eq!(withheld.shown(), View::Hidden);
    }

    /// Returns the line of a file as a problem at its first value shows it.
    fn line(key: &str, value: &str) -> String {
        let source = SourceText::new(PathBuf::from("x.toml"), format!("key = {value}").into());
        let mut item = parse_inline(value, &source.provenance(0)).expect("a value of TOML");
        item.span = Some("key = ".len()..source.text.len());
        let mut entries = Entries::new();
        assert!(insert(&mut entries, &["credentials", "kinds", key], item).is_ok());
        let spans = spans([&entries].into_iter(), &registry());
        excerpt(&source.text, &spans, &(0..0), Mark::AsInFile).line
    }

    #[test]
    fn an_excerpt_masks_what_is_not_shown_in_full() {
        for (key, value, masked) in [
            ("text", "'a'", false),
            ("text", "'https://u:p@a.test'", true),
            ("number", "7", false),
            ("number", "'x'", true),
            ("url", "'x'", true),
            ("map", "'{ token = 1 }'", true),
            ("secret", "'x'", true),
            ("bogus", "7", true),
        ] {
            let expected = if masked { "key = ***".to_owned() } else { format!("key = {value}") };
            assert_eq!(line(key, value), expected, "{key}");
        }
    }
}

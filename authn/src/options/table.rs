//! `Table` and `Node`: how options are read. Keys that no option has read are unknown.

use std::{
    any::Any,
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::de::DeserializeOwned;
use url::Url;

use super::{
    BuiltProvider, Entries, Field, Item, Key, LoadContext, Options, PLACEHOLDER, Secret, Shape,
    Type, Validation, Value,
    deserialize::{Absent, Mismatch, Values},
    holds,
    integer_range::IntegerRange,
    probe, rejected, report_failure, report_invalid, report_unknown_key,
    toml::parse_inline,
    words,
};
use crate::{
    Error, SecretString,
    diagnostic::{
        EXPECTED_ADDRESS, Problem, ProblemCode, Provenance, nearest, no_address, shortened,
    },
    process::Process,
    secret::{Reference, Target, without_end},
    sorted::sorted,
};

/// The kind of reference whose target is a list.
const COMMAND: &str = "command";

/// A table of options in a configuration. `#[derive(authn::Options)]` writes the code that reads it; by hand it is:
///
/// ```
/// use authn::options::{Field, Options, Plain, Table};
///
/// struct Retries(u8);
///
/// impl Options for Retries {
///     const FIELDS: &'static [Field] =
///         &[Field::shown("tries", &["Number of tries."], <u8 as Plain>::shape)];
///
///     fn from_table(table: &mut Table<'_>) -> Option<Self> {
///         <u8 as Plain>::read(table.take("tries")).map(Self)
///     }
/// }
/// # assert!(Retries::FIELDS[0].is_required());
/// # let _ = Retries(1).0;
/// ```
pub struct Table<'a> {
    context: &'a dyn LoadContext,
    key: Key,
    item: &'a Item,
    entries: &'a Entries,
    /// All options that the table can have.
    known: Vec<&'static Field>,
    taken: BTreeSet<String>,
    /// Whether a value is still to be filled in, which is reported already.
    is_unfilled: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        context: &'a dyn LoadContext,
        key: Key,
        item: &'a Item,
        entries: &'a Entries,
        known: impl Iterator<Item = &'static Field>,
    ) -> Self {
        Self {
            context,
            key,
            item,
            entries,
            known: known.collect(),
            taken: BTreeSet::new(),
            is_unfilled: false,
        }
    }

    /// Reads an option that is secret.
    pub fn secret<T: Secret>(&mut self, key: &'static str) -> Option<T> {
        T::read(self.take(key))
    }

    /// Reads an option that is another provider, or a list of providers.
    pub fn provider<T: NestedProvider>(&mut self, key: &'static str) -> Option<T> {
        T::read(self.take(key))
    }

    /// Reads more options of the same table.
    #[doc(hidden)]
    pub fn flattened<T: Options>(&mut self) -> Option<T> {
        T::from_table(self)
    }

    /// Reads the other provider whose table is among the options, under the name of that provider.
    #[doc(hidden)]
    pub fn inner_provider<T: InnerProvider>(&mut self) -> Option<T> {
        let is_option = |key: &String| self.known.iter().any(|field| field.key() == key);
        let tables: Vec<_> = self.entries.iter().filter(|(key, _)| !is_option(key)).collect();
        let [provider] = tables.as_slice() else {
            let message = format!("expected one provider's table, found {}", tables.len());
            let help = format!("add one table, such as `[{}.oauth]`", self.key);
            report_not_one_provider(self.context, &self.key, self.item, message, &help);
            self.taken.extend(tables.into_iter().map(|(key, _)| key.clone()));
            return None;
        };
        self.taken.insert(provider.0.clone());
        built(self.context, &self.key, *provider)
    }

    /// Validates options that were read. Returns `None` if they are not valid, when all problems have been reported.
    #[doc(hidden)]
    pub fn validate(&self, validate: impl FnOnce(&mut Validation)) -> Option<()> {
        if self.is_unfilled {
            return None;
        }
        let mut problems = Validation::new();
        validate(&mut problems);
        let problems = problems.into_problems();
        let is_valid = problems.is_empty();
        report_invalid(self.context, problems, &self.key, self.item);
        is_valid.then_some(())
    }

    /// Returns whether a value is still to be filled in. Then nothing can be built, and the problem has been reported.
    pub(crate) fn is_unfilled(&self) -> bool {
        self.is_unfilled
    }

    /// Reports why the struct that was read from the options can't be used.
    pub(crate) fn report_failure(&self, error: &Error) {
        report_failure(self.context, error, &self.key, self.item);
    }

    /// Reports every key that no option has read.
    pub(crate) fn finish(self) {
        for (key, item) in self.entries {
            if !self.taken.contains(key.as_str()) {
                report_unknown_key(self.context, &self.key.child(key), item);
            }
        }
    }

    /// Returns the value of an option, or its absence, and marks the key as known.
    pub fn take(&mut self, key: &'static str) -> Node<'a> {
        self.taken.insert(key.to_owned());
        let item = self.entries.get(key);
        let is_unfilled = item.is_some_and(is_placeholder);
        if is_unfilled {
            self.is_unfilled = true;
            report_unfilled(self.context, &self.key.child(key), item);
        }
        let item = item.filter(|_| !is_unfilled).map(Cow::Borrowed);
        Node {
            context: self.context,
            key: self.key.child(key),
            item,
            table: self.item,
            is_unfilled,
        }
    }
}

/// Returns whether a value, or the target of a reference to a secret, is still to be filled in.
fn is_placeholder(item: &Item) -> bool {
    match &item.value {
        Value::Text(text) => **text == PLACEHOLDER,
        Value::Table(entries) => {
            entries.len() == 1 && entries.values().all(|item| item.as_text() == Some(PLACEHOLDER))
        }
        _ => false,
    }
}

fn report_unfilled(context: &dyn LoadContext, key: &Key, item: Option<&Item>) {
    let problem = Problem::error(ProblemCode::NotFilledIn, "this is still to be filled in");
    let help = format!("replace `{PLACEHOLDER}` by the value, or remove the key");
    context.report(problem.with_key(key).with_help(help), item, false);
}

/// Builds the provider that a table configures.
fn built<T: Any>(
    context: &dyn LoadContext,
    key: &Key,
    (name, table): (&String, &Item),
) -> Option<T> {
    let built: BuiltProvider = context.provider(&key.child(name), name, table)?;
    built.downcast().ok().map(|built| *built)
}

/// Reports that a key has no provider or several providers.
fn report_not_one_provider(
    context: &dyn LoadContext,
    key: &Key,
    item: &Item,
    message: String,
    help: &str,
) {
    let problem = Problem::error(ProblemCode::OneProvider, message).with_key(key).with_help(help);
    context.report(problem, Some(item), false);
}

/// Reads a set of options from a table that may be absent.
pub(crate) fn section<T: Options>(
    context: &dyn LoadContext,
    key: &Key,
    item: Option<&Item>,
) -> Option<T> {
    section_with(context, key, item, T::FIELDS, T::from_table)
}

/// Reads a set of options with a function of its own, from a table that may be absent.
pub(crate) fn section_with<T>(
    context: &dyn LoadContext,
    key: &Key,
    item: Option<&Item>,
    fields: &'static [Field],
    read: impl FnOnce(&mut Table<'_>) -> Option<T>,
) -> Option<T> {
    let empty = Item::empty_table();
    let item = item.unwrap_or(&empty);
    let Some(entries) = item.as_table() else { return report_wrong_type(context, key, item) };
    let mut table = Table::new(context, key.clone(), item, entries, fields.iter());
    let read = read(&mut table).filter(|_| !table.is_unfilled());
    table.finish();
    read
}

/// Reports that a value is not the table that is expected.
pub(crate) fn report_wrong_type<T>(context: &dyn LoadContext, key: &Key, item: &Item) -> Option<T> {
    let message = format!("expected a table, found {}", item.found());
    context.report(Problem::error(ProblemCode::WrongType, message).with_key(key), Some(item), true);
    None
}

/// One value of a configuration, or its absence. [`Table::take`] returns it, and [`Table`] has an example.
#[doc(hidden)]
pub struct Node<'a> {
    context: &'a dyn LoadContext,
    key: Key,
    item: Option<Cow<'a, Item>>,
    /// The table that contains the value, or would contain it.
    table: &'a Item,
    /// Whether the value is still to be filled in, which is reported already.
    is_unfilled: bool,
}

impl Node<'_> {
    /// Reads the value, or returns a default if it is absent.
    pub fn or<T>(self, default: fn() -> T, read: impl FnOnce(Self) -> Option<T>) -> Option<T> {
        if self.is_absent() { Some(default()) } else { read(self) }
    }

    fn child(&self, key: &str, item: &Item) -> Self {
        let (key, item) = (self.key.child(key), Some(Cow::Owned(item.clone())));
        Self { key, item, ..*self }
    }

    /// Returns the value, or reports that it is missing.
    fn present(&self) -> Option<&Item> {
        self.item.as_deref().or_else(|| self.missing())
    }

    /// Reports that the value is missing.
    pub fn missing<T>(&self) -> Option<T> {
        if self.is_unfilled {
            return None;
        }
        let name = self.key.segments().last().map_or("", String::as_str);
        let message = format!("the option `{}` is required, and not set", shortened(name));
        let problem = Problem::error(ProblemCode::MissingKey, message)
            .with_key(&self.key)
            .with_help(self.context.how_to_set(&self.key));
        let at = Some(self.table).filter(|table| table.provenance != Provenance::Default);
        self.context.report(problem, at, false);
        None
    }

    /// Returns whether there is no value.
    pub fn is_absent(&self) -> bool {
        self.item.is_none()
    }

    /// Reads a required secret. Returns `None` after a failure, when the problem has been reported.
    pub fn secret(&self) -> Option<SecretString> {
        let item = self.present()?;
        let is_empty = match &item.value {
            Value::Secret(secret) => secret.is_empty(),
            _ => item.as_text().map(without_end) == Some(""),
        };
        if is_empty {
            return self.empty_secret(item);
        }
        let from_flag = matches!(item.provenance, Provenance::Flag { .. });
        match &item.value {
            Value::Text(text) if from_flag => match parse_inline(text, &item.provenance) {
                Some(inline) if inline.as_table().is_some() => self.refer(&inline),
                _ => {
                    let how = if self.key.is_reachable() {
                        format!("`--set {0}.env=NAME` or `--set {0}.file=PATH`", self.key)
                    } else {
                        "`{ env = \"NAME\" }` or `{ file = \"PATH\" }` instead".to_owned()
                    };
                    let problem = Problem::error(
                        ProblemCode::LiteralSecret,
                        "a secret can't be given in a flag, because other users can see the command line",
                    )
                    .with_key(&self.key)
                    .with_help(format!("write {how}"));
                    self.report(problem)
                }
            },
            Value::Secret(secret) => {
                self.context.record_secret(secret);
                Some(secret.clone())
            }
            Value::Text(text) => {
                let is_written = matches!(item.provenance, Provenance::Environment { .. });
                let text = if is_written { without_end(text) } else { text.as_str() };
                let secret = SecretString::from(text);
                self.context.record_secret(&secret);
                Some(secret)
            }
            Value::Table(_) => self.refer(item),
            _ => {
                let problem = self.mismatch("a text or a reference");
                let help = if self.context.is_written() {
                    "put a secret in quotes"
                } else {
                    "pass a text, a `SecretString` or a reference"
                };
                self.report(problem.with_help(help))
            }
        }
    }

    /// Reports an empty secret. It must not count as unset: another way to authenticate would be chosen.
    fn empty_secret<T>(&self, item: &Item) -> Option<T> {
        let problem = Problem::error(ProblemCode::InvalidValue, "the secret is empty");
        let help = match &item.provenance {
            Provenance::Environment { name } => format!("set {name} to the secret, or unset it"),
            _ if self.context.is_written() => "set it to the secret, or remove it".to_owned(),
            _ => "pass the secret, or leave the option out".to_owned(),
        };
        self.report(problem.with_key(&self.key).with_help(help))
    }

    /// Reads a reference: a table with exactly one kind, whose value is a text, or a list for a command.
    fn refer(&self, item: &Item) -> Option<SecretString> {
        let entries = item.as_table()?;
        let mut all = entries.iter();
        let target = match (all.next(), all.next()) {
            (Some((kind, target)), None) if kind == COMMAND => return self.command(item, target),
            (Some((kind, target)), None) if self.context.is_reference(kind) => {
                let text = target.as_text().filter(|text| !text.is_empty());
                text.map(|text| (kind.as_str(), text, &target.provenance))
            }
            _ => None,
        };
        let Some((kind, text, provenance)) = target else {
            let kinds = self.context.reference_kinds().join("`, `");
            let problem =
                Problem::error(ProblemCode::BadReference, "this is not a reference to a secret");
            return self.report(problem.with_key(&self.key).with_help(format!(
                "write exactly one of `{kinds}`, such as `{{ file = \"/run/secrets/name\" }}`",
            )));
        };
        let target = match self.context.target(kind, text, provenance) {
            Ok(target) => target,
            Err(problem) => return self.report(problem.with_key(&self.key)),
        };
        self.resolved(target, item)
    }

    /// Reads a reference to what a command prints: a list of the program and its arguments.
    fn command(&self, item: &Item, target: &Item) -> Option<SecretString> {
        let target = Self::inline(target, '[');
        let words: Option<Vec<String>> = match &target.value {
            Value::Array(words) => {
                words.iter().map(|word| word.as_text().map(str::to_owned)).collect()
            }
            _ => None,
        };
        let bad = |message: &str, help: &str| {
            let problem = Problem::error(ProblemCode::BadReference, message);
            self.report(problem.with_key(&self.key).with_help(help.to_owned()))
        };
        let Some(words) = words else {
            return bad(
                "the command of a secret is not a list of texts",
                "write the program and its arguments, such as `{ command = [\"pass\", \"show\", \"name\"] }`",
            );
        };
        if let Err(error) = Process::check(&words) {
            return bad(error.message(), error.help().unwrap_or_default());
        }
        if self.key.segments().first().is_none_or(|first| first != "credentials") {
            return bad(
                "a command runs only for the secret of a provider",
                "use another reference, such as `{ file = \"/run/secrets/name\" }`",
            );
        }
        self.resolved(self.context.command(words), item)
    }

    /// Returns the secret of a reference, which is resolved for the first time.
    fn resolved(&self, target: Target, item: &Item) -> Option<SecretString> {
        let place = format!("{} ({})", self.key, item.provenance);
        if self.context.leaves_references() {
            if let Some(error) = target.absence() {
                self.context.record_absence(&self.key, error);
            }
            return Some(SecretString::unread());
        }
        match Reference::new(target.clone(), place.clone()) {
            Err(error) if error.is_not_applicable() && self.context.allows_absence() => {
                let secret = SecretString::referring(Reference::absent(target, place));
                self.context.record_secret(&secret);
                self.context.record_absent(&secret);
                self.context.record_absence(&self.key, error);
                Some(secret)
            }
            Ok(reference) => {
                let secret = SecretString::referring(reference);
                self.context.record_secret(&secret);
                Some(secret)
            }
            Err(error) => {
                self.report(error.as_problem(ProblemCode::UnresolvedReference).with_key(&self.key))
            }
        }
    }

    /// Builds the provider of a table that must contain exactly one provider.
    pub(crate) fn built<T: Any>(&self) -> Option<T> {
        let item = self.present()?;
        let Some(entries) = item.as_table() else {
            let help = format!("add the table of a provider, such as `[{}.jwt]`", self.key);
            return self.report(self.mismatch("a provider's table").with_help(help));
        };
        let mut providers = entries.iter();
        let (Some(provider), None) = (providers.next(), providers.next()) else {
            let message = format!("expected one provider, found {}", entries.len());
            let help = match entries.keys().next() {
                Some(first) => format!("keep one of them, such as `{}`", self.key.child(first)),
                None => format!("add its table, such as `[{}.oauth]`", self.key),
            };
            report_not_one_provider(self.context, &self.key, item, message, &help);
            return None;
        };
        built(self.context, &self.key, provider)
    }

    /// Builds the provider of a table as one of a chain, whose secrets may be absent.
    pub(crate) fn built_as_link<T: Any>(&self) -> Option<T> {
        self.context.set_is_link(true);
        let built = self.built();
        self.context.set_is_link(false);
        built
    }

    /// Reads the value if there is one.
    pub fn optional<T>(self, read: fn(Self) -> Option<T>) -> Option<Option<T>> {
        if self.is_absent() { Some(None) } else { read(self).map(Some) }
    }

    /// Reads the values of a table. Returns `None` if one failed, when all problems have been reported.
    pub fn map<T>(self, read: fn(Self) -> Option<T>) -> Option<BTreeMap<String, T>> {
        let item = Self::inline(self.present()?, '{');
        let Value::Table(entries) = &item.value else { return self.expected("a table") };
        let read =
            |(key, item): (&String, &Item)| Some((key.clone(), read(self.child(key, item))?));
        let read: Vec<_> = entries.iter().map(read).collect();
        read.into_iter().collect::<Option<Vec<_>>>().map(sorted)
    }

    /// Reads the values of a list. Returns `None` if one failed, when all problems have been reported.
    pub fn list<T>(self, read: fn(Self) -> Option<T>) -> Option<Vec<T>> {
        let item = Self::inline(self.present()?, '[');
        let Value::Array(items) = &item.value else { return self.expected("a list") };
        let read = |(index, item): (usize, &Item)| read(self.child(&index.to_string(), item));
        let read: Vec<_> = items.iter().enumerate().map(read).collect();
        read.into_iter().collect()
    }

    /// Reads the values of a list of secrets. A text is split at commas and spaces, like that of any other list.
    pub fn secrets<T>(self, read: fn(Self) -> Option<T>) -> Option<Vec<T>> {
        let item = self.present()?;
        let text = item.as_text().map(str::trim_start);
        let Some(text) = text.filter(|text| !text.starts_with('[')) else { return self.list(read) };
        let parts: Vec<&str> =
            if text.starts_with('{') { vec![text] } else { words(text).collect() };
        if parts.is_empty() {
            return self.empty_secret(item);
        }
        let items = parts.into_iter().map(|part| Item::text(part, item.provenance.clone()));
        let items: Vec<Item> = items.collect();
        let read = |(index, item): (usize, &Item)| read(self.child(&index.to_string(), item));
        let read: Vec<_> = items.iter().enumerate().map(read).collect();
        read.into_iter().collect()
    }

    /// Reads a set of options from a table of its own. An absent table is an empty table.
    pub fn options<T: Options>(&self) -> Option<T> {
        let absent = || {
            let item = Item::new(Value::Table(Entries::new()), self.table.provenance.clone());
            Cow::Owned(Item { span: self.table.span.clone(), ..item })
        };
        let item = self.item.as_deref().map_or_else(absent, |item| Self::inline(item, '{'));
        section(self.context, &self.key, Some(&item))
    }

    /// Returns the value, or the table or list that the text of a variable or a flag contains as TOML.
    fn inline(item: &Item, opening: char) -> Cow<'_, Item> {
        let is_typed = item.provenance.is_typed();
        let text =
            item.as_text().filter(|text| !is_typed && text.trim_start().starts_with(opening));
        let inline = text.and_then(|text| parse_inline(text, &item.provenance));
        inline.map_or(Cow::Borrowed(item), Cow::Owned)
    }

    fn expected<T>(&self, expected: &str) -> Option<T> {
        self.report(self.mismatch(expected))
    }

    fn mismatch(&self, expected: &str) -> Problem {
        let found = self.item.as_ref().map_or("nothing", |item| item.found());
        self.wrong_type(expected, found)
    }

    fn wrong_type(&self, expected: &str, found: &str) -> Problem {
        Problem::error(ProblemCode::WrongType, format!("expected {expected}, found {found}"))
            .with_key(&self.key)
    }

    fn report<T>(&self, problem: Problem) -> Option<T> {
        self.context.report(problem, self.item.as_deref(), true);
        None
    }
}

/// A type that a plain option can have: every type that implements `serde::de::DeserializeOwned`.
#[diagnostic::on_unimplemented(
    message = "an option can't have type `{Self}`",
    label = "an option must implement `serde::Deserialize`",
    note = "a table of options is a struct with `#[derive(authn::Options)]`",
    note = "a secret is a `_field`, with an underscore before its name",
    note = "what is not configured is a `__field`, with two"
)]
pub trait Plain: Sized {
    /// Reads the value from the configuration. Returns `None` after a failure, when the problem has been reported.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Returns the type of its value in a configuration.
    fn shape() -> Shape;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Plain for T {
    fn read(node: Node<'_>) -> Option<Self> {
        let Some(item) = &node.item else {
            // Only an `Option` can be absent.
            return T::deserialize(Absent).ok().or_else(|| node.missing());
        };
        match T::deserialize(Values { item, context: node.context }) {
            Ok(value) => Some(value),
            Err(Mismatch { path: Some(problem), .. }) => node.report(problem.with_key(&node.key)),
            Err(Mismatch { expected, .. }) => {
                let shape = Self::shape().value_type;
                node.report(unfit(&node, item, &shape, expected))
            }
        }
    }

    fn shape() -> Shape {
        probe::shape::<Self>()
    }
}

/// Returns the problem of a value that its type does not accept. It is written once, and not for each type.
fn unfit(node: &Node<'_>, item: &Item, shape: &Type, expected: Option<String>) -> Problem {
    let range = expected.as_deref().and_then(IntegerRange::expected);
    let found = rejected(shape, item).map(Cow::into_owned);
    let found = found.map(|shown| match shape {
        Type::Choice(_) | Type::Url | Type::Origin => format!("`{shown}`"),
        _ => shown,
    });
    let expected = match (shape, expected) {
        (Type::Duration, _) => crate::time::duration::EXPECTED.to_owned(),
        (Type::Url, _) => EXPECTED_ADDRESS.to_owned(),
        (Type::Integer, Some(expected)) => match range {
            Some(range) => format!("an integer {range}"),
            None => format!("an integer ({expected})"),
        },
        (Type::List(of) | Type::Map(of), _)
            if **of == Type::Integer
                && let Some(range) = range =>
        {
            format!("{} {range}", shape.with_article())
        }
        (Type::Any | Type::String, Some(expected)) => expected,
        (Type::Any, None) => "any value that fits".to_owned(),
        _ => shape.with_article(),
    };
    let how = match node.key.provider() {
        Some(name) => node.context.how_to_learn(name),
        None => format!("write {expected}"),
    };
    let wants_text = !matches!(shape, Type::Integer | Type::Boolean | Type::Number);
    let unknown = unknown_word(shape, item);
    let near = match (unknown, item.as_text()) {
        (Some((word, words)), _) => nearest(word, words.iter().copied()),
        // The words among what else is expected.
        (None, Some(word)) => nearest(word, expected.split('`').skip(1).step_by(2)),
        (None, None) => None,
    };
    let help = match near.filter(|_| node.context.explains()) {
        Some(near) => format!("did you mean `{near}`? {how}"),
        None if unknown.is_some_and(|(_, words)| words.is_empty()) => {
            "remove it; in a program of your own, add the crate that registers it to Cargo.toml and \
             `use its_crate as _;` to main.rs"
                .to_owned()
        }
        None if *shape == Type::Path && item.as_table().is_some() => {
            format!("write the path itself as a text, such as `{} = \"/path\"`", node.key)
        }
        None if wants_text
            && unknown.is_none()
            && item.as_text().is_none()
            && node.context.is_written() =>
        {
            format!("put a text in quotes; {how}")
        }
        None => how,
    };
    let found = found.map(Cow::Owned).or_else(|| not_one(shape, item));
    let in_list = unknown.filter(|_| matches!(shape, Type::List(_)));
    let found = found.or(in_list.map(|_| "a list with another text".into()));
    let expected = match unknown {
        Some((_, [])) => "a registered name, but no crate of this program registers one".to_owned(),
        _ => expected,
    };
    let is_word = expected.starts_with("one of ") && item.as_text().is_some();
    let found = found.or_else(|| is_word.then_some(Cow::Borrowed("another text")));
    let found = found.unwrap_or_else(|| item.found().into());
    node.wrong_type(&expected, &found).with_help(help)
}

/// Returns the text that is none of the words of a choice, or of a list of choices, with these words.
fn unknown_word<'a>(shape: &'a Type, item: &'a Item) -> Option<(&'a str, &'a [&'static str])> {
    let (of, texts): (_, Vec<&str>) = match (shape, &item.value) {
        (Type::List(of), Value::Array(items)) => {
            (&**of, items.iter().filter_map(Item::as_text).collect())
        }
        (Type::List(of), _) => (&**of, words(item.as_text()?).collect()),
        (one, _) => (one, vec![item.as_text()?]),
    };
    let Type::Choice(words) = of else { return None };
    let unknown = texts.into_iter().find(|text| !words.contains(text))?;
    Some((unknown, words))
}

/// Returns what is wrong with a text that is no URL or no duration, or with such a text in a list.
fn not_one(shape: &Type, item: &Item) -> Option<Cow<'static, str>> {
    match (shape, &item.value) {
        (Type::Url, _) => Some(no_address(item.as_text()?).into()),
        (Type::Duration, _) => item.as_text().map(|_| "a text that is none".into()),
        (Type::List(of), Value::Array(items)) if **of == Type::Url => {
            let text =
                items.iter().filter_map(Item::as_text).find(|text| Url::parse(text).is_err());
            Some(format!("a list with {}", no_address(text?)).into())
        }
        _ => None,
    }
}

/// The type that an `#[inner]` field can have: [`Credentials`](crate::Credentials).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't hold the provider whose table is among the options",
    label = "an `#[inner]` field must be `Credentials`"
)]
#[doc(hidden)]
pub trait InnerProvider: Any {}

/// A type that a `#[provider]` field can have: [`Credentials`](crate::Credentials), or an `Option` or `Vec` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't hold a provider",
    label = "a `#[provider]` field must be `Credentials`, or an `Option` or `Vec` of it"
)]
#[doc(hidden)]
pub trait NestedProvider: Sized {
    /// Reads the value from the configuration. Returns `None` after a failure, when the problem has been reported.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Returns the type of its value in a configuration.
    fn shape() -> Shape;
}

impl<T: NestedProvider> NestedProvider for Option<T> {
    holds!(T, optional);
}

impl<T: NestedProvider> NestedProvider for Vec<T> {
    holds!(T, list);
}

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.key)
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.key)
    }
}

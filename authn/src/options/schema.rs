//! What options are called, mean and look like, taken from their struct.
//!
//! The same description serves the errors, `authn providers`, the JSON Schema, the commented template and
//! the table in the README.

use super::{NestedProvider, Secret, Table, View, Views};

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    key: &'static str,
    kind: Kind,
    docs: &'static [&'static str],
    shape: fn() -> Shape,
    default: Option<fn() -> View>,
    shorthand: bool,
}

/// How an option may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Its value is shown.
    Plain,
    /// Whether it is set is shown.
    Secret,
    /// It is another provider's table, or a list of such.
    Provider,
}

/// An option's type, and whether it may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shape {
    /// The type.
    pub value_type: Type,
    /// It may be left out even without a default.
    pub optional: bool,
}

/// What stands for an option in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    String,
    /// A URL: a server that is asked.
    Url,
    /// A URL of scheme, host and port: where credentials are sent.
    Origin,
    /// A path of a file or a folder.
    Path,
    /// A program with its arguments, which is run.
    Command,
    /// A duration: `"5s"`, `"1h30m"`, or a number of seconds.
    Duration,
    /// One of some words.
    Choice(Vec<&'static str>),
    /// A list; also a text, separated by commas or spaces.
    List(Box<Type>),
    /// A table of values with keys of the user's choice.
    Map(Box<Type>),
    /// A list of so many values.
    Tuple(usize),
    /// A text of a form that has a name.
    Text(&'static str),
    /// A table with these keys.
    Table(Vec<(&'static str, Type)>),
    /// A table with these options.
    Options(&'static [Field]),
    /// A secret: a text or a reference.
    Secret,
    /// Another provider's table.
    Provider,
    /// Anything.
    Any,
}

/// A set of options that can be read from a table; `#[derive(authn::Options)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of options",
    label = "it needs `#[derive(authn::Options)]`"
)]
pub trait Options: Sized + 'static {
    /// The options.
    const FIELDS: &'static [Field];

    /// Reads every option; `None` if one failed, and all problems have been noted.
    fn from_table(table: &mut Table<'_>) -> Option<Self>;

    /// Returns the options as they may be shown.
    fn views(&self) -> Views {
        Views::new()
    }
}

impl Shape {
    /// Makes the shape of what must be given.
    pub fn required(value_type: Type) -> Self {
        Self { value_type, optional: false }
    }

    pub(super) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(super) fn list(self) -> Self {
        Self::required(Type::List(self.value_type.into()))
    }

    pub(super) fn map(self) -> Self {
        Self::required(Type::Map(self.value_type.into()))
    }
}

/// Writes how a type that holds values of another is read, and its shape: `optional`, `list` or `map`.
macro_rules! holds {
    ($of:ident, $how:ident) => {
        fn read(node: Node<'_>) -> Option<Self> {
            node.$how($of::read)
        }

        fn shape() -> Shape {
            $of::shape().$how()
        }
    };
}
pub(super) use holds;

impl Field {
    /// Describes an option that is shown.
    pub const fn shown(
        key: &'static str,
        docs: &'static [&'static str],
        shape: fn() -> Shape,
    ) -> Self {
        Self { key, kind: Kind::Plain, docs, shape, default: None, shorthand: false }
    }

    /// Describes an option that is secret.
    pub const fn secret<T: Secret>(key: &'static str, docs: &'static [&'static str]) -> Self {
        Self { kind: Kind::Secret, ..Self::shown(key, docs, T::shape) }
    }

    /// Describes an option that is another provider, or a list of such.
    pub const fn provider<T: NestedProvider>(
        key: &'static str,
        docs: &'static [&'static str],
    ) -> Self {
        Self { kind: Kind::Provider, ..Self::shown(key, docs, T::shape) }
    }

    /// Adds the view of the default.
    #[must_use]
    pub const fn with_default(mut self, view: fn() -> View) -> Self {
        self.default = Some(view);
        self
    }

    /// Makes it the option that a provider's bare value stands for.
    #[must_use]
    pub const fn as_shorthand(mut self) -> Self {
        self.shorthand = true;
        self
    }

    /// Returns its key in a configuration.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Returns how it may be shown.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns its documentation, Markdown.
    pub fn doc(&self) -> String {
        documentation(self.docs)
    }

    /// Returns its type.
    pub fn value_type(&self) -> Type {
        (self.shape)().value_type
    }

    /// Returns whether it must be given. A table of options must be if one of its options must.
    pub fn is_required(&self) -> bool {
        let shape = (self.shape)();
        let must_be_given = match shape.value_type {
            Type::Options(fields) => fields.iter().any(Self::is_required),
            _ => true,
        };
        self.default.is_none() && !shape.optional && must_be_given
    }

    /// Returns the options of the table that it is, unless it may be left out as a whole.
    pub(crate) fn options(&self) -> Option<&'static [Self]> {
        let shape = (self.shape)();
        match shape.value_type {
            Type::Options(fields) if !shape.optional && self.default.is_none() => Some(fields),
            _ => None,
        }
    }

    /// Returns its default as it may be shown.
    pub fn default(&self) -> Option<View> {
        self.default.map(|view| view().without_unset())
    }

    /// Returns whether a provider's bare value stands for it.
    pub fn is_shorthand(&self) -> bool {
        self.shorthand
    }
}

/// Two fields are the same option if they say the same.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        (self.key, self.kind, self.docs) == (other.key, other.kind, other.docs)
    }
}

impl Eq for Field {}

impl Type {
    /// Returns the type of a value within, by its key or its index.
    pub(crate) fn child(&self, key: &str) -> Option<&Self> {
        match self {
            Self::List(of) | Self::Map(of) => Some(of),
            Self::Table(entries) => entries.iter().find(|(name, _)| *name == key).map(|(_, of)| of),
            _ => None,
        }
    }

    /// Names the type as a sentence does: `a list of strings`, `an integer`.
    pub(crate) fn with_article(&self) -> String {
        let name = self.name();
        match self {
            Self::Choice(_) | Self::Any => name,
            _ if name.starts_with(['i', 'I']) => format!("an {name}"),
            _ => format!("a {name}"),
        }
    }

    /// Returns the options of the tables that it is or holds, and what stands in a path between its own
    /// key and theirs.
    pub fn options(&self) -> Option<(&'static [Field], &'static str)> {
        match self {
            Self::Options(fields) => Some((fields, "")),
            Self::List(of) => of.options().map(|(fields, _)| (fields, "[]")),
            Self::Map(of) => of.options().map(|(fields, _)| (fields, ".NAME")),
            _ => None,
        }
    }

    /// Names several values of the type: `strings`, `lists of URLs`.
    fn plural(&self) -> String {
        match self {
            Self::Choice(_) => self.name(),
            Self::Any => "values".into(),
            Self::List(_) | Self::Map(_) | Self::Tuple(_) => self.name().replacen(" of", "s of", 1),
            Self::Text(form) => format!("{form}es"),
            _ => format!("{}s", self.name()),
        }
    }

    /// Names the type for people: `string`, `list of strings`, `one of a, b`.
    pub fn name(&self) -> String {
        match self {
            Self::Boolean => "boolean".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::String | Self::Path => "string".into(),
            Self::Url | Self::Origin => "URL".into(),
            Self::Command => "list of strings".into(),
            Self::Duration => "duration".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::List(of) => format!("list of {}", of.plural()),
            Self::Map(of) => format!("map of {}", of.plural()),
            Self::Tuple(1) => "list of 1 value".into(),
            Self::Tuple(length) => format!("list of {length} values"),
            Self::Text(form) => (*form).into(),
            Self::Table(_) | Self::Options(_) => "table".into(),
            Self::Secret => "secret".into(),
            Self::Provider => "provider".into(),
            Self::Any => "any value".into(),
        }
    }
}

/// Lists options and those of the tables among them, with their paths: `role`, `role.name`.
pub(crate) fn listed<'a>(
    fields: impl Iterator<Item = &'a Field>,
    prefix: &str,
) -> Vec<(String, &'a Field)> {
    let mut all = Vec::new();
    for field in fields {
        let path = format!("{prefix}{}", field.key);
        let inner =
            field.value_type().options().filter(|_| prefix.matches('.').count() < MAX_DEPTH);
        all.push((path.clone(), field));
        if let Some((fields, between)) = inner {
            all.extend(listed(fields.iter(), &format!("{path}{between}.")));
        }
    }
    all
}

/// How deep tables of options are described: one may hold itself.
pub(crate) const MAX_DEPTH: usize = 8;

/// Joins the lines of doc comments as rustdoc does.
pub(crate) fn documentation(docs: &[&str]) -> String {
    let mut text = String::new();
    for part in docs {
        for line in part.lines() {
            text.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
            text.push('\n');
        }
        if part.is_empty() {
            text.push('\n');
        }
    }
    text.trim().to_owned()
}

/// Returns the first paragraph of a documentation on one line.
pub(crate) fn summary(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

//! What a provider's options are called, mean and look like, taken from its struct.
//!
//! The same description serves the errors, `authn providers`, the JSON Schema, the commented template and
//! the table in the README.

use super::{Nested, Plain, Secret, Table, View};

/// One option of a provider.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    key: &'static str,
    kind: Kind,
    docs: &'static [&'static str],
    shape: fn() -> Shape,
    default: Option<DefaultValue>,
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
    pub r#type: Type,
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
    /// A URL.
    Url,
    /// A duration: `"5s"`, `"1h30m"`, or a number of seconds.
    Duration,
    /// One of some words.
    Choice(Vec<&'static str>),
    /// A list; also a text, separated by commas or spaces.
    List(Box<Type>),
    /// A table of values with keys of the user's choice.
    Map(Box<Type>),
    /// A table with these keys.
    Table(Vec<(&'static str, Type)>),
    /// A secret: a text or a reference.
    Secret,
    /// Another provider's table.
    Provider,
    /// Anything.
    Any,
}

#[derive(Clone, Copy, Debug)]
struct DefaultValue {
    view: fn() -> View,
    source: &'static str,
}

/// Reads a set of options from a table; the attribute macro implements it.
pub trait FromTable: Sized + 'static {
    /// The options.
    const FIELDS: &'static [Field];

    /// Reads every option; `None` if one failed, and all problems have been noted.
    fn from_table(table: &mut Table<'_>) -> Option<Self>;
}

impl Shape {
    /// Makes the shape of what must be given.
    pub fn required(r#type: Type) -> Self {
        Self { r#type, optional: false }
    }
}

impl Field {
    /// Describes an option that is shown.
    pub const fn plain<T: Plain>(key: &'static str, docs: &'static [&'static str]) -> Self {
        Self::new(key, Kind::Plain, docs, T::shape)
    }

    /// Describes an option that is secret.
    pub const fn secret<T: Secret>(key: &'static str, docs: &'static [&'static str]) -> Self {
        Self::new(key, Kind::Secret, docs, T::shape)
    }

    /// Describes an option that is another provider, or a list of such.
    pub const fn provider<T: Nested>(key: &'static str, docs: &'static [&'static str]) -> Self {
        Self::new(key, Kind::Provider, docs, T::shape)
    }

    const fn new(
        key: &'static str,
        kind: Kind,
        docs: &'static [&'static str],
        shape: fn() -> Shape,
    ) -> Self {
        Self { key, kind, docs, shape, default: None, shorthand: false }
    }

    /// Adds the default: its view, and as the source wrote it.
    #[must_use]
    pub const fn with_default(mut self, view: fn() -> View, source: &'static str) -> Self {
        self.default = Some(DefaultValue { view, source });
        self
    }

    /// Makes it the option that a provider's bare value stands for.
    #[must_use]
    pub const fn as_shorthand(mut self) -> Self {
        self.shorthand = true;
        self
    }

    /// Gives its key in a configuration.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// Tells how it may be shown.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Gives its documentation, Markdown.
    pub fn doc(&self) -> String {
        join(self.docs)
    }

    /// Gives its type.
    pub fn r#type(&self) -> Type {
        (self.shape)().r#type
    }

    /// Tells whether it must be given.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !(self.shape)().optional
    }

    /// Gives its default as it may be shown.
    pub fn default(&self) -> Option<View> {
        let default = self.default.as_ref()?;
        Some(match (default.view)() {
            View::Hidden => View::Text(default.source.to_owned()),
            view => view,
        })
    }

    /// Tells whether a provider's bare value stands for it.
    pub fn is_shorthand(&self) -> bool {
        self.shorthand
    }
}

impl Type {
    /// Names the type as a sentence does: `a list of string`, `an integer`.
    pub(crate) fn with_article(&self) -> String {
        let article = match self {
            Self::Integer | Self::Any => "an ",
            Self::Choice(_) => "",
            _ => "a ",
        };
        format!("{article}{}", self.name())
    }

    /// Names the type for people: `string`, `list of string`, `one of a, b`.
    pub fn name(&self) -> String {
        match self {
            Self::Boolean => "boolean".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::Url => "URL".into(),
            Self::Duration => "duration".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::List(of) => format!("list of {}", of.name()),
            Self::Map(of) => format!("map of {}", of.name()),
            Self::Table(_) => "table".into(),
            Self::Secret => "secret".into(),
            Self::Provider => "provider".into(),
            Self::Any => "any".into(),
        }
    }
}

/// Joins the lines of doc comments as rustdoc does.
pub(crate) fn join(docs: &[&str]) -> String {
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

/// Gives the first paragraph of a documentation on one line.
pub(crate) fn summary(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

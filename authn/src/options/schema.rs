//! The description of options: names, documentation and types, taken from their struct.

use std::ops::RangeInclusive;

use super::{NestedProvider, Secret, Table, View, Views, integer_range::IntegerRange};

/// The description of one option. The module [`options`](crate::options) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    key: &'static str,
    kind: Kind,
    docs: &'static [&'static str],
    shape: fn() -> Shape,
    default: Option<fn() -> View>,
    shorthand: bool,
    needed: bool,
}

/// How much of an option may be shown. [`Field::kind`] returns it.
///
/// ```
/// use authn::{CacheOptions, options::{Kind, Options as _}};
///
/// assert!(CacheOptions::FIELDS.iter().all(|field| field.kind() == Kind::Plain));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The value is shown.
    Plain,
    /// Only whether the value is set is shown.
    Secret,
    /// The value is the table of another provider, or a list of such tables.
    Provider,
}

/// The type of an option, and whether the option may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(hidden)]
pub struct Shape {
    /// The type.
    pub value_type: Type,
    /// Whether the option may be left out even without a default.
    pub optional: bool,
    /// The values that an integer type can hold.
    pub(super) range: Option<IntegerRange>,
}

/// The type of an option's value in a configuration. [`Field::value_type`] returns it.
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
    /// The URL of a server that is contacted.
    Url,
    /// An origin (scheme, host, port) to which credentials are sent.
    Origin,
    /// A path of a file or a folder.
    Path,
    /// A program that is run, with its arguments.
    Command,
    /// A duration: `"5s"`, `"1h30m"`, or a number of seconds.
    Duration,
    /// One of these words.
    Choice(Vec<&'static str>),
    /// A list, or a text with elements separated by commas or spaces.
    List(Box<Type>),
    /// A table of values with keys of the user's choice.
    Map(Box<Type>),
    /// A list with this number of values.
    Tuple(usize),
    /// A text of this form, such as an IP address.
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

/// A set of options that can be read from a table. `#[derive(authn::Options)]` implements it. The module
/// [`options`](crate::options) has an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of options",
    label = "it needs `#[derive(authn::Options)]`"
)]
pub trait Options: Sized + 'static {
    /// The options.
    const FIELDS: &'static [Field];

    /// Reads every option. Returns `None` if one failed, when all problems have been reported.
    fn from_table(table: &mut Table<'_>) -> Option<Self>;

    /// Returns the options as they may be shown.
    #[doc(hidden)]
    fn views(&self) -> Views {
        Views::new()
    }
}

impl Shape {
    /// Creates the shape of a required option.
    #[doc(hidden)]
    pub fn required(value_type: Type) -> Self {
        Self { value_type, optional: false, range: None }
    }

    pub(super) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(super) fn list(self) -> Self {
        Self { range: self.range, ..Self::required(Type::List(self.value_type.into())) }
    }

    pub(super) fn map(self) -> Self {
        Self { range: self.range, ..Self::required(Type::Map(self.value_type.into())) }
    }
}

/// Implements `read` and `shape` of a type that contains values of another type: `optional`, `list` or `map`.
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
    /// Describes a plain option.
    #[doc(hidden)]
    pub const fn shown(
        key: &'static str,
        docs: &'static [&'static str],
        shape: fn() -> Shape,
    ) -> Self {
        Self { key, kind: Kind::Plain, docs, shape, default: None, shorthand: false, needed: false }
    }

    /// Describes a secret option.
    #[doc(hidden)]
    pub const fn secret<T: Secret>(key: &'static str, docs: &'static [&'static str]) -> Self {
        Self { kind: Kind::Secret, ..Self::shown(key, docs, T::shape) }
    }

    /// Describes an option that is another provider, or a list of providers.
    #[doc(hidden)]
    pub const fn provider<T: NestedProvider>(
        key: &'static str,
        docs: &'static [&'static str],
    ) -> Self {
        Self { kind: Kind::Provider, ..Self::shown(key, docs, T::shape) }
    }

    /// Adds the view of the default.
    #[must_use]
    #[doc(hidden)]
    pub const fn with_default(mut self, view: fn() -> View) -> Self {
        self.default = Some(view);
        self
    }

    /// Marks the option as the one that a value in place of its table sets.
    #[must_use]
    #[doc(hidden)]
    pub const fn as_shorthand(mut self) -> Self {
        self.shorthand = true;
        self
    }

    /// Marks the option as one that most configurations set.
    #[must_use]
    #[doc(hidden)]
    pub const fn as_needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// Returns the key in a configuration.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Returns how much of the value may be shown.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the documentation in Markdown.
    pub fn doc(&self) -> String {
        documentation(self.docs)
    }

    /// Returns the type of the value.
    pub fn value_type(&self) -> Type {
        (self.shape)().value_type
    }

    /// Returns the integers that the option can hold, or that each value of its list or its map can.
    ///
    /// ```
    /// use authn::Options as _;
    ///
    /// #[derive(authn::Options)]
    /// struct Retries {
    ///     /// Number of tries.
    ///     tries: Option<u8>,
    /// }
    ///
    /// assert_eq!(Retries::FIELDS[0].range(), Some(0..=255));
    /// # let _ = Retries { tries: None }.tries;
    /// ```
    pub fn range(&self) -> Option<RangeInclusive<i128>> {
        (self.shape)().range.map(IntegerRange::values)
    }

    /// Returns whether the option must be set. A table of options must be set if one of its options must.
    pub fn is_required(&self) -> bool {
        let shape = (self.shape)();
        let must_be_given = match shape.value_type {
            Type::Options(fields) => fields.iter().any(Self::is_required),
            _ => true,
        };
        self.default.is_none() && !shape.optional && must_be_given
    }

    /// Returns whether a new configuration has the option, to be filled in: it must be set, or most configurations set it.
    pub(crate) fn is_needed(&self) -> bool {
        self.needed || self.is_required()
    }

    /// Returns the options of the table, if the value is a table of options that can't be left out as a whole.
    pub(crate) fn options(&self) -> Option<&'static [Self]> {
        let shape = (self.shape)();
        match shape.value_type {
            Type::Options(fields) if !shape.optional && self.default.is_none() => Some(fields),
            _ => None,
        }
    }

    /// Returns the default as it may be shown.
    pub fn default(&self) -> Option<View> {
        self.default.map(|view| view().without_unset())
    }

    /// Returns whether a value in place of its table sets this option.
    #[doc(hidden)]
    pub fn is_shorthand(&self) -> bool {
        self.shorthand
    }
}

/// Two fields are equal if their key, kind and documentation are.
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

    /// Returns the name with an article: `a list of strings`, `an integer`.
    pub(crate) fn with_article(&self) -> String {
        let name = self.name();
        match self {
            Self::Choice(_) | Self::Any => name,
            _ if name.starts_with(['i', 'I']) => format!("an {name}"),
            _ => format!("a {name}"),
        }
    }

    /// Returns the options of the tables in the value, and the part of a path between the key of the value and the keys of
    /// these options.
    pub fn options(&self) -> Option<(&'static [Field], &'static str)> {
        match self {
            Self::Options(fields) => Some((fields, "")),
            Self::List(of) => of.options().map(|(fields, _)| (fields, "[]")),
            Self::Map(of) => of.options().map(|(fields, _)| (fields, ".NAME")),
            _ => None,
        }
    }

    /// Returns the name of several values: `strings`, `lists of URLs`.
    fn plural(&self) -> String {
        match self {
            Self::Choice(words) if !words.is_empty() => self.name(),
            Self::Any => "values".into(),
            Self::List(_) | Self::Map(_) | Self::Tuple(_) => self.name().replacen(" of", "s of", 1),
            Self::Text(form) => format!("{form}es"),
            _ => format!("{}s", self.name()),
        }
    }

    /// Returns the name of the type for users: `string`, `list of strings`, `one of a, b`.
    pub fn name(&self) -> String {
        match self {
            Self::Boolean => "boolean".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::String | Self::Path => "string".into(),
            Self::Url | Self::Origin => "URL".into(),
            Self::Command => "list of strings".into(),
            Self::Duration => "duration".into(),
            // No crate of this program registers one.
            Self::Choice(words) if words.is_empty() => "registered name".into(),
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

/// Returns options and those of the tables among them, with their paths: `role`, `role.name`.
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

/// How deep nested tables of options are described. A table may contain itself.
pub(crate) const MAX_DEPTH: usize = 8;

/// Returns the option that a value in place of the table of these options sets.
pub(crate) fn shorthand<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Option<&'f Field> {
    fields.into_iter().find(|field| field.is_shorthand())
}

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

//! What may be shown: views of values without their secrets.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Options, Secret, redact_text};

/// A value as it may be shown to anyone.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// No value.
    NotSet,
    /// A secret that is set: all that is said of it.
    Set,
    /// A value of which nothing says that it may be shown.
    Hidden,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<View>),
    /// A table, in the order to be shown.
    Table(Vec<(String, View)>),
}

impl View {
    /// Leaves out the entries of tables that no value stands for.
    pub(crate) fn without_unset(self) -> Self {
        match self {
            Self::List(items) => Self::List(items.into_iter().map(Self::without_unset).collect()),
            Self::Table(entries) => Self::Table(
                entries
                    .into_iter()
                    .filter(|(_, view)| !matches!(view, Self::NotSet | Self::Set))
                    .map(|(key, view)| (key, view.without_unset()))
                    .collect(),
            ),
            view => view,
        }
    }

    /// Returns whether nothing of it is hidden, so that it can be written into a configuration.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Hidden => false,
            Self::List(items) => items.iter().all(Self::is_complete),
            Self::Table(entries) => entries.iter().all(|(_, view)| view.is_complete()),
            _ => true,
        }
    }

    /// Makes a view of a text, without what a URL in it hides.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(redact_text(text.as_ref()))
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("(not set)"),
            Self::Set => f.write_str("(set)"),
            Self::Hidden => f.write_str("(hidden)"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                separated(f, items, |f, item| write!(f, "{item}"))?;
                f.write_str("]")
            }
            Self::Table(entries) if entries.is_empty() => f.write_str("{}"),
            Self::Table(entries) => {
                f.write_str("{ ")?;
                separated(f, entries, |f, (key, view)| write!(f, "{key} = {view}"))?;
                f.write_str(" }")
            }
        }
    }
}

/// As a program reads it: text, numbers, lists and objects as such, everything unsaid as `null`.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotSet | Self::Set | Self::Hidden => serializer.serialize_none(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Table(entries) => {
                serializer.collect_map(entries.iter().map(|(key, view)| (key, view)))
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}

/// The views of a set of options, by their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views(Vec<(&'static str, View)>);

impl Views {
    /// Makes the views of no option.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the view of an option.
    pub fn push(&mut self, key: &'static str, view: View) {
        self.0.push((key, view));
    }

    /// Adds the views of further options of the same table.
    pub fn flatten<T: Options>(&mut self, options: &T) {
        self.0.extend(options.views().0);
    }

    pub(crate) fn into_entries(self) -> Vec<(String, View)> {
        self.0.into_iter().map(|(key, view)| (key.to_owned(), view)).collect()
    }

    /// Writes the `Debug` of a struct.
    pub fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(name);
        for (key, view) in &self.0 {
            shown.field(key, &format_args!("{view}"));
        }
        shown.finish()
    }
}

/// Shows a secret: whether it is set.
pub fn set_or_not<T: Secret>(secret: &T) -> View {
    if secret.is_set() { View::Set } else { View::NotSet }
}

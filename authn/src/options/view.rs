//! What may be shown: views of values without their secrets.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Secret, Show, redact_text};

/// A value as it may be shown to anybody.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// No value.
    NotSet,
    /// A secret that is set: all that is said of it.
    Set,
    /// A value that nobody has said may be shown.
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

/// A view that prints as itself within generated `Debug` output.
pub struct Shown<'a, T: ?Sized>(pub &'a T);

/// Chosen by method resolution where the type says how it may be shown.
pub trait ShowKnown {
    /// Gives the view.
    fn view(&self) -> Bare;
}

/// Chosen by method resolution for every other type, of which nothing is shown.
pub trait ShowUnknown {
    /// Gives the view.
    fn view(&self) -> Bare;
}

impl<T: Show + ?Sized> ShowKnown for Shown<'_, T> {
    fn view(&self) -> Bare {
        Bare(self.0.show())
    }
}

impl<T: ?Sized> ShowUnknown for &Shown<'_, T> {
    fn view(&self) -> Bare {
        Bare(View::Hidden)
    }
}

/// A view whose `Debug` is its `Display`.
pub struct Bare(pub View);

impl fmt::Debug for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T: ?Sized> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(..)")
    }
}

/// Prints `(set)` or `(not set)` for a secret.
pub struct SetOrNot(bool);

impl SetOrNot {
    /// Looks at a secret.
    pub fn of<T: Secret>(secret: &T) -> Self {
        Self(secret.is_set())
    }
}

impl fmt::Debug for SetOrNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "(set)" } else { "(not set)" })
    }
}

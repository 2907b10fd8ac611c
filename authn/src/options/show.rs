//! How the value of an option is shown: by the first of several means that its type has, and never by its own `Debug`,
//! which might show too much.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    mem::discriminant,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{
    Serialize,
    de::{
        DeserializeOwned, IntoDeserializer,
        value::{Error, StrDeserializer},
    },
};
use serde_json::Value as Json;
use url::Url;

use super::{Item, Value, View, probe, view::redact_url};
use crate::{sorted::sorted, time::duration};

/// A type that knows how its value may be shown. Other types are shown as `serde::Serialize` writes them, an enum as the
/// word that it is read from, and everything else as `(hidden)`.
///
/// ```
/// use authn::{Show, View};
///
/// enum Mode { Fast, Slow }
///
/// impl Show for Mode {
///     fn show(&self) -> View {
///         View::text(match self { Mode::Fast => "fast", Mode::Slow => "slow" })
///     }
/// }
/// ```
pub trait Show {
    /// Returns the value as it may be shown.
    fn show(&self) -> View;
}

macro_rules! show {
    ($($($type:ty),+ => |$value:ident| $view:expr;)*) => {$($(
        impl Show for $type {
            fn show(&self) -> View {
                let $value = self;
                $view
            }
        }
    )+)*};
}

show! {
    bool => |value| View::Boolean(*value);
    i8, i16, i32, u8, u16, u32 => |value| View::Integer((*value).into());
    i64 => |value| View::Integer(*value);
    u64 => |value| i64::try_from(*value).map_or_else(|_| View::Text(value.to_string()), View::Integer);
    usize => |value| (*value as u64).show();
    f32 => |value| View::Float((*value).into());
    f64 => |value| View::Float(*value);
    str, String => |value| View::text(value);
    Path => |value| View::Text(value.display().to_string());
    PathBuf => |value| value.as_path().show();
    Url => |value| View::Text(redact_url(value.clone()));
    Duration => |value| View::Text(duration::format(*value));
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> View {
        (**self).show()
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> View {
        self.as_ref().map_or(View::NotSet, Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> View {
        View::List(self.iter().map(Show::show).collect())
    }
}

impl<T: Show> Show for BTreeMap<String, T> {
    fn show(&self) -> View {
        View::of_map(self.iter().map(|(key, value)| (key.clone(), value.show())))
    }
}

impl<T: Show, S> Show for HashMap<String, T, S> {
    fn show(&self) -> View {
        let sorted: BTreeMap<&String, &T> = sorted(self);
        View::of_map(sorted.into_iter().map(|(key, value)| (key.clone(), value.show())))
    }
}

impl Show for Item {
    fn show(&self) -> View {
        match &self.value {
            Value::Boolean(value) => View::Boolean(*value),
            Value::Integer(value) => View::Integer(*value),
            Value::Float(value) => View::Float(*value),
            Value::Text(text) => View::text(text.as_str()),
            Value::Secret(secret) if secret.is_empty() => View::NotSet,
            Value::Secret(_) => View::Set,
            Value::Array(items) => items.show(),
            Value::Table(entries) => entries.show(),
        }
    }
}

/// A value of any type, for the macro, which calls `view` on six references to it. Each trait of [`views`] needs one
/// reference less, so method resolution takes the first trait that the type has.
#[doc(hidden)]
pub struct Shown<'a, T>(pub &'a T);

impl<T> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(..)")
    }
}

/// The means by which a value can be shown.
pub mod views {
    use serde::{Serialize, de::DeserializeOwned};

    use super::{Show, Shown, serialized, word};
    use crate::options::{Group, View};

    macro_rules! means {
        (@ $name:ident [$bound:path] $shown:ty, $value:ident, $view:expr) => {
            impl<T: $bound> $name for $shown {
                fn view(&self) -> View {
                    let $value = self;
                    $view
                }
            }
        };
        ($(#[doc = $doc:literal] $name:ident [$bound:path] {
            $($shown:ty => |$value:ident| $view:expr;)*
        })*) => {$(
            #[doc = $doc]
            pub trait $name {
                /// Returns the view.
                fn view(&self) -> View;
            }

            $(means! { @ $name [$bound] $shown, $value, $view })*
        )*};
    }

    means! {
        /// By its [`Show`].
        ByShow [Show] { &&&&&Shown<'_, T> => |value| value.0.show(); }
        /// As a set of options.
        ByOptions [Group] { &&&&Shown<'_, T> => |value| value.0.view(); }
        /// As serde writes it.
        BySerialize [Serialize] { &&&Shown<'_, T> => |value| serialized(value.0); }
        /// As the words from which its enums are read.
        ByWords [DeserializeOwned] {
            &&Shown<'_, Option<T>> => |value| value.0.as_ref().map_or(View::NotSet, word);
            &&Shown<'_, Vec<T>> => |value| View::List(value.0.iter().map(word).collect());
        }
        /// As the word from which it is read.
        ByWord [DeserializeOwned] { &Shown<'_, T> => |value| word(value.0); }
        /// Not at all.
        Hidden [Sized] { Shown<'_, T> => |_value| View::Hidden; }
    }
}

/// Returns the view of a value as serde writes it, with secrets in URLs and maps masked.
fn serialized<T: Serialize + ?Sized>(value: &T) -> View {
    serde_json::to_value(value).map_or(View::Hidden, of_json)
}

fn of_json(value: Json) -> View {
    match value {
        Json::Null => View::NotSet,
        Json::Bool(value) => View::Boolean(value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => View::Integer(number),
            (None, Some(float)) if number.is_f64() => View::Float(float),
            _ => View::Text(number.to_string()),
        },
        Json::String(text) => View::text(text),
        Json::Array(items) => View::List(items.into_iter().map(of_json).collect()),
        Json::Object(entries) => {
            View::of_map(entries.into_iter().map(|(key, value)| (key, of_json(value))))
        }
    }
}

/// Returns the view of an enum's value: the word that is read as its variant.
fn word<T: DeserializeOwned>(value: &T) -> View {
    let is_read_as_it = |word: &&str| {
        let word: StrDeserializer<'_, Error> = word.into_deserializer();
        T::deserialize(word).is_ok_and(|read| discriminant(&read) == discriminant(value))
    };
    probe::words::<T>().into_iter().find(is_read_as_it).map_or(View::Hidden, View::text)
}

//! `Shown`: how the macro shows a value, by the best means that its type has.

use std::{fmt, mem::discriminant};

use serde::{
    Serialize,
    de::{
        DeserializeOwned, IntoDeserializer,
        value::{Error, StrDeserializer},
    },
};
use serde_json::Value;

use super::{View, probe, show};

/// A value of any type, to be shown. The macro calls `view` on six references to it, and each trait of
/// [`views`] needs one less: method resolution takes the first that the type has.
pub struct Shown<'a, T>(pub &'a T);

impl<T> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(..)")
    }
}

/// The means by which a value can be shown.
pub mod views {
    use serde::{Serialize, de::DeserializeOwned};

    use super::{Shown, serialized, word};
    use crate::options::{Group, Show, View};

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
        /// As the options that it is.
        ByOptions [Group] { &&&&Shown<'_, T> => |value| value.0.view(); }
        /// As serde writes it.
        BySerialize [Serialize] { &&&Shown<'_, T> => |value| serialized(value.0); }
        /// As the words that its enums are read from.
        ByWords [DeserializeOwned] {
            &&Shown<'_, Option<T>> => |value| value.0.as_ref().map_or(View::NotSet, word);
            &&Shown<'_, Vec<T>> => |value| View::List(value.0.iter().map(word).collect());
        }
        /// As the word that it is read from.
        ByWord [DeserializeOwned] { &Shown<'_, T> => |value| word(value.0); }
        /// Not at all.
        Hidden [Sized] { Shown<'_, T> => |_value| View::Hidden; }
    }
}

/// Shows what serde writes of a value, without what a URL or a map hides.
fn serialized<T: Serialize + ?Sized>(value: &T) -> View {
    serde_json::to_value(value).map_or(View::Hidden, of_json)
}

fn of_json(value: Value) -> View {
    match value {
        Value::Null => View::NotSet,
        Value::Bool(value) => View::Boolean(value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => View::Integer(number),
            (None, Some(float)) if number.is_f64() => View::Float(float),
            _ => View::Text(number.to_string()),
        },
        Value::String(text) => View::text(text),
        Value::Array(items) => View::List(items.into_iter().map(of_json).collect()),
        Value::Object(entries) => {
            show::table(entries.into_iter().map(|(key, value)| (key, of_json(value))))
        }
    }
}

/// Shows a value of an enum as the word that is read as its variant.
fn word<T: DeserializeOwned>(value: &T) -> View {
    let is_read_as_it = |word: &&str| {
        let word: StrDeserializer<'_, Error> = word.into_deserializer();
        T::deserialize(word).is_ok_and(|read| discriminant(&read) == discriminant(value))
    };
    probe::words::<T>().into_iter().find(is_read_as_it).map_or(View::Hidden, View::text)
}

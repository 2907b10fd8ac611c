//! Finds out what a type wants to be deserialised from, by letting it try.
//!
//! A `Deserialize` implementation says what it expects by the method it calls. The probe takes note of it,
//! offers one element of a list or map so that their contents say it too, and then gives up.

use std::{cell::RefCell, fmt};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};

use super::{Command, Shape, Type};

/// Texts as serde names them in its expectations.
const FORMS: [&str; 6] = [
    "IPv4 socket address",
    "IPv6 socket address",
    "socket address",
    "IPv4 address",
    "IPv6 address",
    "IP address",
];

/// Returns the shape of a type that can be deserialised.
pub(crate) fn shape<T: DeserializeOwned>() -> Shape {
    let note = RefCell::new(Note::default());
    // It must fail; what it asked for is what counts.
    let _ = T::deserialize(Probe(&note));
    let note = note.into_inner();
    Shape { r#type: note.found.unwrap_or(Type::Any), optional: note.optional }
}

/// Returns the words of a type that is an enum by itself: whose values a word tells apart. Whatever wraps
/// an enum is deserialised under the enum's name, not under its own.
pub(crate) fn words<T: DeserializeOwned>() -> Vec<&'static str> {
    let note = RefCell::new(Note::default());
    let _ = T::deserialize(Probe(&note));
    let name = std::any::type_name::<T>();
    let name = name.split('<').next().and_then(|path| path.rsplit("::").next());
    match note.into_inner() {
        Note { found: Some(Type::Choice(words)), r#enum, .. } if r#enum == name => words,
        _ => Vec::new(),
    }
}

#[derive(Default)]
struct Note {
    found: Option<Type>,
    optional: bool,
    /// The name of the enum that was found.
    r#enum: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Probe<'a>(&'a RefCell<Note>);

#[derive(Debug)]
struct GivenUp;

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("probed")
    }
}

impl std::error::Error for GivenUp {}

impl de::Error for GivenUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Probe<'_> {
    fn found<T>(self, r#type: Type) -> Result<T, GivenUp> {
        self.0.borrow_mut().found = Some(r#type);
        Err(GivenUp)
    }

    /// Runs `visit` on a note of its own, and returns the type found there.
    fn inner(visit: impl FnOnce(Probe<'_>)) -> Type {
        let note = RefCell::new(Note::default());
        visit(Probe(&note));
        note.into_inner().found.unwrap_or(Type::Any)
    }

    /// A type that parses a text says in its expectation what text; some of them have a name of their own.
    fn text<T>(self, expected: &dyn de::Expected) -> Result<T, GivenUp> {
        let expected = expected.to_string();
        let form = FORMS.into_iter().find(|form| expected.contains(form));
        self.found(if let Some(form) = form {
            Type::Text(form)
        } else if expected.contains("URL") {
            Type::Url
        } else if expected.contains("duration") {
            Type::Duration
        } else if expected.contains("path") {
            Type::Path
        } else {
            Type::String
        })
    }
}

macro_rules! probe {
    ($($method:ident => $type:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, GivenUp> {
            self.found($type)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = GivenUp;

    probe! {
        deserialize_any => Type::Any;
        deserialize_ignored_any => Type::Any;
        deserialize_bool => Type::Boolean;
        deserialize_i8 => Type::Integer;
        deserialize_i16 => Type::Integer;
        deserialize_i32 => Type::Integer;
        deserialize_i64 => Type::Integer;
        deserialize_i128 => Type::Integer;
        deserialize_u8 => Type::Integer;
        deserialize_u16 => Type::Integer;
        deserialize_u32 => Type::Integer;
        deserialize_u64 => Type::Integer;
        deserialize_u128 => Type::Integer;
        deserialize_f32 => Type::Number;
        deserialize_f64 => Type::Number;
        deserialize_char => Type::String;
        deserialize_bytes => Type::String;
        deserialize_byte_buf => Type::String;
        deserialize_unit => Type::Any;
        deserialize_identifier => Type::String;
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        self.text(&visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        self.text(&visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        self.0.borrow_mut().optional = true;
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, GivenUp> {
        self.found(Type::Any)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GivenUp> {
        if name == Command::NAME {
            return self.found(Type::Command);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        let of = Self::inner(|probe| drop(visitor.visit_seq(One(probe))));
        self.found(Type::List(Box::new(of)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, _: V) -> Result<V::Value, GivenUp> {
        self.found(Type::Tuple(length))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        _: V,
    ) -> Result<V::Value, GivenUp> {
        self.found(Type::Tuple(length))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        let of = Self::inner(|probe| drop(visitor.visit_map(One(probe))));
        self.found(Type::Map(Box::new(of)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, GivenUp> {
        // `std::time::Duration`
        if name == "Duration" && fields == ["secs", "nanos"] {
            return self.found(Type::Duration);
        }
        self.found(Type::Table(fields.iter().map(|field| (*field, Type::Any)).collect()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, GivenUp> {
        self.0.borrow_mut().r#enum = Some(name);
        self.found(Type::Choice(variants.to_vec()))
    }
}

/// A list or map of one element, at which the probe looks.
struct One<'a>(Probe<'a>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = GivenUp;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, GivenUp> {
        seed.deserialize(self.0).map(Some)
    }
}

impl<'de> MapAccess<'de> for One<'_> {
    type Error = GivenUp;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, GivenUp> {
        seed.deserialize(de::value::StrDeserializer::new("key")).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, GivenUp> {
        seed.deserialize(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, HashMap},
        net::{IpAddr, Ipv6Addr, SocketAddr},
        path::PathBuf,
        time::Duration,
    };

    use serde::Deserialize;
    use url::Url;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        VeryFast,
        Slow,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its type counts")]
    enum Untagged {
        Number(u8),
        Text(String),
    }

    #[test]
    fn finds_the_words_of_an_enum_alone() {
        #[derive(Deserialize)]
        struct Wrapped(#[expect(dead_code, reason = "only its type counts")] Mode);

        assert_eq!(words::<Mode>(), ["very_fast", "slow"]);
        assert!(words::<Option<Mode>>().is_empty() && words::<Wrapped>().is_empty());
        assert!(words::<Untagged>().is_empty() && words::<String>().is_empty());
    }

    #[test]
    fn finds_types() {
        for (shape, name, optional) in [
            (shape::<bool>(), "boolean", false),
            (shape::<Option<u16>>(), "integer", true),
            (shape::<f64>(), "number", false),
            (shape::<String>(), "string", false),
            (shape::<PathBuf>(), "string", false),
            (shape::<Url>(), "URL", false),
            (shape::<Option<Url>>(), "URL", true),
            (shape::<Duration>(), "duration", false),
            (shape::<Mode>(), "one of very_fast, slow", false),
            (shape::<Vec<String>>(), "list of strings", false),
            (shape::<HashMap<String, u8>>(), "map of integers", false),
            (shape::<IpAddr>(), "IP address", false),
            (shape::<Ipv6Addr>(), "IPv6 address", false),
            (shape::<Option<SocketAddr>>(), "socket address", true),
            (shape::<(String, u8)>(), "list of 2 values", false),
            (shape::<[u8; 1]>(), "list of 1 value", false),
            (shape::<Vec<(u8, u8)>>(), "list of lists of 2 values", false),
            (shape::<Untagged>(), "any value", false),
            (shape::<Option<BTreeMap<String, Vec<u8>>>>(), "map of lists of integers", true),
        ] {
            assert_eq!((shape.r#type.name().as_str(), shape.optional), (name, optional));
        }
    }
}

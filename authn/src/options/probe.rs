//! Finds out which value a type expects, by deserialising it from a probe.
//!
//! A `Deserialize` implementation calls the method of the value that it expects. The probe records the method, offers one
//! element of a list or a map to find out the type of its elements, and then fails.

use std::{cell::RefCell, iter};

use serde::{
    de::{
        self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    Command, Origin, Shape, Type,
    deserialize::{Mismatch, methods},
    integer_range::IntegerRange,
};

/// The forms of texts that serde names in its expectations.
const FORMS: [&str; 6] = [
    "IPv4 socket address",
    "IPv6 socket address",
    "socket address",
    "IPv4 address",
    "IPv6 address",
    "IP address",
];

/// Returns whether a visitor expects the path of a file, such as that of `PathBuf`.
pub(super) fn expects_path(expected: &str) -> bool {
    expected.contains("path string")
}

/// Returns the shape of a type.
pub(crate) fn shape<T: DeserializeOwned>() -> Shape {
    let asked = probe::<T>();
    let value_type = asked.found.unwrap_or(Type::Any);
    Shape { value_type, optional: asked.optional, range: asked.range }
}

/// Returns the words from which an enum is read; none for a type that is not an enum itself. A type that wraps an enum is
/// deserialised under the name of the enum, not under its own.
pub(crate) fn words<T: DeserializeOwned>() -> Vec<&'static str> {
    let name = std::any::type_name::<T>();
    let name = name.split('<').next().and_then(|path| path.rsplit("::").next());
    match probe::<T>() {
        Asked { found: Some(Type::Choice(words)), r#enum, .. } if r#enum == name => words,
        _ => Vec::new(),
    }
}

fn probe<T: DeserializeOwned>() -> Asked {
    // Deserialising always fails here: only the method that the type calls matters.
    Probe::run(|probe| drop(T::deserialize(probe)))
}

#[derive(Default)]
struct Asked {
    found: Option<Type>,
    optional: bool,
    /// The range of the integer that was found, or of those in the list or the map.
    range: Option<IntegerRange>,
    /// The name of the enum that was found.
    r#enum: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Probe<'a>(&'a RefCell<Asked>);

impl Probe<'_> {
    fn found<T>(self, value_type: Type) -> Result<T, Mismatch> {
        self.0.borrow_mut().found = Some(value_type);
        Err(Mismatch::default())
    }

    /// Returns what a visitor asks for when it is run on a probe.
    fn run(visit: impl FnOnce(Probe<'_>)) -> Asked {
        let asked = RefCell::new(Asked::default());
        visit(Probe(&asked));
        asked.into_inner()
    }

    /// Returns the type that a visitor of a list or a map asks for.
    fn inner(self, visit: impl FnOnce(Probe<'_>)) -> Type {
        let asked = Self::run(visit);
        self.0.borrow_mut().range = asked.range;
        asked.found.unwrap_or(Type::Any)
    }

    /// Records an integer. Its type names itself in its expectation.
    fn integer<T>(self, expected: &dyn de::Expected) -> Result<T, Mismatch> {
        self.0.borrow_mut().range = IntegerRange::expected(&expected.to_string());
        self.found(Type::Integer)
    }

    /// Records a text. A type that parses a text names the form of the text in its expectation.
    fn text<T>(self, expected: &dyn de::Expected) -> Result<T, Mismatch> {
        let expected = expected.to_string();
        let form = FORMS.into_iter().find(|form| expected.contains(form));
        self.found(if let Some(form) = form {
            Type::Text(form)
        } else if expected.contains("URL") {
            Type::Url
        } else if expected.contains("duration") {
            Type::Duration
        } else if expects_path(&expected) {
            Type::Path
        } else {
            Type::String
        })
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Mismatch;

    methods! { self, visitor:
        deserialize_any: () => self.found(Type::Any);
        deserialize_bool: () => self.found(Type::Boolean);
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128: () =>
            self.integer(&visitor);
        deserialize_f32 deserialize_f64: () => self.found(Type::Number);
        deserialize_str deserialize_string: () => self.text(&visitor);
        deserialize_char deserialize_bytes deserialize_byte_buf deserialize_identifier: () =>
            self.found(Type::String);
        deserialize_option: () => {
            self.0.borrow_mut().optional = true;
            visitor.visit_some(self)
        };
        deserialize_newtype_struct: (name: &'static str) => match name {
            Command::NAME => self.found(Type::Command),
            Origin::NAME => self.found(Type::Origin),
            _ => visitor.visit_newtype_struct(self),
        };
        deserialize_seq: () => self.found(Type::List(self.inner(|probe| {
            drop(visitor.visit_seq(SeqDeserializer::new(iter::once(probe))));
        }).into()));
        deserialize_map: () => self.found(Type::Map(self.inner(|probe| {
            drop(visitor.visit_map(MapDeserializer::new(iter::once(("key", probe)))));
        }).into()));
        deserialize_tuple: (length: usize) => self.found(Type::Tuple(length));
        deserialize_tuple_struct: (_name: &'static str, length: usize) =>
            self.found(Type::Tuple(length));
        deserialize_struct: (name: &'static str, fields: &'static [&'static str]) =>
            // `std::time::Duration`
            self.found(if name == "Duration" && fields == ["secs", "nanos"] {
                Type::Duration
            } else {
                Type::Table(fields.iter().map(|field| (*field, Type::Any)).collect())
            });
        deserialize_enum: (name: &'static str, variants: &'static [&'static str]) => {
            self.0.borrow_mut().r#enum = Some(name);
            self.found(Type::Choice(variants.to_vec()))
        };
    }

    forward_to_deserialize_any! { unit unit_struct ignored_any }
}

impl IntoDeserializer<'_, Mismatch> for Probe<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
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
    #[expect(dead_code, reason = "only its type matters")]
    enum Untagged {
        Number(u8),
        Text(String),
    }

    #[test]
    fn finds_words_only_of_an_enum() {
        #[derive(Deserialize)]
        struct Wrapped(#[expect(dead_code, reason = "only its type matters")] Mode);

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
            assert_eq!((shape.value_type.name().as_str(), shape.optional), (name, optional));
        }
    }
}

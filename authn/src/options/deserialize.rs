//! A `Deserializer` of a configuration's values. It converts texts, because an environment variable can only contain a
//! text. Its errors never contain a value.

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    de::{
        self, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{Entries, Item, LoadContext, Value, probe::expects_path, toml::parse_inline, words};
use crate::{diagnostic::Problem, time::duration};

/// The error of a value that is not what its type expects. It contains nothing of the value.
#[derive(Debug, Default)]
pub(crate) struct Mismatch {
    pub(crate) expected: Option<String>,
    /// The problem of a path that can't be resolved.
    pub(crate) path: Option<Box<Problem>>,
}

impl Mismatch {
    fn expected(expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), path: None }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not fit")
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    /// The message may quote the value, so it is dropped.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::default()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected.to_string())
    }
}

/// Implements methods of a `Deserializer`, from the arguments of each besides its visitor and from its result.
macro_rules! methods {
    ($this:ident, $visitor:ident: $($($method:ident)+: $arguments:tt => $result:expr;)*) => {
        $($(methods! { @ $method $arguments $this $visitor $result })+)*
    };
    (@ $method:ident ($($argument:ident: $type:ty),*) $this:ident $visitor:ident $result:expr) => {
        fn $method<V: Visitor<'de>>(
            $this,
            $($argument: $type,)*
            $visitor: V,
        ) -> Result<V::Value, Mismatch> {
            // Some results don't use the visitor.
            let _ = &$visitor;
            $result
        }
    };
}
pub(super) use methods;

/// A value that is absent. Only an `Option` can be deserialised from it.
pub(crate) struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch::default())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A value that is present. Paths in it are resolved by the context.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) item: &'a Item,
    pub(crate) context: &'a dyn LoadContext,
}

impl IntoDeserializer<'_, Mismatch> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'a> Values<'a> {
    /// Returns another value of the same configuration.
    fn of<'b>(self, item: &'b Item) -> Values<'b>
    where
        'a: 'b,
    {
        Values { item, context: self.context }
    }

    /// Returns the values of a table, by key.
    fn entries<'de>(
        self,
        entries: &'a Entries,
    ) -> MapDeserializer<'de, impl Iterator<Item = (&'a str, Self)>, Mismatch> {
        MapDeserializer::new(entries.iter().map(move |(key, item)| (key.as_str(), self.of(item))))
    }

    /// Deserialises a text. A path becomes absolute.
    fn string<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let expects: &dyn Expected = &visitor;
        let Some(text) = self.item.as_text().filter(|_| expects_path(&expects.to_string())) else {
            return self.deserialize_any(visitor);
        };
        match self.context.path(text, &self.item.provenance) {
            Ok(path) => match path.to_str() {
                Some(path) => visitor.visit_str(path),
                None => Err(Mismatch::expected("a path below folders whose names are UTF-8")),
            },
            Err(problem) => Err(Mismatch { path: Some(problem), expected: None }),
        }
    }

    /// Deserialises a value that can be given as a text.
    fn parsed<'de, T: FromStr, V: Visitor<'de>>(
        self,
        visitor: V,
        visit: fn(V, T) -> Result<V::Value, Mismatch>,
    ) -> Result<V::Value, Mismatch> {
        match self.item.as_text().map(|text| text.trim().parse()) {
            Some(Ok(value)) => visit(visitor, value),
            Some(Err(_)) => Err(de::Error::invalid_type(Unexpected::Str(""), &visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    /// Deserialises a list. A text is split at commas and spaces, or parsed as TOML.
    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Some(text) = self.item.as_text() else { return self.deserialize_any(visitor) };
        if text.trim_start().starts_with('[') {
            return match parse_inline(text, &self.item.provenance) {
                Some(item) => self.of(&item).deserialize_any(visitor),
                None => Err(de::Error::invalid_type(Unexpected::Str(""), &visitor)),
            };
        }
        let items = words(text).map(|word| Item::text(word, self.item.provenance.clone()));
        let items: Vec<Item> = items.collect();
        visitor.visit_seq(SeqDeserializer::new(items.iter().map(|item| self.of(item))))
    }

    /// Deserialises a map. A text is parsed as TOML.
    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.item.as_text().filter(|_| !self.item.provenance.is_typed()) {
            Some(text) => match parse_inline(text, &self.item.provenance) {
                Some(item) if item.as_table().is_some() => self.of(&item).deserialize_any(visitor),
                _ => Err(de::Error::invalid_type(Unexpected::Str(""), &visitor)),
            },
            None => self.deserialize_any(visitor),
        }
    }

    fn duration(self) -> Result<Duration, Mismatch> {
        let duration = match &self.item.value {
            Value::Text(text) => duration::parse(text),
            Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            _ => None,
        };
        duration.ok_or_else(|| Mismatch::expected(duration::EXPECTED))
    }
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.item.value {
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_str(text),
            Value::Secret(_) => {
                Err(de::Error::invalid_type(Unexpected::Other("a secret"), &visitor))
            }
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(|item| self.of(item))))
            }
            Value::Table(entries) => visitor.visit_map(self.entries(entries)),
        }
    }

    methods! { self, visitor:
        deserialize_bool: () => self.parsed(visitor, V::visit_bool);
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64: () =>
            self.parsed(visitor, V::visit_i64);
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64: () =>
            self.parsed(visitor, V::visit_u64);
        deserialize_f32 deserialize_f64: () => self.parsed(visitor, V::visit_f64);
        deserialize_str deserialize_string: () => self.string(visitor);
        deserialize_option: () => visitor.visit_some(self);
        deserialize_newtype_struct: (_name: &'static str) => visitor.visit_newtype_struct(self);
        deserialize_seq: () => self.seq(visitor);
        deserialize_map: () => self.map(visitor);
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        // `std::time::Duration`
        if name == "Duration" && fields == ["secs", "nanos"] {
            let duration = self.duration()?;
            let parts = [("secs", duration.as_secs()), ("nanos", duration.subsec_nanos().into())];
            return visitor.visit_map(MapDeserializer::new(parts.into_iter()));
        }
        self.map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match &self.item.value {
            Value::Text(text) => visitor.visit_enum(StrDeserializer::new(text.trim())),
            // An option such as `true`, `false` or `"auto"`.
            Value::Boolean(value) if words.contains(&word(*value)) => {
                visitor.visit_enum(StrDeserializer::new(word(*value)))
            }
            Value::Table(entries) => {
                visitor.visit_enum(MapAccessDeserializer::new(self.entries(entries)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

/// Returns the word of a boolean.
fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

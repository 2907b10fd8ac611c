//! `Member`: one member of an answer. It accepts any type, so that each reader decides which types are valid.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// A member of any type. Texts are wiped on drop.
pub(in crate::token_endpoint) enum Member {
    /// Missing, or `null`.
    Absent,
    Text(Zeroizing<String>),
    Number(f64),
    /// A whole number, with all its digits.
    Whole(u64),
    Boolean(bool),
    /// A list of texts.
    Texts(Vec<String>),
    /// Any other list, an object, a negative whole number, or a text that is no Unicode.
    Other,
    /// There is more than one.
    Repeated,
}

impl Member {
    /// Parses a JSON value.
    pub(super) fn of_json(json: &str) -> Self {
        // A number that serde_json refuses is too large, and becomes infinite.
        let of_large = |_| json.parse().map_or(Self::Other, Self::Number);
        serde_json::from_str(json).unwrap_or_else(of_large)
    }

    /// Returns the text of a text.
    pub(in crate::token_endpoint) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether it says nothing: missing, `null` or an empty text.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Absent)
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
        Ok(Member::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
        Ok(u64::try_from(number).map_or(Member::Other, Member::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Member, E> {
        Ok(Member::Number(number))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Member, E> {
        Ok(Member::Boolean(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Member, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = seq.next_element::<Member>()? {
            match (element, &mut texts) {
                (Member::Text(text), Some(texts)) => texts.push(text.to_string()),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Member::Other, Member::Texts))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

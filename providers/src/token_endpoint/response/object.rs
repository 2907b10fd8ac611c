//! `Object`: the members of an answer, of a JSON object or of a form.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::member::Member;

/// The members of an answer by their names.
#[derive(Default)]
pub(in crate::token_endpoint) struct Object(BTreeMap<String, Member>);

impl Object {
    /// Parses a body. A JSON object is one whatever the media type is, because servers send many; a form is one only if
    /// the media type says so, because any text could be a form. Anything else is `None`, such as a JSON list. Bytes that
    /// are no UTF-8 are replaced, because they are mostly in members that are not used, such as descriptions.
    pub(in crate::token_endpoint) fn parse(
        body: &[u8],
        content_type: Option<&str>,
    ) -> Option<Self> {
        if body.trim_ascii_start().starts_with(b"{") {
            if let Ok(text) = str::from_utf8(body) {
                return serde_json::from_str(text).ok();
            }
            let text = Zeroizing::new(String::from_utf8_lossy(body).into_owned());
            return serde_json::from_str(&text).ok();
        }
        is_form(content_type?).then(|| Self::of_form(body)).filter(|form| !form.0.is_empty())
    }

    fn of_form(body: &[u8]) -> Self {
        let mut members = Self::default();
        for (name, value) in url::form_urlencoded::parse(body.trim_ascii()) {
            members.add(name.into_owned(), Member::Text(value.into_owned().into()));
        }
        members
    }

    fn add(&mut self, name: String, member: Member) {
        self.0.entry(name).and_modify(|found| *found = Member::Repeated).or_insert(member);
    }

    /// Adds the members of a member of a JSON object that is an object itself, as `NAME.MEMBER`. Nothing is added if it is
    /// none.
    pub(in crate::token_endpoint) fn add_members_of(&mut self, name: &str, body: &[u8]) {
        let text = Zeroizing::new(String::from_utf8_lossy(body).into_owned());
        let members = serde_json::from_str::<BTreeMap<&str, &RawValue>>(&text).ok();
        let of_member =
            members.and_then(|members| serde_json::from_str(members.get(name)?.get()).ok());
        let Some(Self(inner)) = of_member else { return };
        for (member, value) in inner {
            self.add(format!("{name}.{member}"), value);
        }
    }

    /// Returns a member.
    pub(in crate::token_endpoint) fn get(&self, name: &str) -> &Member {
        self.0.get(name).unwrap_or(&Member::Absent)
    }

    /// Fails if one of these members is repeated: two parsers could then read different values (RFC 8259, 4).
    pub(super) fn has_once(&self, names: &[&'static str]) -> Result<(), String> {
        match names.iter().find(|name| matches!(self.get(name), Member::Repeated)) {
            Some(name) => Err(format!("more than one `{name}`")),
            None => Ok(()),
        }
    }
}

fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Accepts no list, which a derived implementation would read as an object.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut members = Object::default();
        // Each is read by itself, so that one which can't be read spoils no other. No name that is used is unreadable.
        while let Some((name, member)) = map.next_entry::<&RawValue, &RawValue>()? {
            if let Ok(name) = serde_json::from_str(name.get()) {
                members.add(name, Member::of_json(member.get()));
            }
        }
        Ok(members)
    }
}

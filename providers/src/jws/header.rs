//! `Header`: further members of the header of a signed token, and `Json`, any value that a configuration can have.

use std::collections::BTreeMap;

use authn::{Result, Show, Validation, View};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Members that the signer sets itself, or that change what the signature covers (RFC 7515, 4.1; RFC 7797, 3).
const OWN: [&str; 5] = ["alg", "b64", "crit", "kid", "typ"];

/// The key of the option.
const KEY: &str = "jwt_header";

/// The value of the option `jwt_header`: members by name.
pub(crate) type Header = BTreeMap<String, Json>;

/// Any value of a configuration, as JSON.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Json(pub(crate) Value);

/// Fails with a problem for each member that the signer sets itself.
pub(crate) fn check(header: &Header) -> Result<()> {
    let mut problems = Validation::new();
    for name in OWN.iter().filter(|name| header.contains_key(**name)) {
        problems.at(format!("{KEY}.{name}")).error(
            format!("`{KEY}` must not contain `{name}`, which is set for each token"),
            "remove it, and use the option for it if there is one",
        );
    }
    problems.finish()
}

/// Returns the members as JSON. Those that the signer sets itself come later, and replace others.
pub(super) fn members(header: &Header) -> Map<String, Value> {
    let mut members = Map::new();
    members.extend(header.iter().map(|(name, Json(value))| (name.clone(), value.clone())));
    members
}

impl Show for Json {
    fn show(&self) -> View {
        match &self.0 {
            Value::String(text) => View::text(text),
            Value::Bool(value) => View::Boolean(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => View::Integer(value),
                None => View::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Array(values) => {
                View::List(values.iter().map(|value| Self(value.clone()).show()).collect())
            }
            // An object can have keys for secrets, so it is never shown.
            Value::Object(_) | Value::Null => View::Hidden,
        }
    }
}

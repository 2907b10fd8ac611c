//! `JsonObject` and `AuthorizationDetails`: options that are sent as JSON. Each is configured as a table, or as the text of
//! the JSON.

use std::collections::BTreeMap;

use authn::{Error, Result, Show, View, private::sorted};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// A JSON object, such as a claims request (OpenID Connect Core, 5.5).
#[derive(Clone)]
pub(super) struct JsonObject(Map<String, Value>);

/// Authorization details (RFC 9396, 2): a list of objects.
#[derive(Clone)]
pub(super) struct AuthorizationDetails(Vec<Value>);

impl JsonObject {
    /// Returns the JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

impl AuthorizationDetails {
    /// Checks that there are some, and that each names its type (RFC 9396, 2).
    pub(super) fn validate(&self) -> Result<()> {
        let has_type = |detail: &Value| {
            detail.get("type").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty())
        };
        if !self.0.is_empty() && self.0.iter().all(has_type) {
            return Ok(());
        }
        Err(Error::configuration(
            "`authorization_details` is not a list of tables with a `type` each (RFC 9396, 2)",
        )
        .with_help("add `type` to each table, or leave the option out"))
    }

    /// Returns the JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

/// Reads any value. A text is parsed as JSON.
fn value<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<Value, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => serde_json::from_str(&text).map_err(|_| other(expected)),
        value => Ok(value),
    }
}

fn other<E: de::Error>(expected: &'static str) -> E {
    E::invalid_type(de::Unexpected::Other("another value"), &expected)
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a table, or a JSON object as text";
        match value(deserializer, EXPECTED)? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(other(EXPECTED)),
        }
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a list of tables, or a JSON list as text";
        match value(deserializer, EXPECTED)? {
            Value::Array(details) => Ok(Self(details)),
            _ => Err(other(EXPECTED)),
        }
    }
}

impl Show for JsonObject {
    fn show(&self) -> View {
        Shown(&Value::Object(self.0.clone())).show()
    }
}

impl Show for AuthorizationDetails {
    fn show(&self) -> View {
        self.0.iter().map(Shown).collect::<Vec<_>>().show()
    }
}

/// A value as it may be shown: like tables of texts, values under keys such as `token` are hidden.
struct Shown<'a>(&'a Value);

impl Show for Shown<'_> {
    fn show(&self) -> View {
        match self.0 {
            Value::Null => View::text("null"),
            Value::Bool(value) => View::Boolean(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => View::Integer(value),
                None => View::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => View::text(text),
            Value::Array(values) => values.iter().map(Shown).collect::<Vec<_>>().show(),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), Shown(value)));
                sorted::<BTreeMap<_, _>, _>(members).show()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_or_its_json_is_read() {
        let object = json!({ "id_token": { "acr": { "values": ["gold"] } } });
        let details = json!([{ "type": "payment", "amount": 7 }, { "type": "account" }]);
        for (object, details) in [
            (object.clone(), details.clone()),
            (json!(object.to_string()), json!(details.to_string())),
        ] {
            let object: JsonObject = serde_json::from_value(object).unwrap();
            assert_eq!(object.to_json(), r#"{"id_token":{"acr":{"values":["gold"]}}}"#);
            let details: AuthorizationDetails = serde_json::from_value(details).unwrap();
            let read: Value = serde_json::from_str(&details.to_json()).unwrap();
            assert_eq!(read, json!([{ "type": "payment", "amount": 7 }, { "type": "account" }]));
            details.validate().unwrap();
        }
        let null: JsonObject =
            serde_json::from_value(json!(r#"{"userinfo":{"name":null}}"#)).unwrap();
        assert_eq!(null.to_json(), r#"{"userinfo":{"name":null}}"#);
    }

    #[test]
    fn other_values_are_refused_without_being_shown() {
        for value in [json!(7), json!("s3cr3t"), json!("{\"s3cr3t\""), json!("7"), json!(null)] {
            let object = serde_json::from_value::<JsonObject>(value.clone()).map(drop).unwrap_err();
            let details = serde_json::from_value::<AuthorizationDetails>(value.clone());
            for error in [object, details.map(drop).unwrap_err()] {
                let text = error.to_string();
                assert!(text.contains("JSON") && !text.contains("s3cr3t"), "{value}: {text}");
            }
        }
        for details in
            [json!([]), json!([{}]), json!([{ "type": 1 }]), json!([{ "type": "" }]), json!(["a"])]
        {
            let read: AuthorizationDetails = serde_json::from_value(details.clone()).unwrap();
            assert!(read.validate().is_err(), "{details}");
        }
    }

    #[test]
    fn values_under_keys_of_secrets_are_hidden() {
        let details = json!([{ "type": "a", "token": "s3cr3t", "in": { "password": "s3cr3t", "n": [1.5, null] } }]);
        let details: AuthorizationDetails = serde_json::from_value(details).unwrap();
        let shown = details.show().to_string();
        assert!(shown.contains("1.5") && !shown.contains("s3cr3t"), "{shown}");
    }
}

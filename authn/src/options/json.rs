//! Options as JSON Schema (draft 2020-12), for editors and other programs.

use serde_json::{Map, Value, json};

use super::{Field, Kind, Type, View, schema::MAX_DEPTH};

/// Returns the JSON Schema of a table with these options. [`Entry::json_schema`](crate::Entry::json_schema) is the schema of
/// a provider's table.
#[doc(hidden)]
pub fn json_schema<'a>(title: &str, doc: &str, fields: impl Iterator<Item = &'a Field>) -> Value {
    let mut schema = table(fields, 0);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = title.into();
    schema["description"] = doc.into();
    schema
}

fn table<'a>(fields: impl Iterator<Item = &'a Field>, depth: usize) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut property = property(&field.value_type(), depth);
        property["description"] = field.doc().into();
        if let Some(default) = field.default().filter(|default| *default != View::Hidden) {
            property["default"] = json!(default);
        }
        if field.kind() == Kind::Secret {
            property["writeOnly"] = true.into();
        }
        properties.insert(field.key().into(), property);
        if field.is_required() {
            required.push(field.key());
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(value_type: &Type, depth: usize) -> Value {
    match value_type {
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Number => json!({ "type": "number" }),
        Type::String | Type::Path | Type::Text(_) => json!({ "type": "string" }),
        Type::Url | Type::Origin => json!({ "type": "string", "format": "uri" }),
        Type::Duration => json!({ "type": ["string", "integer"] }),
        Type::Choice(words) => {
            // `true` and `false` are accepted as booleans too.
            let booleans = words.iter().filter_map(|word| word.parse::<bool>().ok());
            let words = words.iter().map(|word| json!(word));
            json!({ "enum": words.chain(booleans.map(Value::from)).collect::<Vec<_>>() })
        }
        Type::Command => property(&Type::List(Box::new(Type::String)), depth),
        Type::List(of) => json!({ "type": ["array", "string"], "items": property(of, depth) }),
        Type::Tuple(length) => {
            json!({ "type": ["array", "string"], "minItems": length, "maxItems": length })
        }
        Type::Map(of) => json!({ "type": "object", "additionalProperties": property(of, depth) }),
        Type::Table(entries) => {
            let entry = |(key, of): &(&str, Type)| ((*key).to_owned(), property(of, depth));
            let entries: Map<String, Value> = entries.iter().map(entry).collect();
            json!({ "type": "object", "properties": entries })
        }
        Type::Options(_) if depth >= MAX_DEPTH => json!({ "type": "object" }),
        Type::Options(fields) => {
            let whole = table(fields.iter(), depth + 1);
            match fields.iter().find(|field| field.is_shorthand()) {
                Some(field) => {
                    json!({ "anyOf": [whole, property(&field.value_type(), depth + 1)] })
                }
                None => whole,
            }
        }
        Type::Secret => json!({ "oneOf": [
            { "type": "string" },
            {
                "type": "object",
                "properties": {
                    "env": { "type": "string" },
                    "file": { "type": "string" },
                    "keyring": { "type": "string" },
                    "command": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
        ] }),
        Type::Provider => json!({ "type": "object", "minProperties": 1, "maxProperties": 1 }),
        Type::Any => json!({}),
    }
}

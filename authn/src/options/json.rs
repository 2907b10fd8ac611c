//! Options as JSON Schema (draft 2020-12), for editors and other programs.

use serde_json::{Map, Value, json};

use super::{Field, Kind, Type, View, schema::DEEPEST};

/// Returns the JSON Schema of a table with these options.
pub fn json_schema<'a>(title: &str, doc: &str, fields: impl Iterator<Item = &'a Field>) -> Value {
    let mut schema = table(fields, 0);
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".into(), title.into());
    schema.insert("description".into(), doc.into());
    schema.into()
}

fn table<'a>(fields: impl Iterator<Item = &'a Field>, depth: usize) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut property = property(&field.r#type(), depth);
        property.insert("description".into(), field.doc().into());
        if let Some(default) = field.default().filter(|default| *default != View::Hidden) {
            property.insert("default".into(), json!(default));
        }
        if field.kind() == Kind::Secret {
            property.insert("writeOnly".into(), true.into());
        }
        properties.insert(field.key().into(), property.into());
        if field.is_required() {
            required.push(field.key());
        }
    }
    object(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

fn property(r#type: &Type, depth: usize) -> Map<String, Value> {
    let schema = match r#type {
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Number => json!({ "type": "number" }),
        Type::String | Type::Path | Type::Text(_) => json!({ "type": "string" }),
        Type::Url | Type::Origin => json!({ "type": "string", "format": "uri" }),
        Type::Duration => json!({ "type": ["string", "integer"] }),
        Type::Choice(words) => json!({ "enum": words }),
        Type::Command => return property(&Type::List(Box::new(Type::String)), depth),
        Type::List(of) => json!({ "type": ["array", "string"], "items": property(of, depth) }),
        Type::Tuple(length) => {
            json!({ "type": ["array", "string"], "minItems": length, "maxItems": length })
        }
        Type::Map(of) => json!({ "type": "object", "additionalProperties": property(of, depth) }),
        Type::Table(entries) => {
            let entries: Map<String, Value> = entries
                .iter()
                .map(|(key, of)| ((*key).to_owned(), property(of, depth).into()))
                .collect();
            json!({ "type": "object", "properties": entries })
        }
        Type::Options(_) if depth >= DEEPEST => json!({ "type": "object" }),
        Type::Options(fields) => return table(fields.iter(), depth + 1),
        Type::Secret => json!({ "oneOf": [
            { "type": "string" },
            {
                "type": "object",
                "properties": {
                    "env": { "type": "string" },
                    "file": { "type": "string" },
                    "keyring": { "type": "string" },
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
        ] }),
        Type::Provider => json!({ "type": "object", "minProperties": 1, "maxProperties": 1 }),
        Type::Any => json!({}),
    };
    object(schema)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

//! Options as JSON Schema (draft 2020-12), for editors and other programs.

use serde_json::{Map, Value, json};

use super::{Field, Kind, Type, View, schema::MAX_DEPTH, shorthand};

/// The version of JSON Schema.
pub(crate) const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The kinds of references whose target is a text, in the schema of a table alone. That of a file has those of the registry.
const TEXT_REFERENCES: [&str; 3] = ["env", "file", "keyring"];

/// The form of a duration. Each unit appears at most once, and a longer one before a shorter one.
const DURATION: &str = "^\\s*([0-9]+|(?=[0-9])([0-9]+d\\s*)?([0-9]+h\\s*)?([0-9]+m\\s*)?([0-9]+s\\s*)?([0-9]+ms)?)\\s*$";

/// The form of a URL. Tabs and ends of lines in it are left out when it is parsed.
const URL: &str = "^\\s*[A-Za-z][A-Za-z0-9+.\\t\\r\\n-]*:";

/// Returns the JSON Schema of a table with these options. [`Entry::json_schema`](crate::Entry::json_schema) is the schema of
/// a provider's table.
#[doc(hidden)]
pub fn json_schema<'a>(title: &str, doc: &str, fields: impl Iterator<Item = &'a Field>) -> Value {
    let mut schema = Schemas::of_table().table(fields);
    schema["$schema"] = DRAFT.into();
    schema["title"] = title.into();
    schema["description"] = doc.into();
    schema
}

/// Returns the schema of a secret: a text, or a reference of one of these kinds. The target of `command` is a list.
pub(crate) fn secret<'a>(text_references: impl Iterator<Item = &'a str>) -> Value {
    let text = |kind: &str| (kind.to_owned(), json!({ "type": "string", "minLength": 1 }));
    let mut kinds = Map::new();
    kinds.extend(text_references.map(text));
    let words = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    kinds.insert("command".to_owned(), words);
    json!({ "oneOf": [
        { "type": "string" },
        {
            "type": "object",
            "properties": kinds,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        },
    ] })
}

/// Returns the schema of a table or of the value that stands for it.
pub(crate) fn or_value(table: &Value, value: &Value) -> Value {
    json!({ "anyOf": [table, value] })
}

/// How options become schemas.
pub(crate) struct Schemas {
    /// The schema of a secret.
    pub(crate) secret: Value,
    /// The schema of a table with one provider's table.
    pub(crate) provider: Value,
    /// Whether another layer can set the rest of a table, so that no option of it is required.
    pub(crate) is_layer: bool,
    depth: usize,
}

impl Schemas {
    /// Returns the schemas of the options in a table that is complete.
    fn of_table() -> Self {
        let provider = json!({ "type": "object", "minProperties": 1, "maxProperties": 1 });
        Self { secret: secret(TEXT_REFERENCES.into_iter()), provider, is_layer: false, depth: 0 }
    }

    /// Returns the schemas of the options in a file, which is one layer of several.
    pub(crate) fn of_layer(secret: Value, provider: Value) -> Self {
        Self { secret, provider, is_layer: true, depth: 0 }
    }

    /// Returns the schema of a table with these options.
    pub(crate) fn table<'a>(&self, fields: impl Iterator<Item = &'a Field>) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            properties.insert(field.key().into(), self.option(field));
            if field.is_required() && !self.is_layer {
                required.push(field.key());
            }
        }
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if !self.is_layer {
            schema["required"] = required.into();
        }
        schema
    }

    /// Returns the schema of an option, with what is known of it.
    fn option(&self, field: &Field) -> Value {
        let value_type = field.value_type();
        let mut schema = self.value(&value_type);
        if let Some(range) = field.range() {
            let integer = match &value_type {
                Type::List(_) => &mut schema["items"],
                Type::Map(_) => &mut schema["additionalProperties"],
                _ => &mut schema,
            };
            // A number that has no place in JSON is no limit of a value of TOML either.
            if let (Ok(least), Ok(most)) =
                (i64::try_from(*range.start()), i64::try_from(*range.end()))
            {
                integer["minimum"] = least.into();
                integer["maximum"] = most.into();
            } else if *range.start() >= 0 {
                integer["minimum"] = i64::try_from(*range.start()).unwrap_or(0).into();
            }
        }
        schema["description"] = field.doc().into();
        if let Some(default) = field.default().filter(|default| *default != View::Hidden) {
            schema["default"] = json!(default);
        }
        if field.kind() == Kind::Secret {
            schema["writeOnly"] = true.into();
        }
        schema
    }

    /// Returns the schema of a value.
    pub(crate) fn value(&self, value_type: &Type) -> Value {
        match value_type {
            // A text with such a value is accepted, too, because a variable can only hold a text.
            Type::Boolean => {
                json!({ "type": ["boolean", "string"], "pattern": "^\\s*(true|false)\\s*$" })
            }
            Type::Integer => {
                json!({ "type": ["integer", "string"], "pattern": "^\\s*[+-]?[0-9]+\\s*$" })
            }
            Type::Number => json!({ "type": ["number", "string"] }),
            Type::String | Type::Path | Type::Text(_) | Type::Origin => json!({ "type": "string" }),
            Type::Url => {
                json!({ "type": "string", "format": "uri", "pattern": URL })
            }
            Type::Duration => {
                json!({ "type": ["string", "integer"], "minimum": 0, "pattern": DURATION })
            }
            Type::Choice(words) => {
                // `true` and `false` are accepted as booleans too.
                let booleans = words.iter().filter_map(|word| word.parse::<bool>().ok());
                let words = words.iter().map(|word| json!(word));
                json!({ "enum": words.chain(booleans.map(Value::from)).collect::<Vec<_>>() })
            }
            Type::Command => self.value(&Type::List(Box::new(Type::String))),
            Type::List(of) => {
                let complete = self.complete();
                // A list of tables is never a text.
                let is_text = !matches!(**of, Type::Options(_) | Type::Provider);
                let types: &[&str] = if is_text { &["array", "string"] } else { &["array"] };
                json!({ "type": types, "items": complete.value(of) })
            }
            Type::Tuple(length) => {
                json!({ "type": "array", "minItems": length, "maxItems": length })
            }
            Type::Map(of) => json!({ "type": "object", "additionalProperties": self.value(of) }),
            Type::Table(entries) => {
                let entry = |(key, of): &(&str, Type)| ((*key).to_owned(), self.value(of));
                let mut properties = Map::new();
                properties.extend(entries.iter().map(entry));
                json!({ "type": "object", "properties": properties })
            }
            Type::Options(_) if self.depth >= MAX_DEPTH => json!({ "type": "object" }),
            Type::Options(fields) => {
                let below = self.below();
                let whole = below.table(fields.iter());
                match shorthand(*fields) {
                    Some(field) => or_value(&whole, &below.value(&field.value_type())),
                    None => whole,
                }
            }
            Type::Secret => self.secret.clone(),
            Type::Provider => self.provider.clone(),
            Type::Any => json!({}),
        }
    }

    fn below(&self) -> Self {
        Self {
            secret: self.secret.clone(),
            provider: self.provider.clone(),
            is_layer: self.is_layer,
            depth: self.depth + 1,
        }
    }

    /// Returns the schemas of what is in a list: no other layer adds to it.
    fn complete(&self) -> Self {
        Self { is_layer: false, depth: self.depth, ..self.below() }
    }
}

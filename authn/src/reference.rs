//! The reference of a configuration's format: all tables with their options, the JSON Schema of a whole file, and a
//! file to start from. All of it is made from the structs that read the options.

use serde_json::{Map, Value, json};

use crate::{
    Options, Registry,
    config::sections::{self, SECTIONS},
    http::options::HttpOptions,
    options::{self, Field, Schemas, json, listed},
    registry::{Entry, StoreEntry},
    request::binding::Binding,
    store::FileOptions,
};

/// The options outside of all tables.
#[derive(Options)]
struct TopOptions {
    /// Profile that is used unless a flag or a variable chooses another.
    default_profile: Option<String>,
}

/// A table of a configuration, and its options.
#[derive(Clone, Debug)]
pub struct TableDescription {
    /// Its key, such as `credentials.oauth`; empty for what is outside of all tables.
    pub key: String,
    /// Its documentation in Markdown.
    pub doc: String,
    /// Its options, and those of the tables among them, with their paths in the table.
    pub options: Vec<(String, &'static Field)>,
}

impl TableDescription {
    fn new(key: impl Into<String>, doc: impl Into<String>, fields: &'static [Field]) -> Self {
        Self { key: key.into(), doc: doc.into(), options: listed(fields.iter(), "") }
    }

    /// Describes the table of a provider.
    pub fn of_provider(entry: &Entry) -> Self {
        let key = format!("credentials.{}", entry.name());
        Self { key, doc: entry.doc(), options: entry.options() }
    }

    fn of_store(entry: &StoreEntry) -> Self {
        Self::new(format!("stores.{}", entry.name()), entry.doc(), entry.fields())
    }

    /// Returns the key of an option, such as `credentials.oauth.client_id`.
    pub fn key_of(&self, path: &str) -> String {
        if self.key.is_empty() { path.to_owned() } else { format!("{}.{path}", self.key) }
    }
}

/// Returns all tables that a configuration can have: the sections, and in their place the providers and the stores.
pub fn describe(registry: &Registry) -> Vec<TableDescription> {
    let section = |key| TableDescription::new(key, sections::doc(key), sections::options(key));
    let mut tables = vec![
        TableDescription::new("", "What is outside of all tables.", TopOptions::FIELDS),
        section("credentials"),
    ];
    tables.extend(registry.iter().map(TableDescription::of_provider));
    tables.extend([section("http"), section("stores")]);
    let doc = "Keeps each session in a file in a folder that belongs to the user alone.";
    tables.push(TableDescription::new("stores.file", doc, FileOptions::FIELDS));
    tables.extend(registry.stores().map(TableDescription::of_store));
    tables.push(section("profile"));
    tables
}

/// Returns a configuration for a provider, to be filled in: what is needed, and everything else as comments.
pub fn template(entry: &Entry, registry: &Registry) -> String {
    let of = |key: &str| options::template(key, sections::doc(key), sections::options(key).iter());
    let mut parts = vec![of("credentials"), entry.template()];
    let commented = |text: String| {
        let comment = |line: &str| match line {
            "" => String::new(),
            line if line.starts_with('#') => line.to_owned(),
            line => format!("# {line}"),
        };
        text.lines().map(comment).collect::<Vec<_>>().join("\n") + "\n"
    };
    parts.push(commented(of("http")));
    let stores = describe(registry).into_iter().filter(|table| table.key.starts_with("stores."));
    parts.extend(stores.map(|table| {
        let fields = table.options.iter().filter(|(path, _)| !path.contains('.'));
        let fields = fields.map(|(_, field)| *field);
        commented(options::template(&table.key, &table.doc, fields))
    }));
    parts.join("\n")
}

/// Returns the JSON Schema of a whole file. It describes one layer of several, so no option of a table is required. It is
/// that of the providers and the stores in the registry: a table of another one is refused.
pub fn json_schema(registry: &Registry) -> Value {
    let schemas = Schemas::of_layer(reference("secret"), reference("provider"));
    let text_references = registry.references().map(|(kind, _)| kind);
    let mut definitions = Map::new();
    let secret = json::secret(text_references.filter(|kind| *kind != "command"));
    definitions.insert("secret".to_owned(), secret);
    let mut provider = object(&providers(registry));
    provider["minProperties"] = 1.into();
    provider["maxProperties"] = 1.into();
    definitions.insert("provider".to_owned(), provider);
    for entry in registry.iter() {
        let schema = of_provider(entry, registry, &schemas);
        definitions.insert(format!("credentials.{}", entry.name()), schema);
    }
    let mut credentials = schemas.table(Binding::FIELDS.iter());
    if let Some(properties) = credentials["properties"].as_object_mut() {
        properties["provider"]["enum"] = registry.iter().map(Entry::name).collect();
        properties.extend(providers(registry));
    }
    definitions.insert("credentials".to_owned(), credentials);
    definitions.insert("http".to_owned(), schemas.table(HttpOptions::FIELDS.iter()));
    let file = ("file".to_owned(), schemas.table(FileOptions::FIELDS.iter()));
    let linked = registry.stores().map(|entry| {
        let mut schema = schemas.table(entry.fields().iter());
        schema["description"] = entry.doc().into();
        (entry.name().to_owned(), schema)
    });
    let mut stores = Map::new();
    stores.extend(linked.chain([file]));
    definitions.insert("stores".to_owned(), object(&stores));

    let described = |key: &str| {
        let schema = json!({ "$ref": format!("#/$defs/{key}"), "description": sections::doc(key) });
        (key.to_owned(), schema)
    };
    let mut of_profile = Map::new();
    of_profile.extend(["credentials", "http", "stores"].map(described));
    definitions.insert("profile".to_owned(), object(&of_profile));

    let mut whole = schemas.table(TopOptions::FIELDS.iter());
    if let Some(properties) = whole["properties"].as_object_mut() {
        properties.extend(of_profile);
        let profiles = json!({
            "type": "object",
            "description": sections::doc("profile"),
            "additionalProperties": reference("profile"),
        });
        properties.insert("profile".to_owned(), profiles);
        debug_assert!(SECTIONS.iter().all(|section| properties.contains_key(section.key)));
    }
    whole["$schema"] = json::DRAFT.into();
    whole["title"] = "Configuration of authn".into();
    whole["$defs"] = definitions.into();
    whole
}

fn of_provider(entry: &Entry, registry: &Registry, schemas: &Schemas) -> Value {
    let mut schema = schemas.table(entry.fields());
    if entry.has_inner_provider()
        && let Some(properties) = schema["properties"].as_object_mut()
    {
        // An option has precedence over a provider of the same name.
        let mut inner = providers(registry);
        inner.retain(|name, _| !properties.contains_key(name));
        let named = |name: &String| json!({ "required": [name] });
        let each: Vec<Value> = inner.keys().map(named).collect();
        properties.extend(inner);
        // Another source can add the table of the provider, but not replace one by the table of another provider.
        let none = json!({ "not": { "anyOf": each } });
        schema["oneOf"] = each.into_iter().chain([none]).collect();
    }
    schema["description"] = entry.doc().into();
    // A value in place of the table is short for its most important option.
    let short = match entry.shorthand() {
        Some(field) => schemas.value(&field.value_type()),
        None => json!({ "const": "" }),
    };
    json::or_value(&schema, &short)
}

/// Returns the tables of all providers, by name.
fn providers(registry: &Registry) -> Map<String, Value> {
    let table = |entry: &Entry| {
        let name = entry.name();
        (name.to_owned(), reference(&format!("credentials.{name}")))
    };
    let mut tables = Map::new();
    tables.extend(registry.iter().map(table));
    tables
}

fn object(properties: &Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

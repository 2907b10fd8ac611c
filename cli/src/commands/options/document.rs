//! The JSON of options.

use authn::{View, options::Kind, reference::TableDescription};
use serde::Serialize;

use super::{type_of, variable};
use crate::app::App;

/// A table of a configuration.
#[derive(Serialize)]
pub(super) struct Document {
    key: String,
    doc: String,
    options: Vec<OptionDocument>,
}

/// One option.
#[derive(Serialize)]
pub(in crate::commands) struct OptionDocument {
    name: String,
    r#type: String,
    required: bool,
    default: Option<View>,
    secret: bool,
    doc: String,
    env: String,
}

pub(super) fn of(table: &TableDescription, app: &App) -> Document {
    Document { key: table.key.clone(), doc: table.doc.clone(), options: options(table, app) }
}

/// Returns the options of a table.
pub(in crate::commands) fn options(table: &TableDescription, app: &App) -> Vec<OptionDocument> {
    let option = |(path, field): &(String, &authn::options::Field)| OptionDocument {
        name: path.clone(),
        r#type: type_of(field),
        required: field.is_required(),
        default: field.default(),
        secret: field.kind() == Kind::Secret,
        doc: field.doc(),
        env: variable(app, &table.key_of(path)),
    };
    table.options.iter().map(option).collect()
}

//! The rules for the item as a whole.

use quote::quote;
use syn::{Data, DataStruct, Fields};

use super::errors::Errors;
use crate::ast::Item;
use crate::model::{Arguments, Macro};

/// Checks the item apart from its fields.
pub(crate) fn check(item: &Item, arguments: &Arguments, errors: &mut Errors) {
    let of = arguments.of;
    check_shape(item, of, errors);
    check_generics(item, of, errors);
    let ident = &item.emitted.ident;
    if item.docs.is_empty()
        && let Some(command) = of.command(&arguments.name.value())
    {
        errors
            .refuse(ident, format_args!("document `{ident}`: `{command}` shows its text to users"));
    }
    let attribute = of.attribute();
    if let Some(debug) = &item.derived_debug {
        let message =
            format!("remove the derived `Debug`: `{attribute}` writes one that keeps secrets");
        errors.refuse(debug, message);
    }
    if let Some(repeated) = &item.repeated {
        let (noun, name) = (of.noun(), quote!(#repeated).to_string());
        let second =
            if name.contains("token_store") { "#[token_store]" } else { "#[token_provider]" };
        let message = format!("remove the second `{second}`: a struct is one {noun}");
        errors.refuse(repeated, message);
    }
}

fn check_shape(item: &Item, of: Macro, errors: &mut Errors) {
    let message =
        format!("make it a struct with named fields: each field is an option of the {}", of.noun());
    match &item.emitted.data {
        Data::Struct(DataStruct { fields: Fields::Named(_) | Fields::Unit, .. }) => {}
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => {
            errors.refuse(
                fields,
                "give each field a name: it is the key of an option in the configuration",
            );
        }
        Data::Enum(data) => errors.refuse(data.enum_token, message),
        Data::Union(data) => errors.refuse(data.union_token, message),
    }
}

fn check_generics(item: &Item, of: Macro, errors: &mut Errors) {
    let generics = &item.emitted.generics;
    let reason = match of {
        Macro::Provider => "a provider is one type, which the configuration names",
        Macro::Store => "a store is one type, which the configuration names",
        Macro::Options => "the options of a table are one type",
    };
    if !generics.params.is_empty() {
        errors.refuse(generics, format_args!("remove the generic parameters: {reason}"));
    } else if let Some(clause) = &generics.where_clause {
        errors.refuse(quote!(#clause), format_args!("remove the `where` clause: {reason}"));
    }
}

impl Macro {
    /// The command that shows a struct's documentation, if one does.
    fn command(self, name: &str) -> Option<String> {
        match self {
            Self::Provider => Some(format!("authn providers {name}")),
            Self::Store | Self::Options => None,
        }
    }
}

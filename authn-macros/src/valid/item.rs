//! The rules for the item as a whole.

use quote::quote;
use syn::{Data, DataStruct, Fields};

use super::errors::Errors;
use super::words::Words;
use crate::ast::Item;
use crate::model::{Arguments, Macro};

/// Checks the item apart from its fields.
pub(crate) fn check(item: &Item, arguments: &Arguments, errors: &mut Errors) {
    let words = arguments.of.words();
    let Words { attribute, noun, .. } = words;
    check_shape(item, noun, errors);
    check_generics(item, words.one_type, errors);
    let ident = &item.emitted.ident;
    if item.docs.is_empty() && arguments.of == Macro::Provider {
        let name = arguments.name.value();
        let message =
            format!("document `{ident}`: `authn providers {name}` shows its text to users");
        errors.refuse(ident, message);
    }
    if let Some(debug) = &item.derived_debug {
        let message =
            format!("remove the derived `Debug`: `{attribute}` writes one that hides secrets");
        errors.refuse(debug, message);
    }
    if let Some(repeated) = &item.repeated {
        let is_store = quote!(#repeated).to_string().contains("token_store");
        let second = if is_store { Macro::Store } else { Macro::Provider }.words().attribute;
        let message = format!("remove the second `{second}`: one struct is one {noun}");
        errors.refuse(repeated, message);
    }
}

fn check_shape(item: &Item, noun: &str, errors: &mut Errors) {
    let message =
        format!("make it a struct with named fields: each field is an option of the {noun}");
    match &item.emitted.data {
        Data::Struct(DataStruct { fields: Fields::Named(_) | Fields::Unit, .. }) => {}
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => {
            let message = "give each field a name: it is the key of an option in the configuration";
            errors.refuse(fields, message);
        }
        Data::Enum(data) => errors.refuse(data.enum_token, message),
        Data::Union(data) => errors.refuse(data.union_token, message),
    }
}

fn check_generics(item: &Item, reason: &str, errors: &mut Errors) {
    let generics = &item.emitted.generics;
    if !generics.params.is_empty() {
        errors.refuse(generics, format_args!("remove the generic parameters: {reason}"));
    } else if let Some(clause) = &generics.where_clause {
        errors.refuse(quote!(#clause), format_args!("remove the `where` clause: {reason}"));
    }
}

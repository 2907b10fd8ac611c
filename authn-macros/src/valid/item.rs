//! The rules for the item as a whole.

use quote::quote;
use syn::{Data, DataStruct, Fields, LitStr};

use super::errors::Errors;
use crate::ast::Item;

/// Checks the item apart from its fields.
pub(crate) fn check(item: &Item, name: &LitStr, errors: &mut Errors) {
    check_shape(item, errors);
    check_generics(item, errors);
    let ident = &item.emitted.ident;
    if item.docs.is_empty() {
        let name = name.value();
        errors.refuse(
            ident,
            format_args!("document `{ident}`: `authn providers {name}` shows its text to users"),
        );
    }
    if let Some(debug) = &item.derived_debug {
        errors.refuse(
            debug,
            "remove the derived `Debug`: `#[token_provider]` writes one that keeps secrets",
        );
    }
    if let Some(repeated) = &item.repeated {
        errors.refuse(repeated, "remove the second `#[token_provider]`: a struct is one provider");
    }
}

fn check_shape(item: &Item, errors: &mut Errors) {
    let message = "make it a struct with named fields: each field is an option of the provider";
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

fn check_generics(item: &Item, errors: &mut Errors) {
    let generics = &item.emitted.generics;
    let reason = "a provider is one type, which the configuration names";
    if !generics.params.is_empty() {
        errors.refuse(generics, format_args!("remove the generic parameters: {reason}"));
    } else if let Some(clause) = &generics.where_clause {
        errors.refuse(quote!(#clause), format_args!("remove the `where` clause: {reason}"));
    }
}

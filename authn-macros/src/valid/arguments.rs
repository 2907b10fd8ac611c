//! The rules for the arguments of the attribute.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, parse_quote};

use super::errors::Errors;
use super::name;
use crate::args::Argument;
use crate::model::Arguments;

/// Checks the arguments. After an error it still gives as much as it could make out, so that the
/// rules for the item, and the stand-ins, can go by it.
pub(crate) fn check(
    arguments: syn::Result<Vec<Argument>>,
    ident: &Ident,
    errors: &mut Errors,
) -> Arguments {
    let mut checked = Arguments {
        name: LitStr::new(&expected_name(ident), ident.span()),
        cached: false,
        own_placement: false,
        authn: parse_quote!(::authn),
    };
    match arguments {
        Ok(arguments) => check_each(arguments, ident, &mut checked, errors),
        Err(error) => errors.add(error),
    }
    checked
}

fn check_each(
    mut arguments: Vec<Argument>,
    ident: &Ident,
    checked: &mut Arguments,
    errors: &mut Errors,
) {
    check_name_is_first(&mut arguments, ident, errors);
    let (mut name_given, mut authn_given) = (false, false);
    for argument in arguments {
        match argument {
            Argument::Name(name) if name_given => {
                errors.refuse(name, "remove the second name: a provider has one");
            }
            Argument::Name(name) => {
                name_given = true;
                check_name(&name, ident, errors);
                checked.name = name;
            }
            Argument::Cached(flag) => set(&mut checked.cached, flag, errors),
            Argument::OwnPlacement(flag) => set(&mut checked.own_placement, flag, errors),
            Argument::Crate { keyword, path, .. } => {
                set(&mut authn_given, keyword, errors);
                checked.authn = path;
            }
            Argument::Other(tokens) => {
                let known = "the name, `cached`, `own_placement` and `crate = path`";
                errors
                    .refuse(&tokens, format_args!("remove `{tokens}`: the arguments are {known}"));
            }
        }
    }
}

/// Asks for the name. What stands first and is no argument was meant to be it: that is one mistake.
fn check_name_is_first(arguments: &mut Vec<Argument>, ident: &Ident, errors: &mut Errors) {
    let is_name = |argument: &Argument| matches!(argument, Argument::Name(_));
    let Some(first) = arguments.first() else {
        return errors.refuse(TokenStream::new(), missing_name(ident));
    };
    if is_name(first) {
        return;
    }
    let tokens = first.to_token_stream();
    if arguments.iter().any(is_name) {
        errors.refuse(tokens, "put the name before this argument");
    } else {
        errors.refuse(tokens, missing_name(ident));
    }
    if matches!(first, Argument::Other(_)) {
        arguments.remove(0);
    }
}

fn missing_name(ident: &Ident) -> String {
    let name = expected_name(ident);
    format!("name the provider, in quotes and first: `#[token_provider(\"{name}\")]`")
}

/// The name that the struct's own name suggests.
fn expected_name(ident: &Ident) -> String {
    name::to_snake_case(&ident.unraw().to_string()).unwrap_or_else(|| "corp_sts".to_owned())
}

fn check_name(literal: &LitStr, ident: &Ident, errors: &mut Errors) {
    let given = literal.value();
    if !name::is_snake_case(&given) {
        let nearest = name::to_snake_case(&given).unwrap_or_else(|| expected_name(ident));
        let message = format!("write the name with {}, such as `{nearest}`", name::FORM);
        errors.refuse(literal, message);
    } else if name::RESERVED.contains(&given.as_str()) {
        let message = format!("choose another name: `{given}` is a key of `[credentials]` itself");
        errors.refuse(literal, message);
    }
}

fn set(flag: &mut bool, tokens: impl ToTokens, errors: &mut Errors) {
    if *flag {
        let text = tokens.to_token_stream();
        errors.refuse(tokens, format_args!("remove the second `{text}`"));
    }
    *flag = true;
}

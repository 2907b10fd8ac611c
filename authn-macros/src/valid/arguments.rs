//! The rules for the arguments of the attribute.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, parse_quote};

use super::errors::Errors;
use super::name;
use crate::args::Argument;
use crate::model::{Arguments, Macro};

/// Checks the arguments. After an error it still returns as much as it could make out, so that the
/// rules for the item, and the stand-ins, can go by it.
pub(crate) fn check(
    of: Macro,
    arguments: syn::Result<Vec<Argument>>,
    ident: &Ident,
    errors: &mut Errors,
) -> Arguments {
    let mut checked = Arguments {
        of,
        name: LitStr::new(&expected_name(ident), ident.span()),
        flags: Vec::new(),
        validate: None,
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
    let of = checked.of;
    if of.has_name() {
        check_name_is_first(of, &mut arguments, ident, errors);
    }
    let (mut name_given, mut authn_given) = (false, false);
    for argument in arguments {
        match argument {
            Argument::Name(name) if of.has_name() && name_given => {
                let noun = of.noun();
                errors.refuse(name, format_args!("remove the second name: a {noun} has one"));
            }
            Argument::Name(name) if of.has_name() => {
                name_given = true;
                check_name(of, &name, ident, errors);
                checked.name = name;
            }
            Argument::Flag(flag) if of.flags().iter().any(|known| flag == known) => {
                check_once(checked.has(&flag.to_string()), &flag, errors);
                checked.flags.push(flag);
            }
            Argument::Path { name, path, .. } if of != Macro::Provider && name == "validate" => {
                check_once(checked.validate.is_some(), &name, errors);
                checked.validate = Some(path);
            }
            Argument::Crate { keyword, path, .. } => {
                check_once(authn_given, keyword, errors);
                authn_given = true;
                checked.authn = path;
            }
            other => {
                let (tokens, known) = (other.to_token_stream(), of.arguments());
                errors
                    .refuse(&tokens, format_args!("remove `{tokens}`: the arguments are {known}"));
            }
        }
    }
}

/// Asks for the name. What stands first and is no argument was meant to be it: that is one mistake.
fn check_name_is_first(
    of: Macro,
    arguments: &mut Vec<Argument>,
    ident: &Ident,
    errors: &mut Errors,
) {
    let is_name = |argument: &Argument| matches!(argument, Argument::Name(_));
    let Some(first) = arguments.first() else {
        return errors.refuse(TokenStream::new(), missing_name(of, ident));
    };
    if is_name(first) {
        return;
    }
    let tokens = first.to_token_stream();
    if arguments.iter().any(is_name) {
        errors.refuse(tokens, "put the name before this argument");
    } else {
        errors.refuse(tokens, missing_name(of, ident));
    }
    let is_argument = match first {
        Argument::Flag(flag) => of.flags().iter().any(|known| flag == known),
        first => matches!(first, Argument::Crate { .. }),
    };
    if !is_argument {
        arguments.remove(0);
    }
}

fn missing_name(of: Macro, ident: &Ident) -> String {
    let (noun, attribute, name) = (of.noun(), of.attribute(), expected_name(ident));
    format!(
        "name the {noun}, in quotes and first: `{}`",
        attribute.replace(']', &format!("(\"{name}\")]"))
    )
}

/// The name that the struct's own name suggests.
fn expected_name(ident: &Ident) -> String {
    name::to_snake_case(&ident.unraw().to_string()).unwrap_or_else(|| "corp_sts".to_owned())
}

fn check_name(of: Macro, literal: &LitStr, ident: &Ident, errors: &mut Errors) {
    let given = literal.value();
    let (keys, section) = of.reserved_names();
    if !name::is_snake_case(&given) {
        let nearest = name::to_snake_case(&given).unwrap_or_else(|| expected_name(ident));
        let message = format!("write the name with {}, such as `{nearest}`", name::FORM);
        errors.refuse(literal, message);
    } else if keys.contains(&given.as_str()) {
        errors.refuse(literal, format_args!("choose another name: `{given}` is {section}"));
    }
}

fn check_once(is_set: bool, tokens: impl ToTokens, errors: &mut Errors) {
    if is_set {
        let text = tokens.to_token_stream();
        errors.refuse(tokens, format_args!("remove the second `{text}`"));
    }
}

impl Macro {
    /// Returns whether its first argument is a name.
    fn has_name(self) -> bool {
        self != Self::Options
    }

    /// The macro as its user writes it.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Provider => "#[token_provider]",
            Self::Store => "#[token_store]",
            Self::Options => "#[derive(Options)]",
        }
    }

    /// What it makes of a struct.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Store => "store",
            Self::Options => "set of options",
        }
    }

    /// The words among its arguments.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Provider => &["cached", "own_placement"],
            Self::Store => &["secrets"],
            Self::Options => &["default"],
        }
    }

    /// All its arguments.
    fn arguments(self) -> &'static str {
        match self {
            Self::Provider => "the name, `cached`, `own_placement` and `crate = path`",
            Self::Store => "the name, `secrets`, `validate = path` and `crate = path`",
            Self::Options => "`validate = path`, `default` and `crate = path`",
        }
    }

    /// The names that it can't have, and what they are.
    fn reserved_names(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Provider => (&name::RESERVED, "a key of `[credentials]` itself"),
            Self::Store => (&name::RESERVED_STORES, "a store or a reference of the framework"),
            Self::Options => (&[], ""),
        }
    }
}

//! The rules for the arguments of the attribute.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, parse_quote};

use super::errors::Errors;
use super::{name, requests};
use crate::args::{Argument, Form};
use crate::manifest;
use crate::model::{Arguments, Macro};

/// Checks the arguments. After an error it still returns the valid ones, which the rules for the item and
/// the empty implementations need.
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
        place: Vec::new(),
        refusing: Vec::new(),
        authn: parse_quote!(::authn),
    };
    let mut arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => {
            errors.add(error);
            return checked;
        }
    };
    if of.has_name() {
        check_name_is_first(of, &mut arguments, ident, errors);
    }
    let (mut name_given, mut authn_given) = (false, false);
    let mut given: Vec<Ident> = Vec::new();
    for Argument { tokens, form } in arguments {
        match form {
            Form::Name(name) if of.has_name() && name_given => {
                let noun = of.words().noun;
                errors.refuse(name, format_args!("remove the second name: a {noun} has one"));
            }
            Form::Name(name) if of.has_name() => {
                name_given = true;
                check_name(of, &name, ident, errors);
                checked.name = name;
            }
            Form::Flag(flag) if of.has_flag(&flag) => {
                check_once(checked.has(&flag.to_string()), &flag, errors);
                checked.flags.push(flag);
            }
            Form::Path(name, path) if of != Macro::Provider && name == "validate" => {
                check_once(checked.validate.is_some(), &name, errors);
                checked.validate = Some(path);
            }
            Form::Value(name, value) if of == Macro::Provider && requests::is_argument(&name) => {
                check_once(given.contains(&name), &name, errors);
                if name == "refusing" {
                    checked.refusing = requests::refusing(&value, errors);
                } else if let Some(text) = requests::place(&name, &value, errors) {
                    checked.place.push((name.clone(), text));
                }
                given.push(name);
            }
            Form::Path(name, path) if of == Macro::Provider && requests::is_argument(&name) => {
                requests::refuse_path(&name, &path, errors);
            }
            Form::Path(name, path) if name == "crate" => {
                check_once(authn_given, &name, errors);
                authn_given = true;
                checked.authn = path;
            }
            _ => {
                let known = of.words().arguments;
                errors
                    .refuse(&tokens, format_args!("remove `{tokens}`: the arguments are {known}"));
            }
        }
    }
    if !authn_given && let Some(name) = manifest::other_name() {
        let argument = match of {
            Macro::Options => format!("#[options(crate = {name})]"),
            Macro::Provider | Macro::Store => format!("crate = {name}"),
        };
        let message = format!("add `{argument}`: Cargo.toml has `authn` under this name");
        errors.add(syn::Error::new(Span::call_site(), message));
        checked.authn = syn::parse_str(&name).unwrap_or(checked.authn);
    }
    if let Some(login) = checked.flags.iter().find(|flag| *flag == "login")
        && !checked.has("cached")
    {
        errors.refuse(login, "add `cached`: only a cached provider keeps the session of a login");
    }
    if let Some(kept) = checked.flags.iter().find(|flag| *flag == "kept")
        && checked.has("cached")
    {
        errors.refuse(kept, "remove `kept`: a cached provider keeps secrets with its tokens, by `TokenSet::with_kept`");
    }
    for argument in given {
        if argument != "refusing" && checked.has("own_placement") {
            let message = format!(
                "remove `{argument}`: with `own_placement` the provider places its token itself"
            );
            errors.refuse(argument, message);
        } else if argument == "refusing" && !checked.has("cached") {
            let message = "add `cached`: only a cached token is replaced when it is refused";
            errors.refuse(argument, message);
        }
    }
    checked
}

/// Checks that the name is the first argument. An unknown first argument was meant as the name, so it is not reported
/// again.
fn check_name_is_first(
    of: Macro,
    arguments: &mut Vec<Argument>,
    ident: &Ident,
    errors: &mut Errors,
) {
    let is_argument = match arguments.first().map(|first| &first.form) {
        Some(Form::Name(_)) => return,
        Some(Form::Flag(flag)) => of.has_flag(flag),
        Some(Form::Path(name, _) | Form::Value(name, _)) => name == "crate",
        Some(Form::Other) | None => false,
    };
    let tokens = arguments.first().map(|first| &first.tokens);
    if arguments.iter().any(|argument| matches!(argument.form, Form::Name(_))) {
        errors.refuse(tokens, "put the name before this argument");
    } else {
        let (noun, attribute) = (of.words().noun, of.words().attribute.trim_end_matches(']'));
        let name = expected_name(ident);
        let message = format!("name the {noun}, in quotes and first: `{attribute}(\"{name}\")]`");
        errors.refuse(tokens, message);
    }
    if !is_argument {
        arguments.drain(..arguments.len().min(1));
    }
}

/// Returns a name like that of the struct.
fn expected_name(ident: &Ident) -> String {
    name::to_snake_case(&ident.unraw().to_string()).unwrap_or_else(|| "corp_sts".to_owned())
}

fn check_name(of: Macro, literal: &LitStr, ident: &Ident, errors: &mut Errors) {
    let given = literal.value();
    let (keys, section) = of.words().reserved;
    if !name::is_snake_case(&given) {
        let nearest = name::to_snake_case(&given).unwrap_or_else(|| expected_name(ident));
        let message = format!("write the name with {}, such as `{nearest}`", name::FORM);
        errors.refuse(literal, message);
    } else if keys.contains(&given.as_str()) {
        errors.refuse(literal, format_args!("choose another name: `{given}` is {section}"));
    }
}

fn check_once(is_set: bool, name: &Ident, errors: &mut Errors) {
    if is_set {
        errors.refuse(name, format_args!("remove the second `{name}`"));
    }
}

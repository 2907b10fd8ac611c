//! The rules for the arguments about requests: the place of the token, and the statuses that refuse it.

use syn::{Expr, ExprArray, ExprLit, Ident, Lit, LitStr, Path};

use super::errors::Errors;
use super::name::PLACEMENT_OPTIONS;

/// Returns whether a word is one of these arguments.
pub(super) fn is_argument(word: &Ident) -> bool {
    word == "refusing" || PLACEMENT_OPTIONS.iter().any(|(option, _)| word == option)
}

/// Refuses a path as the value of such an argument.
pub(super) fn refuse_path(argument: &Ident, path: &Path, errors: &mut Errors) {
    if argument == "refusing" {
        errors.refuse(path, LIST);
    } else {
        errors.refuse(path, format_args!("write the value of `{argument}` in quotes"));
    }
}

const LIST: &str = "write a list of statuses, such as `[401, 403]`";

/// Returns the default of an option for the place of the token.
pub(super) fn place(option: &Ident, value: &Expr, errors: &mut Errors) -> Option<LitStr> {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else {
        errors.refuse(value, format_args!("write the value of `{option}` in quotes"));
        return None;
    };
    let given = text.value();
    let problem = match option.to_string().as_str() {
        "placement" if !matches!(&*given, "header" | "query" | "body") => {
            "write `header`, `query` or `body`"
        }
        "header" if given.is_empty() || !given.bytes().all(is_token) => {
            "write the name of a header, such as `x-vault-token`"
        }
        "header_prefix" if !given.bytes().all(|byte| byte.is_ascii_graphic()) => {
            "write a word of visible ASCII, or nothing; a space is added after it"
        }
        "query_parameter" if given.is_empty() => "write the name of a parameter",
        _ => return Some(text.clone()),
    };
    errors.refuse(text, problem);
    None
}

/// Returns the statuses of an array.
pub(super) fn refusing(value: &Expr, errors: &mut Errors) -> Vec<u16> {
    let elements = match value {
        Expr::Array(ExprArray { elems, .. }) if !elems.is_empty() => elems,
        _ => {
            errors.refuse(value, LIST);
            return Vec::new();
        }
    };
    let mut statuses = Vec::new();
    for element in elements {
        let status = match element {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<u16>().ok(),
            _ => None,
        };
        match status.filter(|status| (400..600).contains(status)) {
            Some(status) if statuses.contains(&status) => {
                errors.refuse(element, format_args!("remove the second `{status}`"));
            }
            Some(status) => statuses.push(status),
            None => errors.refuse(element, "write the status of an error, from 400 to 599"),
        }
    }
    statuses
}

/// Returns whether a byte can be in the name of a header (RFC 9110, section 5.1).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

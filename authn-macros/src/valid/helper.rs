//! The rules for the helper attributes of a field.

use syn::{Attribute, Expr, Meta};

use super::errors::Errors;
use super::field::Prefix;
use crate::attr::{self, Helpers};
use crate::model::{Default, Kind};

/// Refuses every helper attribute on a `__field`.
pub(super) fn refuse_all(helpers: &Helpers, errors: &mut Errors) {
    refuse(&helpers.default, "a `__field` starts as the `Default` of its type", errors);
    refuse(&helpers.provider, "a `__field` is not configured", errors);
    refuse(&helpers.shorthand, "a `__field` is not configured", errors);
}

/// Finds out what kind of option a field is.
pub(super) fn check_kind(helpers: &Helpers, prefix: Prefix, errors: &mut Errors) -> Kind {
    if prefix == Prefix::Secret {
        refuse(&helpers.default, "a secret in the source is no secret", errors);
        refuse(&helpers.provider, "a `_field` is a secret, and a provider is not", errors);
        Kind::Secret
    } else if check_flag(&helpers.provider, errors) {
        refuse(&helpers.default, "a provider has no default; make the field an `Option`", errors);
        refuse(&helpers.shorthand, "a provider is a table, and no single value", errors);
        Kind::Nested
    } else {
        Kind::Plain { default: check_default(&helpers.default, errors) }
    }
}

/// Tells whether an attribute without arguments, such as `#[shorthand]`, is there.
pub(super) fn check_flag(attributes: &[Attribute], errors: &mut Errors) -> bool {
    let Some(first) = check_single(attributes, errors) else { return false };
    if !matches!(first.meta, Meta::Path(_)) {
        let name = name(first);
        errors.refuse(first, format_args!("write `#[{name}]`, without arguments"));
    }
    true
}

fn check_default(attributes: &[Attribute], errors: &mut Errors) -> Option<Default> {
    let first = check_single(attributes, errors)?;
    if let Meta::List(list) = &first.meta
        && let Ok(expression) = list.parse_args::<Expr>()
    {
        return Some(Default { expression, source: attr::source(list) });
    }
    errors.refuse(first, "write `#[default(expression)]`, with one expression");
    None
}

fn check_single<'a>(attributes: &'a [Attribute], errors: &mut Errors) -> Option<&'a Attribute> {
    if let [_, second, ..] = attributes {
        errors.refuse(second, format_args!("remove the second `#[{}]`", name(second)));
    }
    attributes.first()
}

fn refuse(attributes: &[Attribute], reason: &str, errors: &mut Errors) {
    if let Some(first) = attributes.first() {
        errors.refuse(first, format_args!("remove `#[{}]`: {reason}", name(first)));
    }
}

fn name(attribute: &Attribute) -> String {
    attribute.path().get_ident().map(ToString::to_string).unwrap_or_default()
}

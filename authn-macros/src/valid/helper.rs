//! The rules for the helper attributes of a field.

use syn::{Attribute, Expr, Meta};

use super::errors::Errors;
use super::field::Prefix;
use crate::attr::Helpers;
use crate::model::{Kind, Macro, Role};

/// Refuses every helper attribute on a `__field`.
pub(super) fn refuse_all(helpers: &Helpers, errors: &mut Errors) {
    refuse(&helpers.default, "a `__field` starts as the `Default` of its type", errors);
    let Helpers { default: _, provider, shorthand, needed, flatten, inner } = helpers;
    for attributes in [provider, shorthand, needed, flatten, inner] {
        refuse(attributes, "a `__field` is not configured", errors);
    }
}

/// Returns the role of a field with `#[flatten]` or `#[inner]`; `None` for an option.
pub(super) fn check_role(
    helpers: &Helpers,
    prefix: Prefix,
    of: Macro,
    errors: &mut Errors,
) -> Option<Role> {
    if of != Macro::Provider {
        refuse(&helpers.inner, "only a provider can have an inner provider", errors);
    }
    if of == Macro::Store {
        refuse(&helpers.shorthand, "the table of a store has no shorthand", errors);
    }
    let (role, attributes, reason) = if !helpers.flatten.is_empty() {
        refuse(&helpers.inner, "a field is a set of options or a provider, and not both", errors);
        (
            Role::Flattened,
            &helpers.flatten,
            "the options of a flattened set have attributes of their own",
        )
    } else if !helpers.inner.is_empty() {
        (Role::Inner, &helpers.inner, "an inner provider has no key of its own")
    } else {
        return None;
    };
    check_flag(attributes, errors);
    if prefix == Prefix::Secret {
        let reason = "a `_field` is one secret, and this field has several options";
        refuse(attributes, reason, errors);
    }
    for attributes in [&helpers.default, &helpers.provider, &helpers.shorthand, &helpers.needed] {
        refuse(attributes, reason, errors);
    }
    Some(role)
}

/// Returns the kind of an option.
pub(super) fn check_kind(helpers: &Helpers, prefix: Prefix, errors: &mut Errors) -> Kind {
    if prefix == Prefix::Secret {
        refuse(&helpers.default, "a secret in the source code is no secret", errors);
        refuse(&helpers.provider, "a `_field` is a secret, and a provider is not", errors);
        Kind::Secret
    } else if check_flag(&helpers.provider, errors) {
        refuse(
            &helpers.default,
            "a provider has no default, so make the field an `Option` instead",
            errors,
        );
        refuse(&helpers.shorthand, "a provider is a table and not a single value", errors);
        Kind::Nested
    } else {
        Kind::Plain { default: check_default(&helpers.default, errors) }
    }
}

/// Returns whether an attribute without arguments, such as `#[shorthand]`, is there.
pub(super) fn check_flag(attributes: &[Attribute], errors: &mut Errors) -> bool {
    let Some(first) = check_single(attributes, errors) else { return false };
    if !matches!(first.meta, Meta::Path(_)) {
        let name = name(first);
        errors.refuse(first, format_args!("write `#[{name}]`, without arguments"));
    }
    true
}

fn check_default(attributes: &[Attribute], errors: &mut Errors) -> Option<Expr> {
    let first = check_single(attributes, errors)?;
    if let Meta::List(list) = &first.meta
        && let Ok(expression) = list.parse_args()
    {
        return Some(expression);
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

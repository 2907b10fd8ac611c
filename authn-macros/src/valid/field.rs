//! The rules for the fields.

use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, Type, Visibility};

use super::errors::Errors;
use super::{helper, name};
use crate::ast;
use crate::model::{Arguments, Configured, Field, Macro, Role};

/// The meaning of the underscores before a field's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `field`: its value is shown.
    Shown,
    /// `_field`: its value is a secret.
    Secret,
    /// `__field`: it is not configured.
    Internal,
}

/// Checks each field, also against the earlier ones.
pub(crate) fn check_all(
    fields: Vec<ast::Field>,
    arguments: &Arguments,
    errors: &mut Errors,
) -> Vec<Field> {
    let mut checked: Vec<Field> = Vec::new();
    for field in fields {
        let (shorthand, inner) =
            (field.helpers.shorthand.first().cloned(), field.helpers.inner.first().cloned());
        let field = check(field, arguments, errors);
        let has = |is: fn(&Field) -> bool| is(&field) && checked.iter().any(is);
        if has(|one| one.option().is_some_and(|option| option.shorthand)) {
            errors.refuse(shorthand, "remove this `#[shorthand]`: only one field may have it");
        }
        if has(|one| matches!(one.role, Role::Inner)) {
            errors.refuse(inner, "remove this `#[inner]`: only one field may have it");
        }
        if let Some(option) = field.option() {
            check_key_is_free(&checked, &field, option, errors);
        }
        checked.push(field);
    }
    checked
}

fn check(field: ast::Field, arguments: &Arguments, errors: &mut Errors) -> Field {
    let name = field.ident.unraw().to_string();
    let (prefix, key) = split(&name);
    if let Some(reason) = bad_name(key) {
        rename(&field.ident, &name, &reason, errors);
    }
    if prefix != Prefix::Shown && !matches!(field.visibility, Visibility::Inherited) {
        let message = format!(
            "make `{name}` private: other code must not use a field with a leading underscore"
        );
        errors.refuse(&field.visibility, message);
    }
    let role = role(&field, prefix, arguments, errors);
    Field { ident: field.ident, ty: field.ty, cfg: field.cfg, role }
}

fn role(field: &ast::Field, prefix: Prefix, arguments: &Arguments, errors: &mut Errors) -> Role {
    let (helpers, ident) = (&field.helpers, &field.ident);
    if prefix == Prefix::Internal {
        helper::refuse_all(helpers, errors);
        return Role::Internal;
    }
    if let Some(role) = helper::check_role(helpers, prefix, arguments.of, errors) {
        if matches!(role, Role::Flattened) && has_arguments(&field.ty) {
            let message =
                "flatten the struct itself, with `#[derive(Options)]`: its fields can be optional";
            errors.refuse(&field.ty, message);
        }
        return role;
    }
    let name = ident.unraw().to_string();
    let (_, key) = split(&name);
    if let Some(reason) = framework_option(key, arguments) {
        rename(ident, key, reason, errors);
    }
    if field.docs.is_empty() {
        let message =
            format!("document `{name}`: users read this text to know what the option does");
        errors.refuse(ident, message);
    }
    Role::Option(Box::new(Configured {
        key: LitStr::new(key, ident.span()),
        docs: field.docs.clone(),
        kind: helper::check_kind(helpers, prefix, errors),
        shorthand: helper::check_flag(&helpers.shorthand, errors),
        needed: helper::check_flag(&helpers.needed, errors),
    }))
}

/// Returns whether a type has arguments, as `Option<Role>` has.
fn has_arguments(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return true };
    path.path.segments.iter().any(|segment| !segment.arguments.is_none())
}

/// Splits a field's name into its underscores and its key.
fn split(name: &str) -> (Prefix, &str) {
    if let Some(key) = name.strip_prefix("__") {
        (Prefix::Internal, key)
    } else if let Some(key) = name.strip_prefix('_') {
        (Prefix::Secret, key)
    } else {
        (Prefix::Shown, name)
    }
}

/// Returns why a field can't have this name; `None` if it can.
fn bad_name(key: &str) -> Option<String> {
    if key.starts_with('_') {
        Some("one underscore marks a secret, two an internal field".to_owned())
    } else if key.contains("__") {
        Some("`__` joins keys in environment variables".to_owned())
    } else {
        (!name::is_snake_case(key)).then(|| format!("a key consists of {}", name::FORM))
    }
}

/// Returns why a key is taken by an option of the framework; `None` if it is free.
fn framework_option(key: &str, arguments: &Arguments) -> Option<&'static str> {
    let has = |options: &[(&str, &str)]| options.iter().any(|(option, _)| *option == key);
    if arguments.of != Macro::Store && name::BUILDER_METHODS.contains(&key) {
        Some("the builder of a provider has a method of this name")
    } else if arguments.of != Macro::Provider {
        None
    } else if arguments.has("cached") && has(&name::CACHE_OPTIONS) {
        Some("every cached provider has an option of this name")
    } else if arguments.has("kept") && has(&name::KEPT_OPTIONS) {
        Some("it is the framework's option for where the provider keeps secrets")
    } else if has(&name::EVERY_OPTIONS) {
        Some("every provider has an option of this name")
    } else if !arguments.has("own_placement") && has(&name::PLACEMENT_OPTIONS) {
        Some(
            "it is the framework's option for the place of the token; only a provider with \
             `own_placement` may have its own",
        )
    } else {
        None
    }
}

fn rename(ident: &Ident, name: &str, reason: &str, errors: &mut Errors) {
    errors.refuse(ident, format_args!("rename `{name}`: {reason}"));
}

/// Refuses a key that an earlier field has. Fields under a `#[cfg]` may share a key, because their conditions
/// may exclude each other.
fn check_key_is_free(earlier: &[Field], field: &Field, option: &Configured, errors: &mut Errors) {
    let same = |other: &&Field| {
        let has_key = |other: &Configured| other.key.value() == option.key.value();
        other.cfg.is_empty() && other.option().is_some_and(has_key)
    };
    if field.cfg.is_empty()
        && let Some(other) = earlier.iter().find(same)
    {
        let (name, other) = (field.ident.unraw(), other.ident.unraw());
        let reason = format!("the field `{other}` has the same key");
        rename(&field.ident, &name.to_string(), &reason, errors);
    }
}

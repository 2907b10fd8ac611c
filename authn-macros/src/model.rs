//! A valid item: `valid` creates it, and `expand` writes its code.

use syn::{Attribute, Expr, Ident, LitStr, Path, Type, Visibility};

/// One of the three macros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    /// `#[token_provider]`
    Provider,
    /// `#[token_store]`
    Store,
    /// `#[derive(Options)]`
    Options,
}

/// The arguments of the attribute: of the macro itself, or `#[options(…)]` beside the derive.
pub(crate) struct Arguments {
    /// The macro.
    pub(crate) of: Macro,
    /// The name in the configuration.
    pub(crate) name: LitStr,
    /// The flags that are set, such as `cached`.
    pub(crate) flags: Vec<Ident>,
    /// The function that validates the options together.
    pub(crate) validate: Option<Path>,
    /// The defaults for the place of the token, by their options.
    pub(crate) place: Vec<(Ident, LitStr)>,
    /// The statuses that refuse a token; none if they are the framework's.
    pub(crate) refusing: Vec<u16>,
    /// The path of `authn`.
    pub(crate) authn: Path,
}

impl Arguments {
    /// Returns whether a flag is set.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|set| set == flag)
    }
}

/// A struct whose fields are options.
pub(crate) struct Options {
    pub(crate) arguments: Arguments,
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) docs: Vec<Expr>,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) fields: Vec<Field>,
}

/// A field.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) role: Role,
}

/// The part of a field in the configuration.
pub(crate) enum Role {
    /// `__field`: none.
    Internal,
    /// `#[flatten] field`: further options of the same table.
    Flattened,
    /// `#[inner] field`: another provider, whose table is among the options.
    Inner,
    /// An option, which has a key.
    Option(Box<Configured>),
}

/// An option: a field that has a key in the configuration.
pub(crate) struct Configured {
    pub(crate) key: LitStr,
    pub(crate) docs: Vec<Expr>,
    pub(crate) kind: Kind,
    pub(crate) shorthand: bool,
    pub(crate) needed: bool,
}

/// How an option is read and shown.
pub(crate) enum Kind {
    /// `field`: shown.
    Plain { default: Option<Expr> },
    /// `_field`: shown as set or not set.
    Secret,
    /// `#[provider] field`: a nested provider.
    Nested,
}

impl Field {
    /// Returns the option; `None` if the field is not one.
    pub(crate) fn option(&self) -> Option<&Configured> {
        match &self.role {
            Role::Option(option) => Some(option),
            Role::Internal | Role::Flattened | Role::Inner => None,
        }
    }
}

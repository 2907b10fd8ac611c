//! A provider that keeps all rules: what `valid` makes and `expand` writes out.

use syn::{Attribute, Expr, Ident, LitStr, Path, Type};

/// The arguments of the attribute.
pub(crate) struct Arguments {
    /// The provider's name in the configuration.
    pub(crate) name: LitStr,
    /// Whether the framework keeps its tokens.
    pub(crate) cached: bool,
    /// Whether it places what it sends itself.
    pub(crate) own_placement: bool,
    /// Where `authn` is found.
    pub(crate) authn: Path,
}

/// A provider.
pub(crate) struct Provider {
    pub(crate) name: LitStr,
    pub(crate) cached: bool,
    pub(crate) own_placement: bool,
    pub(crate) authn: Path,
    pub(crate) ident: Ident,
    pub(crate) docs: Vec<Expr>,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) fields: Vec<Field>,
}

/// A field of a provider.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) cfg: Vec<Attribute>,
    /// What it is to the configuration; `None` for a `__field`, which is nothing to it.
    pub(crate) option: Option<Configured>,
}

/// An option: a field that has a key in the configuration.
pub(crate) struct Configured {
    pub(crate) key: LitStr,
    pub(crate) docs: Vec<Expr>,
    pub(crate) kind: Kind,
    pub(crate) shorthand: bool,
}

/// How an option is read and shown.
pub(crate) enum Kind {
    /// `field`: shown.
    Plain { default: Option<Default> },
    /// `_field`: shown as set or not set.
    Secret,
    /// `#[provider] field`: a nested provider.
    Nested,
}

/// The argument of `#[default(…)]`.
pub(crate) struct Default {
    pub(crate) expression: Expr,
    /// The expression as its author wrote it.
    pub(crate) source: String,
}

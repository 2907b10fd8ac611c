//! Parses the item under the macro. No rule is checked here.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput, Expr, Ident, Path, Result, Type, Visibility};

use crate::attr::{self, Helpers};
use crate::doc;

/// The item under the macro.
pub(crate) struct Item {
    /// The item as it is emitted, without the attributes of this macro.
    pub(crate) emitted: DeriveInput,
    /// The item's documentation.
    pub(crate) docs: Vec<Expr>,
    /// The item's own `#[cfg(…)]`, which the generated code repeats.
    pub(crate) cfg: Vec<Attribute>,
    /// The arguments of `#[options(…)]`.
    pub(crate) arguments: TokenStream,
    /// The `Debug` in a `#[derive(…)]` below the attribute.
    pub(crate) derived_debug: Option<Path>,
    /// A second attribute of these macros.
    pub(crate) repeated: Option<Attribute>,
    /// The named fields of a struct; empty for other items.
    pub(crate) fields: Vec<Field>,
}

/// One named field.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Expr>,
    pub(crate) cfg: Vec<Attribute>,
    pub(crate) helpers: Helpers,
}

/// Parses a struct, an enum or a union. Any other item is an error.
pub(crate) fn parse(tokens: TokenStream) -> Result<Item> {
    let mut emitted: DeriveInput = syn::parse2(tokens)?;
    let derived_debug = attr::take_derived_debug(&mut emitted.attrs);
    let repeated = attr::take_repeated(&mut emitted.attrs);
    let arguments = attr::take_arguments(&mut emitted.attrs);
    let fields = match &mut emitted.data {
        Data::Struct(data) => data.fields.iter_mut().filter_map(read_field).collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    Ok(Item {
        docs: doc::expressions(&emitted.attrs),
        cfg: attr::conditions(&emitted.attrs),
        arguments,
        derived_debug,
        repeated,
        fields,
        emitted,
    })
}

/// Parses a field and removes its helper attributes; `None` for a field of a tuple struct, which has no
/// name.
fn read_field(field: &mut syn::Field) -> Option<Field> {
    let helpers = attr::take_helpers(&mut field.attrs);
    let ident = field.ident.clone()?;
    let (docs, cfg) = (doc::expressions(&field.attrs), attr::conditions(&field.attrs));
    if ident.unraw().to_string().starts_with('_') {
        field.attrs.push(attr::allow_use());
    }
    Some(Field { ident, visibility: field.vis.clone(), ty: field.ty.clone(), docs, cfg, helpers })
}

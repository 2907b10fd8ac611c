//! Writes the code of a valid item.
//!
//! All paths are absolute and all names start with `__`, so the code needs no prelude and does not collide with
//! the names in the user's module. It uses only `authn::private` of the framework.

pub(crate) mod builder;
mod entry;
mod option;
mod table;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::Macro;
use crate::valid::Checked;
use crate::{args, ast, fallback, valid};

/// Expands an attribute: returns the item and the code that is added.
pub(crate) fn attribute(of: Macro, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(parsed) = ast::parse(item.clone()) else { return fallback::other_item(of, item) };
    let checked = valid::check(of, args::parse(arguments), parsed);
    let (item, code) = (&checked.0, code(&checked));
    quote!(#item #code)
}

/// Expands the derive.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    match ast::parse(item) {
        Ok(parsed) => {
            let arguments = args::parse(parsed.arguments.clone());
            code(&valid::check(Macro::Options, arguments, parsed))
        }
        Err(error) => error.into_compile_error(),
    }
}

fn code((item, options, errors): &Checked) -> TokenStream {
    if let Some(errors) = errors {
        return fallback::refused(item, options, errors);
    }
    let cfg = &options.cfg;
    let constants = option::definitions(options);
    let table = table::implementation(options);
    let default = table::default(options);
    let entry = entry::definition(options);
    let builder = builder::definition(options);
    quote! {
        #(#cfg)*
        const _: () = {
            #constants
            #table
            #default
            #entry
        };
        #builder
    }
}

/// Returns a local name that only generated code can see.
fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

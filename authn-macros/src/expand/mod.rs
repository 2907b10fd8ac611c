//! Writes the code of a valid item.
//!
//! All paths are absolute and all names start with `__`, out of the way of the user's, so that the
//! code works without a prelude and beside whatever the user's module defines. What it needs of
//! the framework is in `authn::private`.

mod debug;
mod entry;
mod option;
mod table;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::{Macro, Options};
use crate::{args, ast, fallback, valid};

/// Does what an attribute does: the item stays, and its code stands beside it.
pub(crate) fn attribute(of: Macro, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(parsed) = ast::parse(item.clone()) else { return fallback::other_item(of, item) };
    match valid::check(of, args::parse(arguments), parsed) {
        Ok((item, options)) => {
            let code = code(&options);
            quote!(#item #code)
        }
        Err(refused) => {
            let (item, code) = (&refused.item, fallback::refused(&refused));
            quote!(#item #code)
        }
    }
}

/// Does what the derive does.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let parsed = match ast::parse(item) {
        Ok(parsed) => parsed,
        Err(error) => return error.into_compile_error(),
    };
    match valid::check(Macro::Options, args::parse(parsed.arguments.clone()), parsed) {
        Ok((_, options)) => code(&options),
        Err(refused) => fallback::refused(&refused),
    }
}

fn code(options: &Options) -> TokenStream {
    let cfg = &options.cfg;
    let constants = option::definitions(options);
    let table = table::implementation(options);
    let default = table::default(options);
    let debug = debug::implementation(options);
    let entry = entry::definition(options);
    quote! {
        #(#cfg)*
        const _: () = {
            #constants
            #table
            #default
            #debug
            #entry
        };
    }
}

/// Returns a local name that only generated code can see.
fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

//! Writes the code of a valid provider.
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
use syn::DeriveInput;

use crate::model::Provider;
use crate::{args, ast, fallback, valid};

/// Does what the attribute does.
pub(crate) fn token_provider(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(parsed) = ast::parse(item.clone()) else { return fallback::other_item(item) };
    match valid::check(args::parse(arguments), parsed) {
        Ok((item, provider)) => provider_code(&item, &provider),
        Err(refused) => fallback::refused(&refused),
    }
}

fn provider_code(item: &DeriveInput, provider: &Provider) -> TokenStream {
    let cfg = &provider.cfg;
    let options = option::definitions(provider);
    let table = table::implementation(provider);
    let entry = entry::implementation(provider);
    let debug = debug::implementation(provider);
    let submission = entry::submission(provider);
    quote! {
        #item
        #(#cfg)*
        const _: () = {
            #options
            #table
            #entry
            #debug
            #submission
        };
    }
}

/// Gives a local name that only generated code can see.
fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

//! Writes the provider's entry in the registry.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::Provider;

/// Writes `impl Provider`.
///
/// This is the one place that asks for the provider's trait, and its span is the struct's name.
pub(super) fn implementation(provider: &Provider) -> TokenStream {
    let Provider { name, authn, ident, docs, .. } = provider;
    let constructor = if provider.cached { quote!(cached) } else { quote!(direct) };
    let placement = provider.own_placement.then(|| quote!(.with_own_placement()));
    // The place of a provider is where its name is written.
    let at = name.span();
    let (line, column) =
        (quote_spanned!(at=> ::core::line!()), quote_spanned!(at=> ::core::column!()));
    quote! {
        #[automatically_derived]
        impl #authn::private::Provider for #ident {
            const ENTRY: #authn::private::Entry = #authn::private::Entry::#constructor::<#ident>(
                #name,
                &[#(#docs),*],
                #authn::private::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: #line,
                    column: #column,
                },
            )
            #placement;
        }
    }
}

/// Hands the entry to the registry of linked providers.
pub(super) fn submission(provider: &Provider) -> TokenStream {
    let Provider { authn, ident, .. } = provider;
    quote! {
        #authn::private::inventory::submit! { <#ident as #authn::private::Provider>::ENTRY }
    }
}

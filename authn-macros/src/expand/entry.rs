//! Writes the entry in the registry of what is linked.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::{Options, Role};

/// Writes `impl Provider` and hands its entry to the registry.
///
/// This is the one place that asks for the provider's trait, and its span is the struct's name.
pub(super) fn definition(options: &Options) -> TokenStream {
    let Options { arguments, ident, docs, fields, .. } = options;
    let (authn, name) = (&arguments.authn, &arguments.name);
    let constructor = if arguments.has("cached") { quote!(cached) } else { quote!(direct) };
    let placement = arguments.has("own_placement").then(|| quote!(.with_own_placement()));
    let has_inner = fields.iter().any(|field| matches!(field.role, Role::Inner));
    let inner = has_inner.then(|| quote!(.with_inner_provider()));
    // The place of a provider is where its name is written.
    let at = name.span();
    let (line, column) =
        (quote_spanned!(at=> ::core::line!()), quote_spanned!(at=> ::core::column!()));
    let checked = quote_spanned!(ident.span()=> __ENTRY.checked());
    quote! {
        const __ENTRY: #authn::private::Entry = #authn::private::Entry::#constructor::<#ident>(
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
        #placement
        #inner;
        const _: () = #checked;
        #[automatically_derived]
        impl #authn::private::Provider for #ident {
            const ENTRY: #authn::private::Entry = __ENTRY;
        }
        #authn::private::inventory::submit! { __ENTRY }
    }
}

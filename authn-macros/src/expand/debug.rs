//! Writes the `Debug` that keeps secrets.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;

use super::{local, option};
use crate::model::{Field, Provider};

/// Writes `impl Debug`: every option under its key, and no `__field`.
pub(super) fn implementation(provider: &Provider) -> TokenStream {
    let ident = &provider.ident;
    let name = ident.unraw().to_string();
    let (formatter, shown) = (local("formatter"), local("shown"));
    let options = provider.fields.iter().enumerate().filter(|(_, field)| field.option.is_some());
    let fields = options.map(|(index, Field { ident, cfg, .. })| {
        let option = option::name(index);
        quote!(#(#cfg)* (#option.2)(&self.#ident, &mut #shown);)
    });
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(
                &self,
                #formatter: &mut ::core::fmt::Formatter<'_>,
            ) -> ::core::fmt::Result {
                let mut #shown = ::core::fmt::Formatter::debug_struct(#formatter, #name);
                #(#fields)*
                #shown.finish()
            }
        }
    }
}

//! Writes the `Debug` that keeps secrets.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;

use super::local;
use crate::model::Options;

/// Writes `impl Debug`: every option under its key, and no `__field`.
pub(super) fn implementation(options: &Options) -> TokenStream {
    let (ident, authn) = (&options.ident, &options.arguments.authn);
    let name = ident.unraw().to_string();
    let formatter = local("formatter");
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(
                &self,
                #formatter: &mut ::core::fmt::Formatter<'_>,
            ) -> ::core::fmt::Result {
                #authn::private::Options::views(self).debug(#name, #formatter)
            }
        }
    }
}

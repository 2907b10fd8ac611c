//! Writes the schema of a provider and its reading from a table.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{local, option};
use crate::model::{Field, Provider};

/// Writes `impl FromTable`.
pub(super) fn implementation(provider: &Provider) -> TokenStream {
    let Provider { authn, ident, .. } = provider;
    let fields: Vec<Parts> = provider.fields.iter().enumerate().map(parts).collect();
    let schema = fields.iter().filter_map(|field| field.schema.as_ref());
    let reads = fields.iter().filter_map(|field| field.read.as_ref());
    let values = fields.iter().map(|field| &field.value);
    let table = local("table");
    quote! {
        #[automatically_derived]
        impl #authn::private::FromTable for #ident {
            const FIELDS: &'static [#authn::private::Field] = &[#(#schema),*];
            fn from_table(
                #table: &mut #authn::private::Table<'_>,
            ) -> ::core::option::Option<Self> {
                // All are read before the first that is missing ends it: all problems are told.
                #(#reads)*
                ::core::option::Option::Some(Self { #(#values),* })
            }
        }
    }
}

/// What one field adds.
struct Parts {
    schema: Option<TokenStream>,
    read: Option<TokenStream>,
    value: TokenStream,
}

fn parts((index, field): (usize, &Field)) -> Parts {
    let Field { ident, ty, cfg, option } = field;
    if option.is_none() {
        let default = quote!(<#ty as ::core::default::Default>::default());
        return Parts { schema: None, read: None, value: quote!(#(#cfg)* #ident: #default) };
    }
    let (name, table) = (option::name(index), local("table"));
    let value: Ident = local(&format!("value_{index}"));
    Parts {
        schema: Some(quote!(#(#cfg)* { #name.0 })),
        read: Some(quote!(#(#cfg)* let #value = (#name.1)(#table);)),
        value: quote!(#(#cfg)* #ident: #value?),
    }
}

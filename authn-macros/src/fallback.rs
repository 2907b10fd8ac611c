//! Writes the code for an item that was refused: its errors, and empty implementations of the traits that the
//! macro implements. Without these, each use of the item would be one more error.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, DeriveInput, Visibility};

use crate::expand::builder;
use crate::model::{Macro, Options};

/// Emits the error of an item that is no struct, enum or union. It needs no implementations.
pub(crate) fn other_item(of: Macro, item: &TokenStream) -> TokenStream {
    let keyword = first_keyword.parse2(item.clone()).unwrap_or_default();
    let message = format!("put `{}` on a struct", of.words().attribute);
    let error = syn::Error::new_spanned(keyword, message).into_compile_error();
    quote!(#error #item)
}

/// Returns the keyword of an item, such as `fn`: the first word after its attributes and its visibility.
fn first_keyword(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    let keyword: TokenTree = input.parse()?;
    input.parse::<TokenStream>()?;
    Ok(keyword.into())
}

/// Emits the errors and the empty implementations.
pub(crate) fn refused(item: &DeriveInput, options: &Options, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let (authn, cfg, ident) = (&options.arguments.authn, &options.cfg, &item.ident);
    let (parameters, arguments, clause) = item.generics.split_for_impl();
    let whole = quote!(#ident #arguments);
    let bounds = clause.map(|clause| &clause.predicates);
    let bounds = quote!(where #whole: 'static, #bounds);
    let of = match options.arguments.of {
        Macro::Provider => Some((quote!(Provider), quote!(Entry))),
        Macro::Store => Some((quote!(Store), quote!(StoreEntry))),
        Macro::Options => None,
    };
    let entry = of.map(|(of, entry)| {
        quote! {
            #[automatically_derived]
            impl #parameters #authn::private::#of for #whole #bounds {
                const ENTRY: #authn::private::#entry = ::core::panic!();
            }
        }
    });
    let set = builder::refused(options);
    quote! {
        #errors
        #(#cfg)*
        const _: () = {
            #[automatically_derived]
            impl #parameters #authn::private::Options for #whole #bounds {
                const FIELDS: &'static [#authn::private::Field] = &[];
                fn from_table(_: &mut #authn::private::Table<'_>) -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }
            }
            #entry
            #[automatically_derived]
            impl #parameters ::core::fmt::Debug for #whole #clause {
                fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::result::Result::Ok(())
                }
            }
        };
        #set
    }
}

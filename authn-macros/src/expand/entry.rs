//! Writes the entry in the registry of linked providers or stores.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::{Macro, Options, Role};

/// Writes the entry and submits it to the registry.
///
/// Only this code requires the trait of a provider or a store. Its span is the struct's name.
pub(super) fn definition(options: &Options) -> TokenStream {
    let Options { arguments, ident, docs, .. } = options;
    let (authn, name) = (&arguments.authn, &arguments.name);
    // The location of an entry is that of its name.
    let at = name.span();
    let (line, column) =
        (quote_spanned!(at=> ::core::line!()), quote_spanned!(at=> ::core::column!()));
    let about = quote! {
        #authn::private::About {
            name: #name,
            docs: &[#(#docs),*],
            location: #authn::private::Location {
                package: ::core::env!("CARGO_PKG_NAME"),
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: #line,
                column: #column,
            },
        }
    };
    let (of, entry, made) = match arguments.of {
        Macro::Provider => (quote!(Provider), quote!(Entry), provider(options, &about)),
        Macro::Store => {
            let constructor =
                if arguments.has("secrets") { quote!(secrets) } else { quote!(plain) };
            (quote!(Store), quote!(StoreEntry), quote!(#constructor::<#ident>(#about)))
        }
        Macro::Options => return TokenStream::new(),
    };
    let checked = (arguments.of == Macro::Provider)
        .then(|| quote_spanned!(ident.span()=> const _: () = __ENTRY.checked();));
    // Without the flag its logins would be left out without a word.
    let forgotten = (arguments.has("cached") && !arguments.has("login")).then(|| {
        let message = format!("add `login`: `{ident}` implements `InteractiveSource`");
        quote_spanned! {ident.span()=>
            const _: () = {
                use #authn::private::MaybeInteractive as _;
                ::core::assert!(!#authn::private::Interactivity::<#ident>::IS_INTERACTIVE, #message);
            };
        }
    });
    quote! {
        const __ENTRY: #authn::private::#entry = #authn::private::#entry::#made;
        #checked
        #forgotten
        #[automatically_derived]
        impl #authn::private::#of for #ident {
            const ENTRY: #authn::private::#entry = __ENTRY;
        }
        #authn::private::inventory::submit! { __ENTRY }
    }
}

/// Writes the expression that creates the entry of a provider.
fn provider(options: &Options, about: &TokenStream) -> TokenStream {
    let Options { arguments, ident, fields, .. } = options;
    let constructor = if arguments.has("login") {
        quote!(interactive)
    } else if arguments.has("cached") {
        quote!(cached)
    } else {
        quote!(direct)
    };
    let placement = arguments.has("own_placement").then(|| quote!(.with_own_placement()));
    let has_inner = fields.iter().any(|field| matches!(field.role, Role::Inner));
    let inner = has_inner.then(|| quote!(.with_inner_provider()));
    quote!(#constructor::<#ident>(#about) #placement #inner)
}

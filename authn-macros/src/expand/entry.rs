//! Writes the entry in the registry of linked providers or stores.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::{Arguments, Macro, Options, Role};

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
    let (requests, declared) = requests(options).unzip();
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
    let made = quote!(#made #declared);
    quote! {
        #requests
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
    let kept = arguments.has("kept").then(|| quote!(.with_kept()));
    let has_inner = fields.iter().any(|field| matches!(field.role, Role::Inner));
    let inner = has_inner.then(|| quote!(.with_inner_provider()));
    quote!(#constructor::<#ident>(#about) #placement #inner #kept)
}

/// Writes what the macro says of a provider's requests, and how its entry takes that over; `None` if it says nothing.
fn requests(options: &Options) -> Option<(TokenStream, TokenStream)> {
    let Options { arguments, ident, .. } = options;
    let Arguments { authn, place, refusing, .. } = arguments;
    if place.is_empty() && refusing.is_empty() {
        return None;
    }
    let placed = (!place.is_empty()).then(|| {
        let set = |key: &str| {
            let set = place.iter().find(|(option, _)| option == key).map(|(_, text)| text);
            set.map_or_else(
                || quote!(::core::option::Option::None),
                |text| quote!(::core::option::Option::Some(#text)),
            )
        };
        let (placement, header) = (set("placement"), set("header"));
        let (prefix, parameter) = (set("header_prefix"), set("query_parameter"));
        quote! {
            #[automatically_derived]
            impl #authn::private::Placed for #ident {
                const PLACE: #authn::private::DefaultPlace = #authn::private::DefaultPlace {
                    placement: #placement,
                    header: #header,
                    header_prefix: #prefix,
                    query_parameter: #parameter,
                };
            }
        }
    });
    let with_place =
        placed.as_ref().map(|_| quote!(.with_place(<#ident as #authn::private::Placed>::PLACE)));
    let with_refusing = (!refusing.is_empty()).then(|| quote!(.with_refusing(&[#(#refusing),*])));
    let code = quote! {
        #placed
        const __DECLARED: #authn::private::Declared =
            #authn::private::Declared::of::<#ident>() #with_place #with_refusing;
        #authn::private::inventory::submit! { __DECLARED }
    };
    let fields = placed.map(|_| quote!(.with_place::<#ident>()));
    Some((code, quote!(.with_declared(__DECLARED) #fields)))
}

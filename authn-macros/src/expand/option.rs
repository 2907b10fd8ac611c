//! Writes for each option one constant with all that is done with it.
//!
//! A constant is a tuple of the option's place in the schema, how it is read and how it is shown.
//! All three ask the same of its type. They stand in one body because there the compiler reports
//! a bound that is not met once, and not three times.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;

use super::local;
use crate::model::{Configured, Default, Field, Kind, Provider};

/// Gives the name of the constant of a field, by the field's number.
pub(super) fn name(index: usize) -> Ident {
    format_ident!("__OPTION_{index}")
}

/// Writes all constants.
pub(super) fn definitions(provider: &Provider) -> TokenStream {
    let fields = provider.fields.iter().enumerate();
    let authn = &provider.authn;
    let private = quote!(#authn::private);
    fields
        .filter_map(|(index, field)| Some((index, field, field.option.as_ref()?)))
        .map(|(index, field, option)| definition(&private, index, field, option))
        .collect()
}

fn definition(
    private: &TokenStream,
    index: usize,
    field: &Field,
    option: &Configured,
) -> TokenStream {
    let Field { ty, cfg, .. } = field;
    let name = name(index);
    let Parts { default, schema, read, view } = parts(private, index, field, option);
    let shorthand = option.shorthand.then(|| quote!(.as_shorthand()));
    let key = &option.key;
    let (table, value, shown) = (local("table"), local("value"), local("shown"));
    quote! {
        #default
        #(#cfg)*
        const #name: (
            #private::Field,
            fn(&mut #private::Table<'_>) -> ::core::option::Option<#ty>,
            fn(&#ty, &mut ::core::fmt::DebugStruct<'_, '_>),
        ) = (
            #schema #shorthand,
            |#table| #table.#read,
            |#value, #shown| {
                #shown.field(#key, &#view);
            },
        );
    }
}

/// What differs between the kinds of options.
struct Parts {
    default: Option<TokenStream>,
    schema: TokenStream,
    read: TokenStream,
    view: TokenStream,
}

fn parts(private: &TokenStream, index: usize, field: &Field, option: &Configured) -> Parts {
    let (ty, Configured { key, docs, .. }) = (&field.ty, option);
    let docs = quote!(&[#(#docs),*]);
    let value = local("value");
    match &option.kind {
        Kind::Plain { default: None } => Parts {
            default: None,
            schema: quote!(#private::Field::plain::<#ty>(#key, #docs)),
            read: quote!(plain::<#ty>(#key)),
            view: view(private, &quote!(#value)),
        },
        Kind::Plain { default: Some(Default { expression, source }) } => {
            let default = format_ident!("__DEFAULT_{index}");
            let cfg = &field.cfg;
            let shown = view(private, &quote!(&#default()));
            Parts {
                default: Some(quote!(#(#cfg)* const #default: fn() -> #ty = || #expression;)),
                schema: quote! {
                    #private::Field::plain::<#ty>(#key, #docs).with_default(|| (#shown).0, #source)
                },
                read: quote!(plain_or::<#ty>(#key, #default)),
                view: view(private, &quote!(#value)),
            }
        }
        Kind::Secret => Parts {
            default: None,
            schema: quote!(#private::Field::secret::<#ty>(#key, #docs)),
            read: quote!(secret::<#ty>(#key)),
            view: set_or_not(private, ty, &value),
        },
        Kind::Nested => Parts {
            default: None,
            schema: quote!(#private::Field::provider::<#ty>(#key, #docs)),
            read: quote!(provider::<#ty>(#key)),
            view: view(private, &quote!(#value)),
        },
    }
}

/// Shows whether a secret is set. The type is named in the call, so that a type that is no secret is
/// an error on the type, where it is told already, and not one more on the value.
fn set_or_not(private: &TokenStream, ty: &Type, value: &Ident) -> TokenStream {
    quote!(#private::SetOrNot::of::<#ty>(#value))
}

/// Shows a value through its type's `Show` if it has one, and keeps it hidden otherwise: the method
/// of the first trait needs no further reference, so it is found first where it exists.
fn view(private: &TokenStream, value: &TokenStream) -> TokenStream {
    quote! {{
        use #private::{ShowKnown as _, ShowUnknown as _};
        (&#private::Shown(#value)).view()
    }}
}

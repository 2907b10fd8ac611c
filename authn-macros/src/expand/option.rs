//! Writes one constant for each field, with everything that concerns its configuration.
//!
//! A constant is a tuple: the field's options in the schema, the function that reads it and the one that shows
//! it. All three require the same of its type. They are in one body because there the compiler reports an unmet
//! bound once, and not three times.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::local;
use crate::model::{Configured, Field, Kind, Options, Role};

/// Returns the name of the constant of a field, by the field's number.
pub(super) fn name(index: usize) -> Ident {
    format_ident!("__OPTION_{index}")
}

/// Returns the name of the function that makes the default of a field.
pub(super) fn default_name(index: usize) -> Ident {
    format_ident!("__DEFAULT_{index}")
}

/// Writes all constants.
pub(super) fn definitions(options: &Options) -> TokenStream {
    let authn = &options.arguments.authn;
    let private = quote!(#authn::private);
    let fields = options.fields.iter().enumerate();
    fields.filter_map(|(index, field)| definition(&private, index, field)).collect()
}

fn definition(private: &TokenStream, index: usize, field: &Field) -> Option<TokenStream> {
    let Field { ty, cfg, .. } = field;
    let (table, value, views) = (local("table"), local("value"), local("views"));
    let mut default = None;
    let (schema, read, view) = match &field.role {
        Role::Internal => return None,
        Role::Flattened => (
            quote!(#private::fields::<#ty>()),
            quote!(#table.flattened::<#ty>()),
            quote!(#views.flatten::<#ty>(#value)),
        ),
        Role::Inner => {
            let (key, view) = (field.ident.to_string(), view(private, &quote!(#value)));
            (quote!(&[]), quote!(#table.inner_provider::<#ty>()), quote!(#views.push(#key, #view)))
        }
        Role::Option(option) => {
            if let Kind::Plain { default: Some(expression) } = &option.kind {
                let name = default_name(index);
                default = Some(quote!(#(#cfg)* const #name: fn() -> #ty = || #expression;));
            }
            let (schema, read, view) = configured(private, index, field, option);
            let (key, shorthand) = (&option.key, option.shorthand.then(|| quote!(.as_shorthand())));
            let needed = option.needed.then(|| quote!(.as_needed()));
            (quote!(&[#schema #shorthand #needed]), read, quote!(#views.push(#key, #view)))
        }
    };
    let name = name(index);
    Some(quote! {
        #default
        #(#cfg)*
        const #name: (
            &'static [#private::Field],
            fn(&mut #private::Table<'_>) -> ::core::option::Option<#ty>,
            fn(&#ty, &mut #private::Views),
        ) = (
            #schema,
            |#table| #read,
            |#value, #views| #view,
        );
    })
}

/// Writes the schema, the reading and the view of an option.
fn configured(
    private: &TokenStream,
    index: usize,
    field: &Field,
    option: &Configured,
) -> (TokenStream, TokenStream, TokenStream) {
    let (ty, Configured { key, docs, .. }) = (&field.ty, option);
    let docs = quote!(&[#(#docs),*]);
    let (table, value) = (local("table"), local("value"));
    let shown = view(private, &quote!(#value));
    match &option.kind {
        Kind::Plain { default } => {
            let kind = kind(private, field);
            let schema = quote!(#private::Field::shown(#key, #docs, || #kind.shape::<#ty>()));
            if default.is_none() {
                return (schema, quote!(#kind.read::<#ty>(#table.take(#key))), shown);
            }
            let name = default_name(index);
            let view = view(private, &quote!(&#name()));
            let read = quote!(#table.take(#key).or(#name, |#value| #kind.read::<#ty>(#value)));
            (quote!(#schema.with_default(|| #view)), read, shown)
        }
        // The call names the type, so that a type that is no secret is not reported once more on the value.
        Kind::Secret => (
            quote!(#private::Field::secret::<#ty>(#key, #docs)),
            quote!(#table.secret::<#ty>(#key)),
            quote!(#private::set_or_not::<#ty>(#value)),
        ),
        Kind::Nested => (
            quote!(#private::Field::provider::<#ty>(#key, #docs)),
            quote!(#table.provider::<#ty>(#key)),
            shown,
        ),
    }
}

/// Writes the choice between a set of options and any other type that can be read. The method of the set's trait
/// needs one reference less, so the compiler finds it first if the type has it.
fn kind(private: &TokenStream, field: &Field) -> TokenStream {
    let ty = &field.ty;
    quote! {{
        use #private::kinds::*;
        (&#private::Tag::<#ty>::NEW).kind()
    }}
}

/// Writes the choice of the best view of a value that its type has, in the same way.
fn view(private: &TokenStream, value: &TokenStream) -> TokenStream {
    quote! {{
        use #private::views::*;
        (&&&&&&#private::Shown(#value)).view()
    }}
}

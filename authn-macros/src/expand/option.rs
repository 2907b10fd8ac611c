//! Writes for each field one constant with all that the configuration has to do with it.
//!
//! A constant is a tuple of the field's options in the schema, how it is read and how it is shown. All
//! three ask the same of its type. They stand in one body because there the compiler reports a
//! bound that is not met once, and not three times.

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
    let Parts { default, schema, read, view } = parts(private, index, field)?;
    let name = name(index);
    let (table, value, views) = (local("table"), local("value"), local("views"));
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

/// What differs between the kinds of fields.
struct Parts {
    default: Option<TokenStream>,
    schema: TokenStream,
    read: TokenStream,
    view: TokenStream,
}

fn parts(private: &TokenStream, index: usize, field: &Field) -> Option<Parts> {
    let ty = &field.ty;
    let (table, value, views) = (local("table"), local("value"), local("views"));
    match &field.role {
        Role::Internal => None,
        Role::Flattened => Some(Parts {
            default: None,
            schema: quote!(#private::fields::<#ty>()),
            read: quote!(#table.flattened::<#ty>()),
            view: quote!(#views.flatten::<#ty>(#value)),
        }),
        Role::Inner => {
            let key = field.ident.to_string();
            let view = view(private, &quote!(#value));
            Some(Parts {
                default: None,
                schema: quote!(&[]),
                read: quote!(#table.inner_provider::<#ty>()),
                view: quote!(#views.push(#key, #view)),
            })
        }
        Role::Option(option) => Some(configured(private, index, field, option)),
    }
}

fn configured(private: &TokenStream, index: usize, field: &Field, option: &Configured) -> Parts {
    let (ty, Configured { key, docs, .. }) = (&field.ty, option);
    let docs = quote!(&[#(#docs),*]);
    let (table, value, views) = (local("table"), local("value"), local("views"));
    let mut default = None;
    let (mut schema, read, view) = match &option.kind {
        Kind::Plain { default: expression } => {
            let kind = kind(private, field);
            let mut schema = quote!(#private::Field::shown(#key, #docs, || #kind.shape::<#ty>()));
            let mut read = quote!(#kind.read::<#ty>(#table.take(#key)));
            if let Some(expression) = expression {
                let (name, cfg) = (default_name(index), &field.cfg);
                let shown = view(private, &quote!(&#name()));
                default = Some(quote!(#(#cfg)* const #name: fn() -> #ty = || #expression;));
                schema = quote!(#schema.with_default(|| #shown));
                read = quote!(#table.take(#key).or(#name, |#value| #kind.read::<#ty>(#value)));
            }
            (schema, read, view(private, &quote!(#value)))
        }
        // The type is named in the call, so that a type that is no secret is an error on the type,
        // where it is reported already, and not one more on the value.
        Kind::Secret => (
            quote!(#private::Field::secret::<#ty>(#key, #docs)),
            quote!(#table.secret::<#ty>(#key)),
            quote!(#private::set_or_not::<#ty>(#value)),
        ),
        Kind::Nested => (
            quote!(#private::Field::provider::<#ty>(#key, #docs)),
            quote!(#table.provider::<#ty>(#key)),
            view(private, &quote!(#value)),
        ),
    };
    if option.shorthand {
        schema = quote!(#schema.as_shorthand());
    }
    Parts { default, schema: quote!(&[#schema]), read, view: quote!(#views.push(#key, #view)) }
}

/// Finds out whether a type is a set of options or whatever else can be read: the method of the first
/// trait needs no further reference, so it is found first where it exists.
fn kind(private: &TokenStream, field: &Field) -> TokenStream {
    let ty = &field.ty;
    quote! {{
        use #private::kinds::*;
        (&#private::Tag::<#ty>::NEW).kind()
    }}
}

/// Shows a value by the best means that its type has, in the same way.
fn view(private: &TokenStream, value: &TokenStream) -> TokenStream {
    quote! {{
        use #private::views::*;
        (&&&&&&#private::Shown(#value)).view()
    }}
}

//! Writes the schema of a set of options, the code that reads it from a table, its views, and the `Debug`
//! that hides secrets.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;

use super::{local, option};
use crate::model::{Field, Kind, Options, Role};

/// Writes `impl Options`, and the `Debug` of its views: every option under its key, and no
/// `__field`.
pub(super) fn implementation(options: &Options) -> TokenStream {
    let Options { arguments, ident, fields, .. } = options;
    let authn = &arguments.authn;
    let (table, this, views) = (local("table"), local("this"), local("views"));
    let (name, formatter) = (ident.unraw().to_string(), local("formatter"));
    let configured = || {
        let configured = |(_, field): &(usize, &Field)| !matches!(field.role, Role::Internal);
        fields.iter().enumerate().filter(configured)
    };
    let schema = configured().map(|(index, Field { cfg, .. })| {
        let name = option::name(index);
        quote!(#(#cfg)* { #name.0 })
    });
    let reads = configured().map(|(index, Field { cfg, .. })| {
        let (name, value) = (option::name(index), value(index));
        quote!(#(#cfg)* let #value = (#name.1)(#table);)
    });
    let values = fields.iter().enumerate().map(|(index, Field { ident, ty, cfg, role })| {
        let value = value(index);
        if let Role::Internal = role {
            quote!(#(#cfg)* #ident: <#ty as ::core::default::Default>::default())
        } else {
            quote!(#(#cfg)* #ident: #value?)
        }
    });
    let shows = configured().map(|(index, Field { ident, cfg, .. })| {
        let name = option::name(index);
        quote!(#(#cfg)* (#name.2)(&self.#ident, &mut #views);)
    });
    let validated = arguments.validate.as_ref().map(|path| {
        let (validate, problems) = (local("validate"), local("problems"));
        quote! {
            let #validate: fn(&Self, &mut #authn::private::Validation) = #path;
            #table.validate(|#problems| #validate(&#this, #problems))?;
        }
    });
    // Joining the fields can fail at compile time. The error is then at the struct's name.
    let all = quote_spanned!(ident.span()=> #authn::private::join(__PARTS));
    quote! {
        const __PARTS: &[&[#authn::private::Field]] = &[#(#schema),*];
        const __FIELDS: [#authn::private::Field; #authn::private::count(__PARTS)] = #all;
        #[automatically_derived]
        impl #authn::private::Options for #ident {
            const FIELDS: &'static [#authn::private::Field] = &__FIELDS;
            fn from_table(
                #table: &mut #authn::private::Table<'_>,
            ) -> ::core::option::Option<Self> {
                // All options are read before a missing one ends the function, so that all problems are reported.
                #(#reads)*
                let #this = Self { #(#values),* };
                #validated
                ::core::option::Option::Some(#this)
            }
            fn views(&self) -> #authn::private::Views {
                let mut #views = #authn::private::Views::new();
                #(#shows)*
                #views
            }
        }
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

/// Writes `impl Default`, of the options' defaults.
pub(super) fn default(options: &Options) -> Option<TokenStream> {
    let Options { ident, fields, .. } = options;
    let value = |(index, Field { ident, ty, cfg, role }): (usize, &Field)| match role {
        Role::Option(option) if matches!(option.kind, Kind::Plain { default: Some(_) }) => {
            let name = option::default_name(index);
            quote!(#(#cfg)* #ident: #name())
        }
        _ => quote!(#(#cfg)* #ident: <#ty as ::core::default::Default>::default()),
    };
    let values = fields.iter().enumerate().map(value);
    options.arguments.has("default").then(|| {
        quote! {
            #[automatically_derived]
            impl ::core::default::Default for #ident {
                fn default() -> Self {
                    Self { #(#values),* }
                }
            }
        }
    })
}

fn value(index: usize) -> proc_macro2::Ident {
    local(&format!("value_{index}"))
}

//! Writes the builder of a provider, with a method for each option, and what a set of options adds to the builder of the
//! provider that it is flattened into.
//!
//! The macro of a provider does not see the fields of a flattened set. So each set is also a macro of the same name, which
//! writes the methods for its fields into the builder that it is given. Types and macros have separate namespaces, and
//! whoever imports the type imports the macro too.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Type, Visibility};

use super::local;
use crate::model::{Field, Kind, Macro, Options, Role};
use crate::valid::{CACHE_OPTIONS, EVERY_OPTIONS, KEPT_OPTIONS, PLACEMENT_OPTIONS};

/// Writes the builder of a provider, or the macro of a set of options.
pub(super) fn definition(options: &Options) -> TokenStream {
    match options.arguments.of {
        Macro::Provider => of_provider(options),
        Macro::Options => of_set(options),
        Macro::Store => TokenStream::new(),
    }
}

fn of_provider(options: &Options) -> TokenStream {
    let Options { arguments, ident, cfg, visibility, .. } = options;
    let private = private(options);
    let builder = format_ident!("{}Builder", ident.unraw());
    let name = arguments.name.value();
    let about = format!(
        "Sets the options of the provider `{name}` in code, a method for each option. It has the defaults and the checks \
         of the table `[credentials.{name}]`. See [`{ident}`]."
    );
    let create = format!("Returns the builder of the provider `{name}`: a method for each option.");
    let given = local("builder");
    let own = methods(options, &private);
    let sets = sets(options, &quote!(#builder));
    let framework = framework_methods(options, &private);
    let allow =
        quote!(#[allow(dead_code, unreachable_pub, clippy::allow_attributes, clippy::pedantic)]);
    quote! {
        #(#cfg)*
        #[doc = #about]
        #[derive(Clone, Debug)]
        #[must_use = "it does nothing until it is built"]
        #allow
        #visibility struct #builder(#private::ProviderOptions);

        #(#cfg)*
        #allow
        impl #ident {
            #[doc = #create]
            #visibility fn builder() -> #builder {
                #builder(#private::ProviderOptions::of::<#ident>())
            }
        }

        #(#cfg)*
        #allow
        impl #builder {
            #own
            #framework

            /// Creates the credentials. They are bound to no origin: their tokens can be fetched, but they authorise no
            /// request. `credentials` binds them.
            ///
            /// All problems of the options are one error of the kind `Configuration`.
            #visibility fn build(self) -> #private::Result<#private::Credentials> {
                self.credentials().build()
            }

            /// Returns the builder of the credentials, which sets their origins, clock and stores.
            #visibility fn credentials(self) -> #private::CredentialsBuilder {
                self.0.credentials()
            }
        }

        #(#cfg)*
        #[automatically_derived]
        impl ::core::convert::From<#builder> for #private::OptionValue {
            fn from(#given: #builder) -> Self {
                ::core::convert::Into::into(#given.0)
            }
        }

        #(#cfg)*
        #[automatically_derived]
        impl ::core::convert::From<#builder> for #private::ProviderOptions {
            fn from(#given: #builder) -> Self {
                #given.0
            }
        }

        #(#cfg)*
        const _: () = { #sets };
    }
}

fn of_set(options: &Options) -> TokenStream {
    let private = private(options);
    let builder = local("builder");
    let (own, sets) = (methods(options, &private), sets(options, &quote!($ #builder)));
    let body = quote! {
        #[allow(dead_code, unreachable_pub, clippy::allow_attributes, clippy::pedantic)]
        impl $ #builder { #own }
        #sets
    };
    set_macro(options, &builder, &body)
}

/// Writes the macro of a set of options that was refused. It adds nothing, so that its use is not one more error.
pub(crate) fn refused(options: &Options) -> TokenStream {
    match options.arguments.of {
        Macro::Options => set_macro(options, &local("builder"), &TokenStream::new()),
        Macro::Provider | Macro::Store => TokenStream::new(),
    }
}

/// Writes the macro of a set of options, visible where its type is.
fn set_macro(options: &Options, builder: &Ident, body: &TokenStream) -> TokenStream {
    let Options { ident, cfg, visibility, .. } = options;
    let name = format_ident!("__{}_methods{}", ident.unraw(), place(ident));
    // Only an exported macro can be used in another crate.
    let (exported, visibility) = match visibility {
        Visibility::Public(_) => (Some(quote!(#[macro_export] #[doc(hidden)])), quote!(pub)),
        _ => (None, quote!(pub(crate))),
    };
    quote! {
        #(#cfg)*
        #exported
        #[allow(unused_macros)]
        macro_rules! #name {
            ($ #builder:ident) => { #body };
        }
        #(#cfg)*
        #[doc(hidden)]
        #[allow(unused_imports)]
        #visibility use #name as #ident;
    }
}

/// Returns the place of a name in its crate, as the end of another name. All exported macros of a crate have different
/// names, but its structs need not.
fn place(ident: &Ident) -> String {
    /// How often each place has been written: a macro of the crate may write one several times.
    static WRITTEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

    if !proc_macro::is_available() {
        return String::new();
    }
    let span = ident.span().unwrap();
    let mut hasher = DefaultHasher::new();
    span.file().hash(&mut hasher);
    let place = format!("_{:x}_{}_{}", hasher.finish(), span.line(), span.column());
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = written.entry(place.clone()).or_default();
    *count += 1;
    if *count == 1 { place } else { format!("{place}_{count}") }
}

fn private(options: &Options) -> TokenStream {
    let authn = &options.arguments.authn;
    quote!(#authn::private)
}

/// Writes the methods for the options among the fields.
fn methods(options: &Options, private: &TokenStream) -> TokenStream {
    let methods = options.fields.iter().map(|Field { ident, ty, cfg, role }| match role {
        Role::Option(option) => {
            let key = option.key.value();
            let name = format_ident!("r#{key}");
            let docs = [&*option.docs, &[takes(ty, &option.kind)]].concat();
            method(private, cfg, &docs, &name, &key)
        }
        Role::Inner => {
            let value = local("value");
            let about = "Sets the provider whose tokens are passed on, by its builder.";
            quote! {
                #(#cfg)*
                #[doc = #about]
                pub fn #ident(
                    self,
                    #value: impl ::core::convert::Into<#private::ProviderOptions>,
                ) -> Self {
                    Self(self.0.set_inner(::core::convert::Into::into(#value)))
                }
            }
        }
        Role::Internal | Role::Flattened => TokenStream::new(),
    });
    methods.collect()
}

/// Writes the methods for the options that the framework adds to the table.
fn framework_methods(options: &Options, private: &TokenStream) -> TokenStream {
    let arguments = &options.arguments;
    let cache = if arguments.has("cached") { &CACHE_OPTIONS[..] } else { &[] };
    let kept = if arguments.has("kept") { &KEPT_OPTIONS[..] } else { &[] };
    let placement = if arguments.has("own_placement") { &[] } else { &PLACEMENT_OPTIONS[..] };
    let all = cache.iter().chain(kept).chain(&EVERY_OPTIONS).chain(placement);
    let methods = all.map(|(key, about)| {
        let about: Expr = syn::parse_quote!(#about);
        method(private, &[], &[about], &format_ident!("r#{key}"), key)
    });
    methods.collect()
}

/// Returns a line with the type of an option and its default.
fn takes(ty: &Type, kind: &Kind) -> Expr {
    let text = |tokens: TokenStream| {
        tokens
            .to_string()
            .replace(" :: ", "::")
            .replace(" <", "<")
            .replace("< ", "<")
            .replace(" >", ">")
    };
    let ty = text(quote!(#ty));
    let default = match kind {
        Kind::Plain { default: Some(default) } => {
            format!(" The default is `{}`.", text(quote!(#default)))
        }
        _ if ty.starts_with("Option<") => " It is optional.".to_owned(),
        _ => " It is required.".to_owned(),
    };
    let line = format!("\n\nThe type of the option is `{ty}`.{default}");
    syn::parse_quote!(#line)
}

fn method(
    private: &TokenStream,
    cfg: &[Attribute],
    docs: &[Expr],
    name: &Ident,
    key: &str,
) -> TokenStream {
    let (key, value) = (Literal::string(key), local("value"));
    quote! {
        #(#cfg)*
        #(#[doc = #docs])*
        pub fn #name(self, #value: impl ::core::convert::Into<#private::OptionValue>) -> Self {
            Self(self.0.set(#key, ::core::convert::Into::into(#value)))
        }
    }
}

/// Writes the calls of the macros of the flattened sets.
fn sets(options: &Options, builder: &TokenStream) -> TokenStream {
    let sets = options.fields.iter().filter_map(|field| {
        let Type::Path(path) = &field.ty else { return None };
        let (Role::Flattened, path) = (&field.role, &path.path) else { return None };
        let cfg = &field.cfg;
        Some(quote!(#(#cfg)* #path! { #builder }))
    });
    sets.collect()
}

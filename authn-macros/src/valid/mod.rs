//! Every rule and its message.
//!
//! A message is in the imperative and points at the token that breaks the rule. All problems of an item are
//! reported together. The compiler checks the rules about types (a `_field` is a secret, a `__field` is
//! `Default`, the trait is implemented): the generated code names each type once in a place that requires it.

mod arguments;
mod errors;
mod field;
mod helper;
mod item;
mod name;
mod requests;
mod words;

use syn::DeriveInput;

use self::errors::Errors;
pub(crate) use self::name::{CACHE_OPTIONS, EVERY_OPTIONS, KEPT_OPTIONS, PLACEMENT_OPTIONS};
use crate::args::Argument;
use crate::ast::Item;
use crate::model::{Macro, Options};

/// The item as it is emitted, the valid options for its code, and the errors.
pub(crate) type Checked = (DeriveInput, Options, Option<syn::Error>);

/// Checks all rules.
pub(crate) fn check(of: Macro, arguments: syn::Result<Vec<Argument>>, item: Item) -> Checked {
    let mut errors = Errors::default();
    let arguments = arguments::check(of, arguments, &item.emitted.ident, &mut errors);
    item::check(&item, &arguments, &mut errors);
    let fields = field::check_all(item.fields, &arguments, &mut errors);
    let ident = item.emitted.ident.clone();
    let visibility = item.emitted.vis.clone();
    let options = Options { arguments, ident, visibility, docs: item.docs, cfg: item.cfg, fields };
    (item.emitted, options, errors.into_error())
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;
    use crate::{args, ast};

    fn messages(arguments: TokenStream, item: TokenStream) -> Vec<String> {
        let item = ast::parse(item).unwrap();
        let (_, _, errors) = check(Macro::Provider, args::parse(arguments), item);
        errors.into_iter().flatten().map(|error| error.to_string()).collect()
    }

    fn field(arguments: TokenStream, field: &TokenStream) -> Vec<String> {
        messages(arguments, quote!(#[doc = "Mints tokens."] struct CorpSts { #field }))
    }

    #[test]
    fn a_provider_that_keeps_all_rules_is_accepted() {
        let item = quote! {
            /// Mints tokens.
            #[derive(Clone)]
            pub struct CorpSts {
                /// Address.
                #[shorthand]
                pub r#type: Url,
                /// Key.
                _key: SecretString,
                __key: u32,
            }
        };
        let arguments = args::parse(quote!("corp_sts", crate = kelvin, cached));
        let item = ast::parse(item).unwrap();
        let (emitted, provider, errors) = check(Macro::Provider, arguments, item);
        assert!(errors.is_none(), "refused");
        let arguments = &provider.arguments;
        assert_eq!(arguments.name.value(), "corp_sts");
        assert!(arguments.has("cached") && !arguments.has("own_placement"));
        assert!(arguments.authn.is_ident("kelvin"));
        let keys: Vec<Option<String>> = provider
            .fields
            .iter()
            .map(|field| field.option().map(|option| option.key.value()))
            .collect();
        assert_eq!(keys, [Some("type".to_owned()), Some("key".to_owned()), None]);
        let emitted = quote!(#emitted).to_string();
        assert!(emitted.contains("derive (Clone)") && !emitted.contains("shorthand"), "{emitted}");
    }

    #[test]
    fn all_problems_are_reported_together_from_top_to_bottom() {
        let item = quote! {
            #[derive(Debug)]
            enum CorpSts<T> { One(T) }
        };
        let messages = messages(quote!(cached, cached), item);
        let starts = [
            "name the provider",
            "remove the second `cached`",
            "make it a struct",
            "remove the generic parameters",
            "document `CorpSts`",
            "remove the derived `Debug`",
        ];
        assert_eq!(messages.len(), starts.len(), "{messages:#?}");
        for (message, start) in messages.iter().zip(starts) {
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn an_option_of_the_framework_is_refused_only_where_the_framework_adds_it() {
        for (name, _) in name::CACHE_OPTIONS {
            let ident = syn::parse_str::<syn::Ident>(name).unwrap();
            let option = quote!(#[doc = "Taken."] #ident: String);
            assert_eq!(field(quote!("corp_sts", cached), &option).len(), 1, "{name}");
            assert_eq!(field(quote!("corp_sts"), &option).len(), 0, "{name}");
        }
        for (name, _) in name::EVERY_OPTIONS {
            let ident = quote::format_ident!("r#{name}");
            let option = quote!(#[doc = "Taken."] #ident: String);
            assert_eq!(field(quote!("corp_sts", own_placement), &option).len(), 1, "{name}");
        }
        for (name, _) in name::PLACEMENT_OPTIONS {
            let ident = quote::format_ident!("r#{name}");
            let option = quote!(#[doc = "Taken."] #ident: String);
            assert_eq!(field(quote!("corp_sts"), &option).len(), 1, "{name}");
            assert_eq!(field(quote!("corp_sts", own_placement), &option).len(), 0, "{name}");
        }
    }

    #[test]
    fn a_name_of_the_builders_own_methods_is_refused() {
        for name in name::BUILDER_METHODS {
            let ident = quote::format_ident!("{name}");
            let option = quote!(#[doc = "Taken."] #ident: String);
            assert_eq!(field(quote!("corp_sts"), &option).len(), 1, "{name}");
        }
    }

    #[test]
    fn fields_under_conditions_may_share_a_key() {
        let key = quote!(#[doc = "Key."] key: String, #[doc = "Key."] _key: SecretString);
        assert_eq!(field(quote!("corp_sts"), &key).len(), 1);
        let key = quote! {
            #[doc = "Key."] #[cfg(unix)] key: String,
            #[doc = "Key."] #[cfg(windows)] _key: SecretString
        };
        assert_eq!(field(quote!("corp_sts"), &key).len(), 0);
    }
}

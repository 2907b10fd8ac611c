//! Takes the attributes that belong to this macro off an item or a field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

/// The helper attributes of one field, as written.
#[derive(Default)]
pub(crate) struct Helpers {
    /// `#[default(…)]`
    pub(crate) default: Vec<Attribute>,
    /// `#[provider]`
    pub(crate) provider: Vec<Attribute>,
    /// `#[shorthand]`
    pub(crate) shorthand: Vec<Attribute>,
    /// `#[flatten]`
    pub(crate) flatten: Vec<Attribute>,
    /// `#[inner]`
    pub(crate) inner: Vec<Attribute>,
}

/// Takes the helper attributes off a field: nothing else knows them.
pub(crate) fn take_helpers(attributes: &mut Vec<Attribute>) -> Helpers {
    let mut take = |name| attributes.extract_if(.., |one| one.path().is_ident(name)).collect();
    Helpers {
        default: take("default"),
        provider: take("provider"),
        shorthand: take("shorthand"),
        flatten: take("flatten"),
        inner: take("inner"),
    }
}

/// Takes the `#[options(…)]` attributes off an item, and returns their arguments together.
pub(crate) fn take_arguments(attributes: &mut Vec<Attribute>) -> TokenStream {
    let mut arguments = TokenStream::new();
    for attribute in attributes.extract_if(.., |one| one.path().is_ident("options")) {
        match attribute.meta {
            Meta::List(list) if list.tokens.is_empty() => {}
            Meta::List(list) => {
                let tokens = list.tokens;
                arguments.extend(quote!(#tokens,));
            }
            other => arguments.extend(quote!(#other,)),
        }
    }
    arguments
}

/// Takes `Debug` out of the `#[derive(…)]` attributes, so that it can't collide with the `Debug`
/// of this macro. A derive that stands before the attribute has already run and is not seen.
pub(crate) fn take_derived_debug(attributes: &mut Vec<Attribute>) -> Option<Path> {
    let mut taken = None;
    attributes.retain_mut(|attribute| {
        let Meta::List(list) = &mut attribute.meta else { return true };
        let derives = Punctuated::<Path, Token![,]>::parse_terminated;
        if !list.path.is_ident("derive") {
            return true;
        }
        let Ok(derives) = list.parse_args_with(derives) else { return true };
        let (debug, others): (Vec<Path>, Vec<Path>) =
            derives.into_iter().partition(|path| last_name_is(path, "Debug"));
        let Some(debug) = debug.into_iter().next() else { return true };
        taken = Some(debug);
        list.tokens = quote!(#(#others),*);
        !others.is_empty()
    });
    taken
}

/// Takes a second `#[token_provider]` or `#[token_store]` off: it would write everything twice.
pub(crate) fn take_repeated(attributes: &mut Vec<Attribute>) -> Option<Attribute> {
    let repeated = |one: &mut Attribute| {
        ["token_provider", "token_store"].iter().any(|name| last_name_is(one.path(), name))
    };
    attributes.extract_if(.., repeated).last()
}

/// Returns the `#[cfg(…)]` attributes, which stay where they are.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|one| one.path().is_ident("cfg")).cloned().collect()
}

/// Permits the use of a field whose name starts with an underscore, which here says that it is
/// not shown, and not that it is unused.
pub(crate) fn allow_use() -> Attribute {
    parse_quote!(#[allow(clippy::used_underscore_binding)])
}

fn last_name_is(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(attributes: &[Attribute]) -> String {
        quote!(#(#attributes)*).to_string()
    }

    #[test]
    fn takes_the_helpers_and_leaves_the_rest() {
        let mut attributes: Vec<Attribute> = parse_quote! {
            #[doc = " Tries."]
            #[default(3)]
            #[cfg(unix)]
            #[provider]
            #[default]
            #[other::provider]
        };
        let helpers = take_helpers(&mut attributes);
        assert_eq!(text(&helpers.default), "# [default (3)] # [default]");
        assert_eq!(text(&helpers.provider), "# [provider]");
        assert_eq!(text(&helpers.shorthand), "");
        assert_eq!(
            text(&attributes),
            r#"# [doc = " Tries."] # [cfg (unix)] # [other :: provider]"#
        );
        assert_eq!(text(&conditions(&attributes)), "# [cfg (unix)]");
    }

    #[test]
    fn takes_only_debug_out_of_a_derive() {
        let mut attributes: Vec<Attribute> =
            parse_quote!(#[derive(Clone, std::fmt::Debug, Default)]);
        let debug = take_derived_debug(&mut attributes);
        assert_eq!(quote!(#debug).to_string(), "std :: fmt :: Debug");
        assert_eq!(text(&attributes), "# [derive (Clone , Default)]");
    }

    #[test]
    fn takes_an_empty_derive_with_it() {
        let mut attributes: Vec<Attribute> = parse_quote!(#[derive(Debug)] #[derive(Clone)]);
        assert!(take_derived_debug(&mut attributes).is_some());
        assert_eq!(text(&attributes), "# [derive (Clone)]");
        assert!(take_derived_debug(&mut attributes).is_none());
    }
}

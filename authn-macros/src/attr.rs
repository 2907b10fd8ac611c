//! Removes the attributes of this macro from an item or a field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

/// The helper attributes of one field, as they are written.
#[derive(Default)]
pub(crate) struct Helpers {
    /// `#[default(…)]`
    pub(crate) default: Vec<Attribute>,
    /// `#[provider]`
    pub(crate) provider: Vec<Attribute>,
    /// `#[shorthand]`
    pub(crate) shorthand: Vec<Attribute>,
    /// `#[needed]`
    pub(crate) needed: Vec<Attribute>,
    /// `#[flatten]`
    pub(crate) flatten: Vec<Attribute>,
    /// `#[inner]`
    pub(crate) inner: Vec<Attribute>,
}

/// Removes the helper attributes from a field, because the compiler does not know them, and returns them.
pub(crate) fn take_helpers(attributes: &mut Vec<Attribute>) -> Helpers {
    let mut take = |name| attributes.extract_if(.., |one| one.path().is_ident(name)).collect();
    Helpers {
        default: take("default"),
        provider: take("provider"),
        shorthand: take("shorthand"),
        needed: take("needed"),
        flatten: take("flatten"),
        inner: take("inner"),
    }
}

/// Removes the `#[options(…)]` attributes from an item, and returns their arguments together.
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

/// Removes `Debug` from the `#[derive(…)]` attributes, so that it can't collide with the `Debug` of this
/// macro. A derive above the attribute has already run and is not seen.
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

/// Removes a second `#[token_provider]` or `#[token_store]`, which would write everything twice, and returns
/// it.
pub(crate) fn take_repeated(attributes: &mut Vec<Attribute>) -> Option<Attribute> {
    let repeated = |one: &mut Attribute| {
        ["token_provider", "token_store"].iter().any(|name| last_name_is(one.path(), name))
    };
    attributes.extract_if(.., repeated).last()
}

/// Returns the `#[cfg(…)]` attributes and leaves them on the item or field.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|one| one.path().is_ident("cfg")).cloned().collect()
}

/// Returns an attribute that permits the use of a field whose name starts with an underscore. Here the
/// underscore means that the field is not shown, and not that it is unused.
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
    fn the_helpers_are_removed_and_other_attributes_stay() {
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
    fn only_debug_is_removed_from_a_derive() {
        let mut attributes: Vec<Attribute> =
            parse_quote!(#[derive(Clone, std::fmt::Debug, Default)]);
        let debug = take_derived_debug(&mut attributes);
        assert_eq!(quote!(#debug).to_string(), "std :: fmt :: Debug");
        assert_eq!(text(&attributes), "# [derive (Clone , Default)]");
    }

    #[test]
    fn a_derive_without_names_is_removed() {
        let mut attributes: Vec<Attribute> = parse_quote!(#[derive(Debug)] #[derive(Clone)]);
        assert!(take_derived_debug(&mut attributes).is_some());
        assert_eq!(text(&attributes), "# [derive (Clone)]");
        assert!(take_derived_debug(&mut attributes).is_none());
    }
}

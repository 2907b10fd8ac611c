//! Returns documentation as expressions, so that `#[doc = include_str!("…")]` works.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the expression of each `#[doc = …]`, one for each line of a `///` comment.
///
/// The result is empty if all texts are blank. The text of a macro call is not known here and not treated
/// as blank.
pub(crate) fn expressions(attributes: &[Attribute]) -> Vec<Expr> {
    let expressions: Vec<Expr> = attributes.iter().filter_map(expression).cloned().collect();
    if expressions.iter().all(is_blank) { Vec::new() } else { expressions }
}

fn expression(attribute: &Attribute) -> Option<&Expr> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn is_blank(expression: &Expr) -> bool {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = expression else { return false };
    text.value().trim().is_empty()
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn text(attributes: &[Attribute]) -> Vec<String> {
        expressions(attributes).iter().map(|expression| quote!(#expression).to_string()).collect()
    }

    #[test]
    fn each_line_is_an_expression() {
        let attributes: Vec<Attribute> = parse_quote! {
            #[doc = " Address."]
            #[doc = ""]
            #[doc(alias = "endpoint")]
            #[doc = " Of the STS."]
        };
        assert_eq!(text(&attributes), [r#"" Address.""#, r#""""#, r#"" Of the STS.""#]);
    }

    #[test]
    fn a_macro_call_is_not_changed() {
        let attributes: Vec<Attribute> = parse_quote!(#[doc = include_str!("url.md")]);
        assert_eq!(text(&attributes), [r#"include_str ! ("url.md")"#]);
    }

    #[test]
    fn blank_text_is_no_documentation() {
        let attributes: Vec<Attribute> = parse_quote! {
            #[doc = ""]
            #[doc = "  "]
        };
        assert!(text(&attributes).is_empty());
    }
}

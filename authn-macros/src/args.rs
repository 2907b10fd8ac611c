//! Parses the arguments of an attribute. No rule is checked here.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Path, Result, Token};

/// One argument, up to the next comma.
pub(crate) struct Argument {
    /// The argument as it is written.
    pub(crate) tokens: TokenStream,
    pub(crate) form: Form,
}

/// The form of an argument.
pub(crate) enum Form {
    /// `"corp_sts"`
    Name(LitStr),
    /// A word, such as `cached`.
    Flag(Ident),
    /// A word with a path, such as `validate = Self::check` or `crate = path`.
    Path(Ident, Path),
    /// A word with any other expression, such as `header = "x-token"` or `refusing = [401, 403]`.
    Value(Ident, Expr),
    /// Anything else.
    Other,
}

/// Parses all arguments. It fails only if there is no argument before a comma.
pub(crate) fn parse(tokens: TokenStream) -> Result<Vec<Argument>> {
    let arguments = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens)?;
    Ok(arguments.into_iter().collect())
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            tokens.extend([input.parse::<TokenTree>()?]);
        }
        if tokens.is_empty() {
            return Err(input.error("write an argument before the comma"));
        }
        let form = form.parse2(tokens.clone()).unwrap_or(Form::Other);
        Ok(Self { tokens, form })
    }
}

fn form(input: ParseStream<'_>) -> Result<Form> {
    if input.peek(LitStr) {
        return input.parse().map(Form::Name);
    }
    let is_crate = input.peek(Token![crate]);
    let name = if is_crate { input.call(Ident::parse_any)? } else { input.parse()? };
    if input.is_empty() && !is_crate {
        return Ok(Form::Flag(name));
    }
    input.parse::<Token![=]>()?;
    let ahead = input.fork();
    if ahead.call(Path::parse_mod_style).is_ok() && ahead.is_empty() {
        return Ok(Form::Path(name, input.call(Path::parse_mod_style)?));
    }
    Ok(Form::Value(name, input.parse()?))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn kinds(tokens: TokenStream) -> Vec<String> {
        let describe = |argument: &Argument| {
            let kind = match &argument.form {
                Form::Name(_) => "name",
                Form::Flag(_) => "flag",
                Form::Path(name, _) if name == "crate" => "crate",
                Form::Path(..) => "path",
                Form::Value(..) => "value",
                Form::Other => "other",
            };
            format!("{kind} {}", argument.tokens)
        };
        parse(tokens).unwrap().iter().map(describe).collect()
    }

    #[test]
    fn each_kind_of_argument_is_parsed() {
        let tokens = quote!(
            "corp_sts",
            cached,
            crate = ::kelvin::authn,
            own_placement,
            validate = Self::check,
            header = "x-token",
            refusing = [401, 403],
        );
        let expected = [
            r#"name "corp_sts""#,
            "flag cached",
            "crate crate = :: kelvin :: authn",
            "flag own_placement",
            "path validate = Self :: check",
            r#"value header = "x-token""#,
            "value refusing = [401 , 403]",
        ];
        assert_eq!(kinds(tokens), expected);
    }

    #[test]
    fn an_unknown_argument_is_kept_up_to_the_comma() {
        let tokens =
            quote!("a" "b", cached = true, crate = "authn", crate, cache now, type, size(1, 2));
        let expected = [
            r#"other "a" "b""#,
            "value cached = true",
            r#"value crate = "authn""#,
            "other crate",
            "other cache now",
            "other type",
            "other size (1 , 2)",
        ];
        assert_eq!(kinds(tokens), expected);
    }

    #[test]
    fn a_comma_without_an_argument_is_refused() {
        let message = parse(quote!(, cached)).err().map(|error| error.to_string());
        assert_eq!(message.as_deref(), Some("write an argument before the comma"));
    }
}

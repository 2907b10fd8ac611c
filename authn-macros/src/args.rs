//! Reads the arguments of an attribute, without judging them.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Result, Token};

/// One argument as it is written.
pub(crate) enum Argument {
    /// `"corp_sts"`
    Name(LitStr),
    /// A word, such as `cached`.
    Flag(Ident),
    /// `crate = path`
    Crate { keyword: Token![crate], equals: Token![=], path: Path },
    /// A word with a path, such as `validate = Self::check`.
    Path { name: Ident, equals: Token![=], path: Path },
    /// Anything else up to the next comma.
    Other(TokenStream),
}

/// Reads all arguments. It fails only where commas stand without an argument.
pub(crate) fn parse(tokens: TokenStream) -> Result<Vec<Argument>> {
    let arguments = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens)?;
    Ok(arguments.into_iter().collect())
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        if let Ok(argument) = known(&ahead)
            && at_end(&ahead)
        {
            input.advance_to(&ahead);
            return Ok(argument);
        }
        if at_end(input) {
            return Err(input.error("write an argument before the comma"));
        }
        let mut other = TokenStream::new();
        while !at_end(input) {
            other.extend([input.parse::<TokenTree>()?]);
        }
        Ok(Self::Other(other))
    }
}

impl ToTokens for Argument {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Name(name) => name.to_tokens(tokens),
            Self::Flag(flag) => flag.to_tokens(tokens),
            Self::Crate { keyword, equals, path } => {
                tokens.extend(quote!(#keyword #equals #path));
            }
            Self::Path { name, equals, path } => tokens.extend(quote!(#name #equals #path)),
            Self::Other(other) => tokens.extend(other.clone()),
        }
    }
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn known(input: ParseStream<'_>) -> Result<Argument> {
    if input.peek(LitStr) {
        return input.parse().map(Argument::Name);
    }
    if input.peek(Token![crate]) {
        let (keyword, equals) = (input.parse()?, input.parse()?);
        return Ok(Argument::Crate { keyword, equals, path: input.call(Path::parse_mod_style)? });
    }
    let name: Ident = input.parse()?;
    if input.peek(Token![=]) {
        let (equals, path) = (input.parse()?, input.call(Path::parse_mod_style)?);
        return Ok(Argument::Path { name, equals, path });
    }
    Ok(Argument::Flag(name))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn kinds(tokens: TokenStream) -> Vec<String> {
        let describe = |argument: &Argument| {
            let kind = match argument {
                Argument::Name(_) => "name",
                Argument::Flag(_) => "flag",
                Argument::Crate { .. } => "crate",
                Argument::Path { .. } => "path",
                Argument::Other(_) => "other",
            };
            format!("{kind} {}", argument.to_token_stream())
        };
        parse(tokens).unwrap().iter().map(describe).collect()
    }

    #[test]
    fn reads_each_kind_of_argument() {
        let tokens = quote!(
            "corp_sts",
            cached,
            crate = ::kelvin::authn,
            own_placement,
            validate = Self::check,
        );
        let expected = [
            r#"name "corp_sts""#,
            "flag cached",
            "crate crate = :: kelvin :: authn",
            "flag own_placement",
            "path validate = Self :: check",
        ];
        assert_eq!(kinds(tokens), expected);
    }

    #[test]
    fn keeps_what_it_does_not_know_up_to_the_comma() {
        let tokens =
            quote!("a" "b", cached = true, crate = "authn", crate, cache now, type, size(1, 2));
        let expected = [
            r#"other "a" "b""#,
            "other cached = true",
            r#"other crate = "authn""#,
            "other crate",
            "other cache now",
            "other type",
            "other size (1 , 2)",
        ];
        assert_eq!(kinds(tokens), expected);
    }

    #[test]
    fn refuses_a_comma_without_an_argument() {
        let message = parse(quote!(, cached)).err().map(|error| error.to_string());
        assert_eq!(message.as_deref(), Some("write an argument before the comma"));
    }
}

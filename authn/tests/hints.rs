//! The help of a problem says what to write: the name that is known, and the way to what is missing.

use authn::{Context, Credentials, Environment, Loader, Result, Token, TokenProvider};

/// Takes a number.
#[authn::token_provider("counted")]
struct Counted {
    /// A number.
    number: u8,
}

/// Passes on one of two.
#[authn::token_provider("outer")]
struct Outer {
    /// Another provider.
    #[provider]
    of: Credentials,
}

/// Has another provider's table among its options.
#[authn::token_provider("wrapping")]
struct Wrapping {
    #[inner]
    of: Credentials,
}

macro_rules! provider {
    ($($name:ident: $field:ident)*) => {$(
        impl TokenProvider for $name {
            async fn token(&self, _: &Context) -> Result<Token> {
                Token::new(format!("{:?}", self.$field))
            }
        }
    )*};
}

provider!(Counted: number Outer: of Wrapping: of);

fn help(text: &str) -> String {
    let text = format!("[credentials]\norigins = ['*']\n{text}");
    let loader = Loader::new().environment(Environment::empty());
    let config = loader.defaults(&text).read();
    let mut help = config.problems().iter().filter_map(|problem| problem.help());
    help.next().unwrap_or_default().to_owned()
}

#[test]
fn no_help_has_a_word_to_be_replaced_where_the_name_is_known() {
    let link = "add the crate to Cargo.toml and `use its_crate as _;` to main.rs";
    for (text, expected) in [
        (
            "counted = { number = 'x' }",
            "the documentation of the crate `authn` says what each option takes".to_owned(),
        ),
        (
            "counted = { number = [] }",
            "the documentation of the crate `authn` says what each option takes"
                .to_owned(),
        ),
        (
            "counted = { number = 1 }\n[http]\ntimeout = []",
            "put a text in quotes; write a duration like `5s`, `15m` or `1h30m`, or a number of seconds".to_owned(),
        ),
        ("outer = { of = {} }", "add its table, such as `[credentials.outer.of.oauth]`".to_owned()),
        (
            "outer = { of = { counted = {}, outer = {} } }",
            "keep one of them, such as `credentials.outer.of.counted`".to_owned(),
        ),
        ("wrapping = {}", "add one table, such as `[credentials.wrapping.oauth]`".to_owned()),
        (
            "counted = { number = 1 }\nouter = {}",
            "choose one in `[credentials]`, such as `provider = \"counted\"`".to_owned(),
        ),
        (
            "counted = { number = 1 }\n[stores.corp_vault]\nurl = 'https://a.test'",
            format!("for a store of another crate, {link}; or remove this table"),
        ),
        (
            "corp_sts = {}",
            format!(
                "the providers of this program: counted, outer, wrapping; in a program of your own, {link}"
            ),
        ),
    ] {
        assert_eq!(help(text), expected, "{text}");
    }
}

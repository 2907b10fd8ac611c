//! The struct may be written by a macro, inside a function as well.

use authn::{Context, Registry, Result, SecretString, Token};

macro_rules! provider {
    ($name:literal, $module:ident, $(#[$doc:meta])* $ident:ident, $type:ty, $default:expr) => {
        $(#[$doc])*
        #[authn::token_provider($name)]
        struct $ident {
            $(#[$doc])*
            _key: $type,
            $(#[$doc])*
            #[default($default)]
            tries: u8,
            #[flatten]
            more: $module::$ident,
            __attempts: u32,
        }

        mod $module {
            $(#[$doc])*
            #[derive(authn::Options)]
            pub(super) struct $ident {
                $(#[$doc])*
                #[default($default)]
                more: u8,
            }
        }

        impl authn::TokenProvider for $ident {
            async fn token(&self, _: &Context) -> Result<Token> {
                unreachable!()
            }
        }
    };
}

provider!("outer", outer, /** Outer. */ Outer, SecretString, 1 + 2);

/// Sets of one name, which are written at one place.
macro_rules! sets {
    ($($module:ident)*) => {$(
        pub mod $module {
            /// Same.
            #[derive(authn::Options)]
            pub struct Same {
                /// Number.
                #[default(1)]
                pub number: u8,
            }
        }
    )*};
}

sets!(first second);

/// Has a set.
#[authn::token_provider("of_first")]
struct OfFirst {
    #[flatten]
    same: first::Same,
}

impl authn::TokenProvider for OfFirst {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(self.same.number.to_string())
    }
}

/// Has a set.
#[authn::token_provider("of_second")]
struct OfSecond {
    #[flatten]
    same: second::Same,
}

impl authn::TokenProvider for OfSecond {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(self.same.number.to_string())
    }
}

pub(crate) fn main() {
    assert!(
        OfFirst::builder().number(2).build().is_ok()
            && OfSecond::builder().number(3).build().is_ok()
    );
    provider!("inner", inner, /** Inner. */ Inner, Option<SecretString>, { 4 });

    let registry = Registry::linked().unwrap();
    assert_eq!(registry.get("outer").unwrap().doc(), "Outer.");
    assert_eq!(registry.get("inner").unwrap().doc(), "Inner.");
    let default = |name| registry.get(name).unwrap().field("tries").unwrap().default().unwrap();
    assert_eq!(default("outer").to_string(), "3");
    assert_eq!(default("inner").to_string(), "4");
}

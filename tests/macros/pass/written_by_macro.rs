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

pub(crate) fn main() {
    provider!("inner", inner, /** Inner. */ Inner, Option<SecretString>, { 4 });

    let registry = Registry::linked().unwrap();
    assert_eq!(registry.get("outer").unwrap().doc(), "Outer.");
    assert_eq!(registry.get("inner").unwrap().doc(), "Inner.");
    let default = |name| registry.get(name).unwrap().field("tries").unwrap().default().unwrap();
    assert_eq!(default("outer").to_string(), "3");
    assert_eq!(default("inner").to_string(), "4");
}

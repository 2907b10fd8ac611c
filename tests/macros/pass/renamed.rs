//! `authn` may have another name, and lie in another module.

mod kelvin {
    pub mod auth {
        pub use ::authn::*;
    }
}

use authn as renamed;

/// Reaches it by a path in this crate.
#[kelvin::auth::token_provider("first", crate = crate::renamed::kelvin::auth)]
struct First {
    /// Key.
    _key: kelvin::auth::SecretString,
    /// Tries.
    #[default(3)]
    tries: u8,
}

impl kelvin::auth::TokenProvider for First {
    async fn token(&self, _: &kelvin::auth::Context) -> kelvin::auth::Result<kelvin::auth::Token> {
        unreachable!()
    }
}

/// Reaches it by a relative path.
#[renamed::token_provider("second", crate = renamed, cached)]
struct Second {
    /// Key.
    _key: renamed::SecretString,
}

impl renamed::TokenSource for Second {
    async fn request_token(
        &self,
        _: &renamed::Context,
        _: Option<&renamed::TokenSet>,
    ) -> renamed::Result<renamed::TokenSet> {
        unreachable!()
    }
}

/// Reaches it by a path in this crate.
#[derive(kelvin::auth::Options)]
#[options(crate = crate::renamed::kelvin::auth)]
struct Third {
    /// Key.
    _key: kelvin::auth::SecretString,
}

pub(crate) fn main() {
    let registry = kelvin::auth::Registry::linked().unwrap();
    assert!(registry.get("first").is_some() && registry.get("second").is_some());
}

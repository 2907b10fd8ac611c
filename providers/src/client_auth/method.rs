//! `Method`: the way to authenticate that a configuration chooses: a registered one, or one of a crate's own.

use std::{fmt, sync::LazyLock};

use authn::{Result, Show, View};
use serde::{Deserialize, Deserializer, de};

use super::own::{self, ErasedClientAuth};
use crate::{
    choice::choice,
    named::{Kind, Named, names},
};

choice! {
    /// A way to authenticate, by its registered name (RFC 7591, 2; OpenID Connect Core, 9).
    pub(crate) enum Standard {
        /// Identifier and secret in the `Authorization` header.
        ClientSecretBasic = "client_secret_basic",
        /// Identifier and secret in the form.
        ClientSecretPost = "client_secret_post",
        /// A token signed with the secret.
        ClientSecretJwt = "client_secret_jwt",
        /// A token signed with a private key.
        PrivateKeyJwt = "private_key_jwt",
        /// A certificate of an authority that the server trusts.
        TlsClientAuth = "tls_client_auth",
        /// A certificate that is registered at the server.
        SelfSignedTlsClientAuth = "self_signed_tls_client_auth",
        /// A token of a nested provider.
        ClientAssertion = "client_assertion",
        /// The identifier only (a public client).
        None = "none",
    }
}

/// What the ways of a crate's own are.
const OWN: Kind =
    Kind { singular: "way to authenticate a client", plural: "ways to authenticate a client" };

/// A way to authenticate.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    Standard(Standard),
    Own(&'static Named<dyn ErasedClientAuth>),
}

impl Standard {
    /// Returns whether the certificate of the connection authenticates the client (RFC 8705, 2).
    pub(crate) fn is_mutual_tls(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }
}

impl Method {
    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard(method) => method.name(),
            Self::Own(own) => own.name(),
        }
    }

    /// Returns whether it is this one.
    pub(crate) fn is(self, standard: Standard) -> bool {
        matches!(self, Self::Standard(method) if method == standard)
    }

    /// Fails if another crate registers a way of the same name.
    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Standard(_) => Ok(()),
            Self::Own(own) => OWN.find(own.name(), own::registered()).map(drop),
        }
    }
}

fn all_names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let standard = Standard::ALL.iter().map(|method| method.name());
        standard.chain(names(own::registered())).collect()
    });
    &NAMES
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Method;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a way to authenticate")
            }

            fn visit_enum<A: de::EnumAccess<'de>>(self, access: A) -> Result<Method, A::Error> {
                let (name, variant) = access.variant::<String>()?;
                de::VariantAccess::unit_variant(variant)?;
                if let Some(method) = Standard::by_name(&name) {
                    return Ok(Method::Standard(method));
                }
                let own = own::registered().find(|own| own.name() == name);
                own.map(Method::Own).ok_or_else(|| de::Error::unknown_variant(&name, all_names()))
            }
        }
        deserializer.deserialize_enum("Method", all_names(), Visitor)
    }
}

impl Show for Method {
    fn show(&self) -> View {
        View::text(self.name())
    }
}

//! `Algorithm`: the algorithms that can sign a token (RFC 7518, 3.1; RFC 8037, 3.1).

use crate::choice::choice;

choice! {
    /// A signature algorithm, by its registered name. `none` is not supported.
    pub(crate) enum Algorithm {
        /// HMAC with SHA-256.
        Hs256 = "HS256",
        /// HMAC with SHA-384.
        Hs384 = "HS384",
        /// HMAC with SHA-512.
        Hs512 = "HS512",
        /// RSA, PKCS #1 v1.5, with SHA-256.
        Rs256 = "RS256",
        /// RSA, PKCS #1 v1.5, with SHA-384.
        Rs384 = "RS384",
        /// RSA, PKCS #1 v1.5, with SHA-512.
        Rs512 = "RS512",
        /// RSA, PSS, with SHA-256.
        Ps256 = "PS256",
        /// RSA, PSS, with SHA-384.
        Ps384 = "PS384",
        /// RSA, PSS, with SHA-512.
        Ps512 = "PS512",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

#[cfg(test)]
mod tests {
    use serde::{
        Deserialize as _,
        de::{IntoDeserializer as _, value::Error},
    };

    use super::*;

    #[test]
    fn algorithms_have_their_registered_names() {
        for algorithm in Algorithm::ALL.iter().copied() {
            let name = algorithm.name().into_deserializer();
            assert_eq!(Algorithm::deserialize(name).map_err(|_: Error| ()), Ok(algorithm));
            assert_eq!(Algorithm::by_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::by_name("none"), None);
    }
}

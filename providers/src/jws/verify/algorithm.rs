//! `PublicKeyAlgorithm`: the algorithms whose signatures are accepted (RFC 7518, 3.1; RFC 8037, 3.1).

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
};

use crate::choice::choice;

choice! {
    /// An algorithm that signs with a private key, by its registered name (RFC 7515, 4.1.1).
    ///
    /// It is a type of its own and not [`Algorithm`](crate::jws::Algorithm), which has the HMACs. The algorithm comes
    /// from the token, so with an HMAC an attacker could sign with the public key as the secret. `none` is missing for
    /// the same reason. ES512 is only verified, and so is missing there.
    pub(super) enum PublicKeyAlgorithm {
        Rs256 = "RS256",
        Rs384 = "RS384",
        Rs512 = "RS512",
        Ps256 = "PS256",
        Ps384 = "PS384",
        Ps512 = "PS512",
        Es256 = "ES256",
        Es384 = "ES384",
        Es512 = "ES512",
        /// The alias is the name in RFC 9864.
        #[serde(alias = "Ed25519")]
        Ed25519 = "EdDSA",
    }
}

impl PublicKeyAlgorithm {
    /// Returns the parameters that verify it with an RSA key, or `None` if it is not an RSA algorithm.
    pub(super) fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::Es512 | Self::Ed25519 => return None,
        })
    }
}

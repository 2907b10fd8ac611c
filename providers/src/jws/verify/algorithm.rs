//! `PublicKeyAlgorithm`: the algorithms whose signatures are believed (RFC 7518, 3.1; RFC 8037, 3.1).

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
};

use crate::choice::choice;

choice! {
    /// An algorithm that needs a private key to sign, by its registered name (RFC 7515, 4.1.1).
    ///
    /// It is no [`Algorithm`](crate::jws::Algorithm), because that one has the HMACs: code that takes the algorithm
    /// from the token would take a public key, which everybody has, for an HMAC's secret. Nor is there a `none`.
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
        /// The other name is the one since RFC 9864.
        #[serde(alias = "Ed25519")]
        Ed25519 = "EdDSA",
    }
}

impl PublicKeyAlgorithm {
    /// Returns what RSA keys verify it with; `None` if it is not RSA's.
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

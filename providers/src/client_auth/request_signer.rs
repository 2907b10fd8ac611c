//! The private key of a client as the signer of its authorization requests (RFC 9101), however it authenticates.

use authn::{Error, Result};

use super::Client;
use crate::jws::{Algorithm, Signer};

impl Client {
    /// Reads the key that signs an authorization request. `accepted` are the algorithms that the server accepts; it is
    /// empty if the server does not say.
    pub(crate) fn request_signer(&self, accepted: &[Algorithm]) -> Result<Signer> {
        let key = self._private_key.as_ref().ok_or_else(|| {
            Error::configuration(
                "the authorization request is to be signed (RFC 9101), but `private_key` is not set",
            )
            .with_help(
                "set it, preferably to a reference like `{ file = \"/run/secrets/client.pem\" }`, \
                 and register its public key at the server",
            )
        })?;
        let signer =
            Signer::with_private_key(&key.expose(), self.algorithm, self.key_id.as_deref())?;
        let signer = signer.accepted_by(accepted).ok_or_else(|| {
            let names: Vec<_> = accepted.iter().map(|algorithm| algorithm.name()).collect();
            Error::configuration(
                "the server accepts no signature of this `private_key` for authorization requests",
            )
            .with_help(format!("use a key for one of {}, or set `algorithm`", names.join(", ")))
        })?;
        Ok(signer.with_header(&self.jwt_header))
    }
}

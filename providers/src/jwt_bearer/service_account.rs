//! The key file of a Google service account, as Google's console and `gcloud` write it.

use std::path::Path;

use authn::{Error, Result, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    jws::{Algorithm, Signer},
    token_endpoint::Address,
};

/// The members of a key file that are used.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) token_uri: Address,
    private_key: Zeroizing<String>,
    private_key_id: Option<String>,
}

/// The member that says what type of credential a file contains.
#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
}

impl ServiceAccount {
    /// Reads a key file. The rules for files with secrets apply.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = SecretString::read_file(path)?;
        let fail = |what: &str| {
            Error::configuration(format!("`service_account_file` {} {what}", path.display()))
                .with_help("set it to the JSON key file of a service account")
        };
        let text = text.expose();
        let kind: Kind =
            serde_json::from_str(&text).map_err(|_| fail("is not the JSON of a key file"))?;
        if kind.r#type.as_deref() != Some("service_account") {
            return Err(fail("contains another type of credential"));
        }
        let account: Self = serde_json::from_str(&text)
            .map_err(|_| fail("lacks `client_email`, `private_key` or `token_uri`"))?;
        if account.client_email.is_empty() {
            return Err(fail("has an empty `client_email`"));
        }
        Ok(account)
    }

    /// Makes the signer.
    pub(super) fn signer(&self, algorithm: Option<Algorithm>) -> Result<Signer> {
        Signer::with_private_key(&self.private_key, algorithm, self.private_key_id.as_deref())
    }
}

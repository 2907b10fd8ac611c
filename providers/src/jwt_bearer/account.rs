//! `Account`: the account that signs, and its key.

use std::path::Path;

use authn::{Error, Result};

use super::{JwtBearer, refuse_any, service_account::ServiceAccount};
use crate::{jws::Signer, token_endpoint::Address};

/// An account that is ready to sign. It is read for each exchange, because the key can be rotated.
pub(super) struct Account {
    pub(super) issuer: String,
    pub(super) signer: Signer,
    /// The token endpoint that a key file names.
    pub(super) token_endpoint: Option<Address>,
    /// Whether the key file is Google's, whose server differs from RFC 7523.
    pub(super) is_google: bool,
}

impl JwtBearer {
    /// Reads the account from the key file or from the options.
    pub(super) fn account(&self) -> Result<Account> {
        let Some(path) = &self.service_account_file else { return self.account_of_options() };
        self.account_of_file(path, ServiceAccount::read(path)?)
    }

    /// Reads the same account without blocking the thread: the key file can be on a disk that does not answer.
    pub(super) async fn account_aside(&self) -> Result<Account> {
        let Some(path) = self.service_account_file.clone() else {
            return self.account_of_options();
        };
        let reading = tokio::task::spawn_blocking(move || (ServiceAccount::read(&path), path));
        let (file, path) = reading.await.map_err(|_| {
            Error::internal("reading `service_account_file` panicked").with_help("report it")
        })?;
        self.account_of_file(&path, file?)
    }

    fn account_of_file(&self, path: &Path, file: ServiceAccount) -> Result<Account> {
        self.check_file_conflicts()?;
        let signer = file.signer(self.algorithm);
        let signer = signer.map_err(|error| error.at(format_args!("{}", path.display())))?;
        Ok(Account {
            signer: signer.with_header(&self.jwt_header),
            issuer: file.client_email,
            token_endpoint: Some(file.token_uri),
            is_google: true,
        })
    }

    fn account_of_options(&self) -> Result<Account> {
        let issuer = self.issuer.clone().filter(|issuer| !issuer.is_empty()).ok_or_else(|| {
            Error::configuration("`issuer` is not set")
                .with_help("set it to the account that signs, or set `service_account_file`")
        })?;
        let key = self._private_key.as_ref().ok_or_else(|| {
            Error::configuration("`private_key` is not set").with_help(
                "set it, preferably to a reference like `{ file = \"/run/secrets/account.pem\" }`, or \
                 set `service_account_file`",
            )
        })?;
        let signer =
            Signer::with_private_key(&key.expose(), self.algorithm, self.key_id.as_deref())?;
        let signer = signer.with_header(&self.jwt_header);
        Ok(Account { issuer, signer, token_endpoint: None, is_google: false })
    }

    fn check_file_conflicts(&self) -> Result<()> {
        let options = [
            ("issuer", self.issuer.is_some()),
            ("private_key", self._private_key.is_some()),
            ("key_id", self.key_id.is_some()),
        ];
        refuse_any(options, "`service_account_file` sets it too")
    }
}

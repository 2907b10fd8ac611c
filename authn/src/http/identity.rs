//! `ClientIdentity`: the certificate by which a client shows who it is (mutual TLS).

use std::{fmt, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Identity;
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{client::unbuildable, tls::crypto};
use crate::{
    Error, Result, SecretString,
    input_file::{self, Rules},
    runtime::aside,
    secret::pem,
};

/// A certificate and its key, by which a client shows who it is (mutual TLS, RFC 8446, 4.4.2). A clone is cheap.
///
/// [`HttpRequest::identity`](super::HttpRequest::identity) sends a request with it. Only requests with the same certificate
/// and key share connections.
///
/// ```no_run
/// use authn::{Context, Result, SecretString, Url, http::ClientIdentity};
///
/// async fn enroll(context: &Context, url: &Url, certificates: &str, key: &SecretString) -> Result<()> {
///     let identity = ClientIdentity::from_pem(certificates, key)?;
///     context.http().post(url).identity(&identity).send().await?.success()?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct ClientIdentity(Arc<Inner>);

struct Inner {
    certified: Arc<CertifiedKey>,
    chain: Vec<u8>,
    key: SecretString,
    digest: [u8; 32],
    thumbprint: String,
}

impl ClientIdentity {
    /// Creates an identity from PEM: the client's certificate and those between it and its authority, in this order, and
    /// its private key (PKCS #8, PKCS #1 or SEC 1), which must not be encrypted.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if they can't be read, or if the key belongs to
    /// another certificate.
    pub fn from_pem(certificates: impl AsRef<[u8]>, key: &SecretString) -> Result<Self> {
        let fail = |what: &str, help: &'static str| Error::configuration(what).with_help(help);
        let certificates = certificates.as_ref();
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| {
            fail(
                "the client certificate can't be read",
                "use PEM, which starts with `-----BEGIN CERTIFICATE-----`",
            )
        })?;
        let text = key.expose();
        let der = PrivateKeyDer::from_pem_slice(pem(&text).as_bytes()).map_err(|_| {
            fail("the key of the client certificate can't be read", "use PEM that is not encrypted")
        })?;
        let certified =
            CertifiedKey::from_der(chain, der, &crypto()).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => fail(
                    "the key belongs to another certificate than the client's",
                    "put the client's certificate first, and use its key",
                ),
                _ => fail(
                    "the client certificate or its key can't be used",
                    "use an RSA, ECDSA or Ed25519 key",
                ),
            })?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certified.cert[0]));
        let mut digest = Sha256::new();
        digest.update(certificates.len().to_be_bytes());
        digest.update(certificates);
        digest.update(text.as_bytes());
        let (certified, digest) = (Arc::new(certified), digest.finalize().into());
        Ok(Self(Arc::new(Inner {
            certified,
            chain: certificates.to_vec(),
            // What a reference resolves to later can be the key of another certificate.
            key: SecretString::from(&*text),
            digest,
            thumbprint,
        })))
    }

    /// Reads the certificates from a file, as [`from_pem`](Self::from_pem) does from memory.
    ///
    /// It must be a regular file with at most 8 MiB, and not every user may be able to write it. A symbolic link is followed.
    ///
    /// ```no_run
    /// use authn::{SecretString, http::ClientIdentity};
    ///
    /// let key = SecretString::read_file("/run/secrets/client.key")?;
    /// let identity = ClientIdentity::read_file("/etc/app/client.crt", &key)?;
    /// # let _ = identity;
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn read_file(certificates: impl AsRef<Path>, key: &SecretString) -> Result<Self> {
        let read = input_file::read(certificates.as_ref(), Rules::Certificates);
        let pem = read.map_err(|refusal| {
            let message = format!("the file of the client certificate {}", refusal.fault);
            Error::configuration(message).with_help(refusal.help)
        })?;
        Self::from_pem(&*pem.bytes, key)
    }

    /// Does what [`read_file`](Self::read_file) does on another thread, for asynchronous code.
    ///
    /// ```no_run
    /// # use authn::{SecretString, http::ClientIdentity};
    /// # async fn example(key: &SecretString) -> authn::Result<()> {
    /// let identity = ClientIdentity::read_file_aside("/etc/app/client.crt", key).await?;
    /// # let _ = identity;
    /// # Ok(()) }
    /// ```
    pub async fn read_file_aside(
        certificates: impl AsRef<Path>,
        key: &SecretString,
    ) -> Result<Self> {
        let (path, key) = (certificates.as_ref().to_owned(), key.clone());
        aside(move || Self::read_file(path, &key)).await
    }

    /// Returns the certificates, in PEM, for a client other than those of authn.
    ///
    /// ```
    /// use authn::http::ClientIdentity;
    ///
    /// /// Both texts in one, as `reqwest::Identity::from_pem` reads them.
    /// fn pem(identity: &ClientIdentity) -> Vec<u8> {
    ///     [identity.certificates(), b"\n", identity.key().expose().as_bytes()].concat()
    /// }
    /// # let _ = pem;
    /// ```
    pub fn certificates(&self) -> &[u8] {
        &self.0.chain
    }

    /// Returns the private key, in PEM.
    pub fn key(&self) -> &SecretString {
        &self.0.key
    }

    /// Returns the SHA-256 thumbprint of the client's certificate, as a token names it that is bound to it (`x5t#S256`,
    /// RFC 8705, section 3.1).
    ///
    /// ```
    /// # fn example(identity: &authn::http::ClientIdentity) {
    /// println!("{}", identity.thumbprint()); // such as A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0
    /// # }
    /// ```
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.certified)
    }

    /// Returns whether both have the same certificates and key.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }

    /// Returns the identity as reqwest reads it.
    pub(super) fn of_reqwest(&self) -> Result<Identity> {
        let mut pem = Zeroizing::new(self.0.chain.clone());
        pem.push(b'\n');
        pem.extend_from_slice(self.0.key.expose().as_bytes());
        Identity::from_pem(&pem).map_err(|_| unbuildable())
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(..)")
    }
}

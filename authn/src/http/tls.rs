//! The TLS of requests. The authorities of the system are read once a process, because that takes long.

use std::{error, fmt, path::Path, sync::Arc};

use arc_swap::ArcSwapOption;
use reqwest::{Certificate, ClientBuilder};
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, OtherError,
    RootCertStore, SignatureScheme, WantsVerifier,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    sign::SingleCertAndKey,
};
use rustls_platform_verifier::Verifier;
use sha2::{Digest as _, Sha256};

use super::{ClientIdentity, client::unbuildable};
use crate::{
    Error, Result,
    input_file::{self, Rules},
    per_process::PerProcess,
};

/// Most files of authorities whose verifiers are kept.
const MOST: usize = 8;

/// The verifiers of this process, the last used first. A forked child has those of its parent.
static VERIFIERS: ArcSwapOption<Vec<Known>> = ArcSwapOption::const_empty();

#[derive(Clone)]
struct Known {
    /// Of the file of further authorities, as it was read.
    file: Option<[u8; 32]>,
    verifier: Arc<Verifier>,
}

/// A file of further authorities.
struct Bundle {
    digest: [u8; 32],
    certificates: Vec<CertificateDer<'static>>,
}

/// Sets the authorities and the client's certificate. The file of further authorities is read each time, because it may
/// have changed.
pub(super) fn with_tls(
    builder: ClientBuilder,
    ca_file: Option<&Path>,
    identity: Option<&ClientIdentity>,
) -> Result<ClientBuilder> {
    let bundle = ca_file.map(Bundle::read).transpose()?;
    if is_rustls_of_reqwest() {
        let verifier: Arc<dyn ServerCertVerifier> = match verifier(bundle.as_ref()) {
            Ok(verifier) => verifier,
            // What is not sent by TLS needs no authorities.
            Err(_) if bundle.is_none() => Arc::new(WithoutAuthorities),
            Err(error) => return Err(error),
        };
        let config = config().dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            Some(identity) => config.with_client_cert_resolver(resolver(identity)),
            None => config.with_no_client_auth(),
        };
        let http2 = cfg!(feature = "http2").then(|| b"h2".to_vec());
        config.alpn_protocols = http2.into_iter().chain([b"http/1.1".to_vec()]).collect();
        return Ok(builder.tls_backend_preconfigured(config));
    }
    with_own_authorities(builder, bundle.as_ref(), identity)
}

/// Does the same by reqwest itself, which reads the authorities for each client.
fn with_own_authorities(
    mut builder: ClientBuilder,
    bundle: Option<&Bundle>,
    identity: Option<&ClientIdentity>,
) -> Result<ClientBuilder> {
    if let Some(bundle) = bundle {
        let certificates = bundle.certificates.iter().map(|der| Certificate::from_der(der));
        let certificates = certificates.collect::<reqwest::Result<Vec<_>>>();
        builder = builder.tls_certs_merge(certificates.map_err(|_| unbuildable())?);
    }
    if let Some(identity) = identity {
        builder = builder.identity(identity.of_reqwest()?);
    }
    Ok(builder)
}

/// Returns whether reqwest has the same version of rustls as this crate, so that it accepts a configuration that is made
/// here. A later reqwest may have another one.
fn is_rustls_of_reqwest() -> bool {
    static IS_SAME: PerProcess<bool> = PerProcess::new();
    let is_same = || {
        let config = config().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        ClientBuilder::new().no_proxy().tls_backend_preconfigured(config).build().is_ok()
    };
    IS_SAME.get(|_| is_same()).value
}

fn config() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let builder = ClientConfig::builder_with_provider(crypto());
    let versions = builder.with_protocol_versions(rustls::ALL_VERSIONS);
    versions.unwrap_or_else(|_| unreachable!("the provider has all versions"))
}

/// Returns the program's implementation of cryptography, or else that of reqwest.
pub(super) fn crypto() -> Arc<CryptoProvider> {
    let of_program = CryptoProvider::get_default().cloned();
    of_program.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

fn resolver(identity: &ClientIdentity) -> Arc<dyn ResolvesClientCert> {
    Arc::new(SingleCertAndKey::from(identity.certified()))
}

/// Returns the verifier for the authorities of the system and of a file. A failure is not kept: the next call tries again.
fn verifier(bundle: Option<&Bundle>) -> Result<Arc<Verifier>> {
    let file = bundle.map(|bundle| bundle.digest);
    let is_it = |known: &&Known| known.file == file;
    if let Some(known) = VERIFIERS.load().iter().flat_map(|known| known.iter()).find(is_it) {
        return Ok(Arc::clone(&known.verifier));
    }
    let made = Known { file, verifier: Arc::new(new_verifier(bundle)?) };
    VERIFIERS.rcu(|known| {
        let others = known.iter().flat_map(|known| known.iter()).filter(|known| known.file != file);
        let all = std::iter::once(&made).chain(others).take(MOST);
        Some(Arc::new(all.cloned().collect::<Vec<_>>()))
    });
    Ok(made.verifier)
}

fn new_verifier(bundle: Option<&Bundle>) -> Result<Verifier> {
    let made = match bundle {
        None => of_system(),
        #[cfg(not(target_os = "android"))]
        Some(bundle) => Verifier::new_with_extra_roots(bundle.certificates.clone(), crypto()),
        #[cfg(target_os = "android")]
        Some(_) => return Err(unbuildable()),
    };
    made.map_err(|_| unbuildable())
}

fn of_system() -> Result<Verifier, rustls::Error> {
    Verifier::new(crypto())
}

/// Refuses each certificate while no authorities are installed.
#[derive(Debug)]
struct WithoutAuthorities;

/// Why a certificate is refused where no authorities are installed.
#[derive(Debug)]
pub(super) struct NoAuthorities;

impl fmt::Display for NoAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no certificate authorities are installed on this machine")
    }
}

impl error::Error for NoAuthorities {}

impl ServerCertVerifier for WithoutAuthorities {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // They may have been installed meanwhile.
        match of_system() {
            Ok(verifier) => verifier.verify_server_cert(certificate, others, name, ocsp, now),
            Err(_) => Err(CertificateError::Other(OtherError(Arc::new(NoAuthorities))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = crypto().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = crypto().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto().signature_verification_algorithms.supported_schemes()
    }
}

impl Bundle {
    /// Reads a bundle of certificates. It is an error if any of them would be ignored.
    fn read(path: &Path) -> Result<Self> {
        let pem = input_file::read(path, Rules::Certificates).map_err(|refusal| {
            let message = format!("`http.ca_file` {}", refusal.fault);
            Error::configuration(message).with_help(refusal.help)
        })?;
        let fail = |what: &str, help: &'static str| {
            let path = path.display();
            Error::configuration(format!("`http.ca_file` {path} {what}")).with_help(help)
        };
        let certificates =
            CertificateDer::pem_slice_iter(&pem.bytes).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| {
            fail("is not a PEM file", "set it to a PEM file of certificate authorities")
        })?;
        // The parser skips a certificate whose first line is not a line of its own, and those of other kinds.
        let text = String::from_utf8_lossy(&pem.bytes);
        let labels = text.split("-----BEGIN ").skip(1).filter_map(|part| part.split('-').next());
        match (certificates.len(), labels.filter(|label| label.contains("CERTIFICATE")).count()) {
            (0, 0) => Err(fail(
                "contains no certificate",
                "set it to a PEM file of certificate authorities",
            )),
            (read, all) if read != all => Err(fail(
                &format!("contains {all} certificates, but only {read} can be read"),
                "put each `-----BEGIN CERTIFICATE-----` on a line of its own",
            )),
            _ => Ok(Self { digest: Sha256::digest(&pem.bytes).into(), certificates }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An authority, whose key is lost.
    const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdjCCAR2gAwIBAgIUAVtiMTIA5/wsOl2v4iO5xcMhGZgwCgYIKoZIzj0EAwIw\n\
EDEOMAwGA1UEAwwFYXV0aG4wIBcNMjYxMTI5MDU0NjE2WhgPMjEyNjExMDUwNTQ2\n\
MTZaMBAxDjAMBgNVBAMMBWF1dGhuMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n\
xgygwknPJsXntiGKlMp+8vrYpLNf7Cba3w+YvHUM06vKvLit2o2nQL7g1Gwg3vpP\n\
Dan419JMC3z784KzB26XKqNTMFEwHQYDVR0OBBYEFAXJRQtGn/v8n4reTMnjGart\n\
cf8fMB8GA1UdIwQYMBaAFAXJRQtGn/v8n4reTMnjGartcf8fMA8GA1UdEwEB/wQF\n\
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgCcoPLa3LlOEhPf8ijKjxuQJCD45UKuHX\n\
Yl7lKvz66swCID67otiX6bU982TEXtlFAjUkiodsAJ1xKyXYbv5dVxKB\n\
-----END CERTIFICATE-----\n\
";

    fn of(pem: &str) -> Arc<Verifier> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, pem).unwrap();
        verifier(Some(&Bundle::read(&path).unwrap())).unwrap()
    }

    #[test]
    fn authorities_are_read_once_for_each_content_of_the_file() {
        let system = verifier(None).unwrap();
        let one = of(AUTHORITY);
        assert!(Arc::ptr_eq(&system, &verifier(None).unwrap()));
        assert!(Arc::ptr_eq(&one, &of(AUTHORITY)), "the same at another path");
        assert!(!Arc::ptr_eq(&one, &system));
        assert!(!Arc::ptr_eq(&one, &of(&AUTHORITY.repeat(2))), "the file has changed");
        for number in 0..=MOST {
            of(&format!("{number}\n{AUTHORITY}"));
        }
        let kept = VERIFIERS.load().as_ref().map_or(0, |known| known.len());
        assert_eq!(kept, MOST);
    }

    #[test]
    fn reqwest_takes_the_configuration_and_could_do_without() {
        assert!(is_rustls_of_reqwest());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, AUTHORITY).unwrap();
        let bundle = Bundle::read(&path).unwrap();
        assert!(
            with_own_authorities(ClientBuilder::new(), Some(&bundle), None)
                .unwrap()
                .build()
                .is_ok()
        );
        assert!(with_tls(ClientBuilder::new(), Some(&path), None).unwrap().build().is_ok());
    }
}

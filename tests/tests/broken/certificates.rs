//! Certificates of servers, each with another fault, and the authority that has issued most of them.

use std::sync::{Arc, LazyLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde::Deserialize;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Certificate {
    /// Nothing.
    Good,
    Expired,
    NotYetValid,
    /// It is of `other.example.com`.
    OtherName,
    /// It is of an authority that the client does not know.
    OtherAuthority,
    /// Its authority has a new key since the client got the authority's certificate.
    RenewedAuthority,
    /// It is that of an authority itself.
    Authority,
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::make("ours"));
static OTHER: LazyLock<Authority> = LazyLock::new(|| Authority::make("other"));
/// It has the name of the first one.
static RENEWED: LazyLock<Authority> = LazyLock::new(|| Authority::make("ours"));

/// Returns the certificate of the authority that the client may trust.
pub(crate) fn authority() -> &'static str {
    &OURS.pem
}

impl Authority {
    fn make(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }
}

impl Certificate {
    pub(crate) fn config(self) -> Arc<ServerConfig> {
        let name = if matches!(self, Self::OtherName) { "other.example.com" } else { "localhost" };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        match self {
            Self::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Self::NotYetValid => params.not_before = date_time_ymd(2900, 1, 1),
            Self::Authority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            Self::Good | Self::OtherName | Self::OtherAuthority | Self::RenewedAuthority => {}
        }
        let key = KeyPair::generate().unwrap();
        let authority = match self {
            Self::OtherAuthority => &OTHER,
            Self::RenewedAuthority => &RENEWED,
            _ => &OURS,
        };
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }
}

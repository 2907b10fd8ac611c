//! A client with a certificate, and the certificate that a request has shown.

use std::{fs, path::Path, process::Command};

use authn::{Credentials, Environment, Loader, SecretString, http::ClientIdentity};
use authn_providers as _;
use authn_tests::rig::Rig;
use serde_json::Value;

/// The options of a client at the rig. The certificate and its key are `certificate.crt` and `certificate.key` of the rig.
pub(crate) fn client(rig: &Rig, id: &str, certificate: &str, more: &str) -> String {
    let path = |end| rig.key(&format!("{certificate}.{end}"));
    let files = files(&path("crt"), &path("key"));
    format!("issuer_url = '{}'\nclient_id = '{id}'\n{files}\n{more}", rig.issuer())
}

/// The options that name the files of a certificate.
pub(crate) fn files(certificate: &Path, key: &Path) -> String {
    format!(
        "certificate = '{}'\ncertificate_key = {{ file = '{}' }}",
        certificate.display(),
        key.display()
    )
}

/// A loader of credentials for the TLS side of the rig, and for more origins.
pub(crate) fn loader(rig: &Rig, options: &str, origins: &[&str]) -> Loader {
    let origins = [&[rig.mtls()], origins].concat();
    let text = format!(
        "[http]\nca_file = '{}'\n[credentials]\norigins = {origins:?}\n[credentials.oauth]\nstore = 'memory'\n{options}\n",
        rig.ca().display()
    );
    Loader::new().environment(Environment::empty()).defaults(&text)
}

pub(crate) fn load(rig: &Rig, options: &str) -> Credentials {
    loader(rig, options, &[]).load().unwrap_or_else(|error| panic!("{options}\n{error}"))
}

/// The address of a path on the TLS side.
pub(crate) fn at(rig: &Rig, path: &str) -> String {
    format!("{}{path}", rig.mtls())
}

/// The thumbprint of a certificate.
pub(crate) fn thumbprint(certificate: &Path, key: &Path) -> String {
    let key = SecretString::read_file(key).unwrap();
    ClientIdentity::read_file(certificate, &key).unwrap().thumbprint().to_owned()
}

/// The thumbprint of the certificate that a request to `/rs/echo` has shown.
pub(crate) async fn shown(response: reqwest::Response) -> Option<String> {
    assert_eq!(response.status(), 200);
    let echo: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    echo["certificate"].as_str().map(str::to_owned)
}

/// reqwest's own client for the rig, with a certificate of the rig or without one.
pub(crate) fn plain(rig: &Rig, certificate: Option<&str>) -> reqwest::Client {
    let read = |name: String| fs::read(rig.key(&name)).unwrap();
    let ca = reqwest::Certificate::from_pem(&fs::read(rig.ca()).unwrap()).unwrap();
    let mut builder = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]);
    if let Some(name) = certificate {
        let pem = [read(format!("{name}.crt")), read(format!("{name}.key"))].concat();
        builder = builder.identity(reqwest::Identity::from_pem(&pem).unwrap());
    }
    builder.build().unwrap()
}

/// Makes another certificate of the client `cc-mtls-san`, with a key of its own.
pub(crate) fn make_renewed(rig: &Rig, folder: &Path) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let extensions =
        "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:cc-mtls.test\nbasicConstraints=CA:FALSE\n";
    fs::write(folder.join("ext"), extensions).unwrap();
    openssl(&[
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "renewed.key",
        "-out",
        "renewed.csr",
        "-subj",
        "/CN=cc-mtls/O=rig",
    ]);
    let (ca, key) = (rig.ca(), rig.key("ca.key"));
    openssl(&[
        "x509",
        "-req",
        "-in",
        "renewed.csr",
        "-CA",
        ca.to_str().unwrap(),
        "-CAkey",
        key.to_str().unwrap(),
        "-set_serial",
        "4711",
        "-days",
        "3650",
        "-extfile",
        "ext",
        "-out",
        "renewed.crt",
    ]);
}

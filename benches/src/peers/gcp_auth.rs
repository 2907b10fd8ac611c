//! `gcp_auth`: a service account's key. It gives an `Arc` of the token.

use std::hint::black_box;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gcp_auth::{CustomServiceAccount, TokenProvider as _};
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report};

pub(super) fn run(report: &mut Report, runtime: &Runtime, server: &str) -> Outcome {
    let account = serde_json::json!({
        "project_id": "project",
        "private_key": key()?,
        "client_email": "account@example.com",
        "token_uri": format!("{server}/token"),
    });
    let account = CustomServiceAccount::from_json(&account.to_string())?;
    let scopes = &["https://api.example.com/things"];
    runtime.block_on(account.token(scopes))?;
    report.row(
        "peer: gcp_auth, `token(scopes).await`",
        || (),
        |()| {
            black_box(finish(account.token(scopes)).unwrap());
        },
    );
    Ok(())
}

/// Makes a key as Google's files have it: PKCS #8 in PEM.
fn key() -> Result<String, aws_lc_rs::error::Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

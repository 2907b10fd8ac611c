//! `object_store`: the token that its Azure client asks Entra ID for. It gives an `Arc` of the credential.

use std::{hint::black_box, sync::Arc};

use object_store::{ClientOptions, azure::MicrosoftAzureBuilder};
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report};

pub(super) fn run(report: &mut Report, runtime: &Runtime, server: &str) -> Outcome {
    let store = MicrosoftAzureBuilder::new()
        .with_account("account")
        .with_container_name("container")
        .with_client_secret_authorization("client", "secret", "tenant")
        .with_authority_host(server)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()?;
    let credentials = Arc::clone(store.credentials());
    runtime.block_on(credentials.get_credential())?;
    report.row(
        "peer: object_store, `get_credential().await`",
        || (),
        |()| {
            black_box(finish(credentials.get_credential()).unwrap());
        },
    );
    Ok(())
}

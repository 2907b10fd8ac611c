//! `object_store`: the token that its Azure client asks Entra ID for. It gives an `Arc` of the credential.

use std::{hint::black_box, sync::Arc};

use object_store::{ClientOptions, azure::MicrosoftAzureBuilder};

use super::Bench;
use crate::{Outcome, measure::finish};

pub(super) fn run(bench: &mut Bench<'_>) -> Outcome {
    let store = MicrosoftAzureBuilder::new()
        .with_account("account")
        .with_container_name("container")
        .with_client_secret_authorization("client", "secret", "tenant")
        .with_authority_host(bench.server)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()?;
    let credentials = Arc::clone(store.credentials());
    bench.runtime.block_on(credentials.get_credential())?;
    bench.report.row(
        "peer: object_store, `get_credential().await`",
        || (),
        |()| {
            black_box(finish(credentials.get_credential()).unwrap());
        },
    );
    Ok(())
}

//! `google-cloud-auth`: a user's credentials. It gives the token as a `String` of the caller's own, or headers.

use std::hint::black_box;

use google_cloud_auth::credentials::user_account::Builder;
use http::Extensions;
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report};

pub(super) fn run(report: &mut Report, runtime: &Runtime, server: &str) -> Outcome {
    let user = serde_json::json!({
        "type": "authorized_user",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
    });
    let builder = Builder::new(user).with_token_uri(format!("{server}/token"));
    // It starts the task that renews the token as it is built.
    let _entered = runtime.enter();
    let credentials = builder.build_access_token_credentials()?;
    runtime.block_on(credentials.access_token())?;
    report.row(
        "peer: google-cloud-auth, `access_token().await`",
        || (),
        |()| {
            black_box(finish(credentials.access_token()).unwrap());
        },
    );
    let credentials = google_cloud_auth::credentials::Credentials::from(credentials);
    report.row(
        "peer: google-cloud-auth, `headers().await`",
        || (),
        |()| {
            black_box(finish(credentials.headers(Extensions::new())).unwrap());
        },
    );
    Ok(())
}

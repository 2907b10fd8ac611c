//! `yup-oauth2`: a machine's account, of a metadata server. It gives the token as a `String` of the caller's own.

use std::hint::black_box;

use tokio::runtime::Runtime;
use yup_oauth2::{
    ApplicationDefaultCredentialsAuthenticator, ApplicationDefaultCredentialsFlowOpts,
    authenticator::ApplicationDefaultCredentialsTypes,
};

use crate::{Outcome, measure::finish, report::Report};

pub(super) fn run(report: &mut Report, runtime: &Runtime, server: &str) -> Outcome {
    let metadata_url = Some(format!("{server}/token"));
    let options = ApplicationDefaultCredentialsFlowOpts { metadata_url };
    let builder = ApplicationDefaultCredentialsAuthenticator::builder(options);
    let ApplicationDefaultCredentialsTypes::InstanceMetadata(builder) = runtime.block_on(builder)
    else {
        return Err("`GOOGLE_APPLICATION_CREDENTIALS` is set; unset it".into());
    };
    let authenticator = runtime.block_on(builder.build())?;
    let scopes = &["https://api.example.com/things"];
    runtime.block_on(authenticator.token(scopes))?;
    report.row(
        "peer: yup-oauth2, `token(scopes).await`",
        || (),
        |()| {
            black_box(finish(authenticator.token(scopes)).unwrap());
        },
    );
    Ok(())
}

//! `yup-oauth2`: a machine's account, of a metadata server. It gives the token as a `String` of the caller's own.

use std::hint::black_box;

use yup_oauth2::{
    ApplicationDefaultCredentialsAuthenticator, ApplicationDefaultCredentialsFlowOpts,
    authenticator::ApplicationDefaultCredentialsTypes,
};

use super::Bench;
use crate::{Outcome, measure::finish};

pub(super) fn run(bench: &mut Bench<'_>) -> Outcome {
    let metadata_url = Some(format!("{}/token", bench.server));
    let options = ApplicationDefaultCredentialsFlowOpts { metadata_url };
    let builder = ApplicationDefaultCredentialsAuthenticator::builder(options);
    let ApplicationDefaultCredentialsTypes::InstanceMetadata(builder) =
        bench.runtime.block_on(builder)
    else {
        return Err("`GOOGLE_APPLICATION_CREDENTIALS` is set; unset it".into());
    };
    let authenticator = bench.runtime.block_on(builder.build())?;
    let scopes = &["https://api.example.com/things"];
    bench.runtime.block_on(authenticator.token(scopes))?;
    bench.report.row(
        "peer: yup-oauth2, `token(scopes).await`",
        || (),
        |()| {
            black_box(finish(authenticator.token(scopes)).unwrap());
        },
    );
    Ok(())
}

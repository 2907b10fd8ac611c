//! `aws-smithy-runtime`: the cache that the AWS SDK keeps identities in. It gives an `Identity`.

use std::{
    future::pending,
    hint::black_box,
    time::{Duration, SystemTime},
};

use aws_smithy_async::{
    rt::sleep::{AsyncSleep, Sleep},
    time::SystemTimeSource,
};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::{
    identity::{
        Identity, IdentityFuture, ResolveCachedIdentity as _, ResolveIdentity,
        SharedIdentityResolver, http::Token,
    },
    runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
};
use aws_smithy_types::config_bag::ConfigBag;
use tokio::runtime::Runtime;

use crate::{Outcome, measure::finish, report::Report, token};

pub(super) fn run(report: &mut Report, runtime: &Runtime, _: &str) -> Outcome {
    let cache = IdentityCache::lazy().build();
    let resolver = SharedIdentityResolver::new(Answering);
    let components = RuntimeComponentsBuilder::for_tests()
        .with_time_source(Some(SystemTimeSource::new()))
        .with_sleep_impl(Some(Never))
        .build()?;
    let configuration = ConfigBag::base();
    let identity = || cache.resolve_cached_identity(resolver.clone(), &components, &configuration);
    runtime.block_on(identity()).map_err(|error| error.to_string())?;
    report.row(
        "peer: aws-smithy-runtime, `resolve_cached_identity().await`",
        || (),
        |()| {
            black_box(finish(identity()).unwrap());
        },
    );
    Ok(())
}

/// Answers with a token at once.
#[derive(Debug)]
struct Answering;

impl ResolveIdentity for Answering {
    fn resolve_identity<'a>(
        &'a self,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let until = SystemTime::now() + Duration::from_hours(1);
        IdentityFuture::ready(Ok(Identity::new(Token::new(token(), Some(until)), Some(until))))
    }
}

/// The cache makes a time-out at each call; this one costs nothing but its box.
#[derive(Debug)]
struct Never;

impl AsyncSleep for Never {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(pending())
    }
}

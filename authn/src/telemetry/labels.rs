//! `Labels`: which provider and profile something is measured for.

use std::sync::Arc;

/// The names of a provider and of the profile. There are as many as a configuration has, so that a program with many
/// users has no more time series than one with few. Credentials that are made in code may have neither.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(super) provider: Option<Arc<str>>,
    pub(super) profile: Option<Arc<str>>,
}

impl Labels {
    /// Names what a configuration names.
    pub(crate) fn new(provider: &str, profile: Option<&str>) -> Self {
        Self { provider: Some(provider.into()), profile: profile.map(Arc::from) }
    }
}

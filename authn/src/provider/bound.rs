//! `Bound`: a provider with the context of its calls.

use std::sync::Arc;

use super::{Erased, Managed, Status, managed::Unmanaged};
use crate::{Context, Result};

/// A provider with its context: what [`Credentials`](crate::Credentials) hold, and what a source that passes tokens on
/// refers to.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Bound {
    pub(crate) provider: Arc<dyn Erased>,
    pub(crate) context: Context,
    /// The token belongs to the request being served.
    pub(crate) per_request: bool,
    /// The provider keeps no token, but its secrets can change, so they are resolved for each call.
    pub(crate) resolves: bool,
}

impl Bound {
    /// Returns the provider's session functions; the defaults if it has no session.
    pub(crate) fn managed(&self) -> &dyn Managed {
        self.provider.managed().unwrap_or(&Unmanaged)
    }

    /// Returns the state of the session, without any network.
    pub(crate) async fn status(&self) -> Result<Status> {
        match self.provider.managed() {
            Some(managed) => managed.status(&self.context).await,
            None => Ok(Status {
                without_token: self.provider.is_authenticated(&self.context),
                ..Status::of(self.provider.ready(&self.context).as_ref())
            }),
        }
    }

    /// Returns the same provider for other scopes.
    pub(crate) fn with_scopes(&self, scopes: Vec<String>) -> Self {
        let context = self.context.clone().change(|parts| parts.scopes = scopes.into());
        let provider = Arc::clone(&self.provider).scoped_shared(&context);
        Self { provider, context, ..*self }
    }
}

//! `Bound`: a provider with the context that each of its calls gets.

use std::sync::Arc;

use super::Erased;
use crate::Context;

/// What [`Credentials`](crate::Credentials) hold, and what a source names whose tokens it passes on.
#[derive(Clone, Debug)]
pub struct Bound {
    pub(crate) provider: Arc<dyn Erased>,
    pub(crate) context: Context,
    /// The token belongs to the request being served.
    pub(crate) per_request: bool,
    /// The provider keeps no token, but its secrets can change: no short cut past resolving them.
    pub(crate) resolves: bool,
}

impl Bound {
    /// Returns the same for other scopes.
    pub(crate) fn with_scopes(&self, scopes: Vec<String>) -> Self {
        let context = self.context.clone().with_scopes(scopes);
        let provider = Arc::clone(&self.provider).scoped(&context);
        Self { provider, context, ..*self }
    }
}

//! Tokens that the program has: a session that starts with them.

use super::{exchange::Exchange, login::Start, single_flight::closed};
use crate::{Result, TokenSet};

impl Exchange {
    /// Starts a session with tokens that the program has, in place of the last one.
    pub(super) async fn start_with(mut self, tokens: TokenSet) -> Result<()> {
        if let Some(inner) = self.inner() {
            inner.managed().adopt(tokens, &inner.context).await?;
            return self.forget().await;
        }
        if self.state.slots.is_closed() {
            return Err(closed());
        }
        self.context.resolve_references().await?;
        let tokens = tokens.with_settled_expiry().with_new_session();
        let (tokens, unverified) = self.check_user(tokens, None).await?;
        if let Some(error) = unverified {
            return Err(error);
        }
        let session = self.session().await?;
        self.replace_session(session.as_ref(), tokens, Start::Held).await
    }
}

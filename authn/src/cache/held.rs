//! Tokens that the program has: a session that starts with them.

use super::{exchange::Exchange, login::Start, single_flight::closed};
use crate::{Result, TokenSet, runtime};

impl Exchange {
    /// Starts a session with tokens that the program has, in place of the last one. It goes on in the background if the
    /// caller stops waiting: once the session is stored, no token of the last one may be handed out.
    pub(super) async fn start_with(self, tokens: TokenSet) -> Result<()> {
        runtime::to_its_end(self.start(tokens)).await
    }

    async fn start(mut self, tokens: TokenSet) -> Result<()> {
        if let Some(inner) = self.inner() {
            let adopted = inner.managed().adopt(tokens, &inner.context).await;
            // The cached token may be another user's now, even if the tokens were not saved: they are in memory.
            let forgotten = self.forget().await;
            return adopted.and(forgotten);
        }
        if self.state.slots.is_closed() {
            return Err(closed());
        }
        self.resolve_references().await?;
        let tokens = tokens.with_settled_expiry().with_new_session();
        let (tokens, unverified) = self.check_user(tokens, None).await?;
        if let Some(error) = unverified {
            return Err(error);
        }
        let session = self.session().await?;
        self.replace_session(session.as_ref(), tokens, Start::Held).await
    }
}

//! What is kept of a session: telling it, forgetting it, revoking it.

use super::{Place, Shared, adopt::plan_stored, identity};
use crate::{Context, Result, Status, TokenSource};

/// Says what is kept, without any network.
pub(super) async fn status<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
) -> Result<Status> {
    let now = context.clock().now();
    let at_hand = place
        .slot
        .load()
        .as_deref()
        .filter(|rotation| !rotation.schedule.expiry.reached(now))
        .map(|rotation| rotation.token().clone());
    let inner = match shared.inner(context) {
        Some(inner) => Some(inner.status().await?),
        None => None,
    };
    let inner = inner.unwrap_or_default();
    let Some(drawer) = context.drawer() else {
        let noted = shared.places.noted();
        return Ok(Status {
            has_refresh_token: inner.has_refresh_token || noted.has_refresh_token,
            has_session: inner.has_session || noted.has_session,
            store: inner.store,
            username: noted.username.or(inner.username),
            server_clock_ahead: noted.server_clock_ahead.or(inner.server_clock_ahead),
            ..Status::of(at_hand.as_ref())
        });
    };
    let mut record = drawer.load().await?;
    identity::keep_session(shared, drawer, &mut record);
    let stored = record.tokens.get(&context.scopes().join(" "));
    let stored = stored.filter(|stored| {
        let schedule = plan_stored(shared, stored, now);
        schedule.is_some_and(|schedule| !schedule.expiry.reached(now))
    });
    let token = at_hand.as_ref().or(stored.map(|stored| &stored.token));
    Ok(Status {
        has_refresh_token: inner.has_refresh_token || record.refresh_token.is_some(),
        has_session: inner.has_session || record.refresh_token.is_some() || !record.kept.is_empty(),
        store: Some(drawer.name.to_string()),
        username: record.username.or(inner.username),
        server_clock_ahead: record.server_clock_ahead.or(inner.server_clock_ahead),
        ..Status::of(token)
    })
}

/// Forgets every token and session that is kept.
pub(super) async fn logout<S: TokenSource>(shared: &Shared<S>, context: &Context) -> Result<()> {
    // First of all, so that an exchange under way leaves nothing, and whatever the store says.
    shared.forget();
    let inner = match shared.source.inner() {
        Some(inner) => inner.managed().logout(&inner.context).await,
        None => Ok(()),
    };
    inner.and(forget(shared, context).await)
}

/// Forgets what is kept here, whatever the inner credentials keep.
pub(super) async fn forget<S: TokenSource>(shared: &Shared<S>, context: &Context) -> Result<()> {
    shared.forget();
    let cleared = match context.drawer() {
        Some(drawer) => drawer.clear().await,
        None => Ok(()),
    };
    // Once more, for what has been read meanwhile.
    shared.forget();
    cleared
}

/// Tells the server that what is kept is to count no longer, and forgets it.
pub(super) async fn revoke<S: TokenSource>(shared: &Shared<S>, context: &Context) -> Result<()> {
    if let Some(inner) = shared.source.inner() {
        inner.managed().revoke(&inner.context).await?;
        return logout(shared, context).await;
    }
    let grant = match context.drawer() {
        Some(drawer) => {
            let mut record = drawer.load().await?;
            identity::keep_session(shared, drawer, &mut record);
            record.any_grant()
        }
        None => shared.remember().await.last.clone(),
    };
    if let Some(grant) = grant {
        context.resolve_references().await?;
        shared.source.revoke(context, &grant).await?;
    }
    logout(shared, context).await
}

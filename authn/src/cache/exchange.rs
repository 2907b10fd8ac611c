//! One exchange, with a store or without: read again, exchange, save, publish.

use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};

use super::{
    Place, Shared, deadline,
    schedule::{Schedule, chance},
};
use crate::{
    Context, Error, ErrorKind, Grant, Result, Token, TokenSource,
    clock::Moment,
    store::{Drawer, Record, StoredToken},
    token::BEARER,
};

/// Told of each new grant before its token is handed out.
pub(super) type OnUpdate =
    Arc<dyn Fn(Grant) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What is kept between the exchanges of one source.
#[derive(Default)]
pub(super) struct Memory {
    /// The last grant of any scope, where there is no store.
    last: Option<Grant>,
    /// What an exchange gave and the store did not take; the server counts on it.
    unsaved: Option<Record>,
}

impl Memory {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn last(&self) -> Option<&Grant> {
        self.last.as_ref()
    }
}

/// A token and when it was asked for.
struct Fresh {
    grant: Grant,
    token: Token,
    schedule: Schedule,
    asked_at: SystemTime,
}

/// Makes one exchange and publishes its token.
pub(super) async fn exchange<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
) -> Result<Token> {
    // Held throughout: one refresh token serves all scopes, and a server that rotates it takes each once.
    let mut memory = shared.memory.lock().await;
    let generation = shared.generation();
    context.resolve_references()?;
    match context.drawer() {
        Some(drawer) => {
            let _lease = drawer.lock().await?;
            with_store(shared, place, context, drawer, &mut memory, generation).await
        }
        None => in_memory(shared, place, context, &mut memory, generation).await,
    }
}

async fn in_memory<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    memory: &mut Memory,
    generation: u64,
) -> Result<Token> {
    let sent = memory.last.clone();
    let fresh = match request(shared, context, sent.as_ref()).await {
        Ok(fresh) => fresh,
        Err(error) => {
            if is_over(&error, sent.as_ref()) {
                memory.last = None;
            }
            return Err(error);
        }
    };
    if shared.generation() != generation {
        return Err(logged_out());
    }
    memory.last = Some(fresh.grant.clone());
    shared.tell(&fresh.grant).await;
    publish(place, context, &fresh.token, fresh.schedule)?;
    Ok(fresh.token)
}

async fn with_store<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    drawer: &Drawer,
    memory: &mut Memory,
    generation: u64,
) -> Result<Token> {
    let mut record = drawer.load().await?;
    let unsaved = memory.unsaved.take().filter(|unsaved| unsaved.revision == record.revision);
    if let Some(unsaved) = unsaved {
        record = unsaved;
        save(drawer, memory, &mut record).await?;
    }
    record.keep_if_of(shared.source.session());
    if let Some(token) = adopt(shared, place, context, &record) {
        return Ok(token);
    }
    let scope = context.scopes().join(" ");
    let mut sent = record.grant(&scope);
    let mut tried = false;
    let fresh = loop {
        let error = match request(shared, context, sent.as_ref()).await {
            Ok(fresh) => break fresh,
            Err(error) => error,
        };
        if !is_over(&error, sent.as_ref()) {
            return Err(error);
        }
        // Somebody may have logged in meanwhile: what they brought is not what was refused.
        let mut now = drawer.load().await?;
        now.keep_if_of(shared.source.session());
        if !tried && now.refresh_token.is_some() && !same_refresh_token(&now, sent.as_ref()) {
            record = now;
            sent = record.grant(&scope);
            tried = true;
            continue;
        }
        if same_refresh_token(&now, sent.as_ref()) {
            now.refresh_token = None;
            drawer.save(&mut now).await?;
        }
        return Err(error);
    };
    if shared.generation() != generation {
        return Err(logged_out());
    }
    record.take(&fresh.grant, &scope, &fresh.token, fresh.asked_at);
    save(drawer, memory, &mut record).await?;
    shared.tell(&fresh.grant).await;
    publish(place, context, &fresh.token, fresh.schedule)?;
    Ok(fresh.token)
}

/// Saves what the server counts on. If the store fails, it is kept until the store works again.
async fn save(drawer: &Drawer, memory: &mut Memory, record: &mut Record) -> Result<()> {
    match drawer.save(record).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(logged_out()),
        Err(error) => {
            memory.unsaved = Some(record.clone());
            Err(error)
        }
    }
}

/// Takes over a stored token that is fresh and not the one that brought us here.
pub(super) fn adopt<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    record: &Record,
) -> Option<Token> {
    let stored = record.tokens.get(&context.scopes().join(" "))?;
    if place.knows(&stored.token) {
        return None;
    }
    let now = context.clock().now();
    let schedule = plan_stored(shared, stored, now);
    if schedule.refresh.reached(now) {
        return None;
    }
    let token = stored.token.clone().settled(schedule.expiry);
    publish(place, context, &token, schedule).ok()?;
    Some(token)
}

fn plan_stored<S: TokenSource>(shared: &Shared<S>, stored: &StoredToken, now: Moment) -> Schedule {
    let fallback = shared.options.expires_in_fallback;
    let lifetime = stored.lifetime().unwrap_or(fallback);
    let token = stored.token.clone();
    let token = match token.expires_at() {
        Some(_) => token,
        None => token.with_expires_at(stored.asked_at + fallback),
    };
    // A token that was just given an expiry has one.
    let expiry = token.expiry(now, now).unwrap_or(now);
    Schedule::plan(expiry.minus(lifetime), expiry, &shared.options, chance())
}

async fn request<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    last: Option<&Grant>,
) -> Result<Fresh> {
    let asked = context.clock().now();
    let work = shared.source.request_token(context, last);
    let end = context.clock().sleep(deadline::EXCHANGE);
    let grant = deadline::before(work, end).await.unwrap_or_else(|| Err(hanging()))?;
    let grant = grant.inherit(last);
    let now = context.clock().now();
    let fallback = asked.plus(shared.options.expires_in_fallback);
    let expiry = grant.token().expiry(asked, now).unwrap_or(fallback);
    if expiry.reached(now) {
        return Err(Error::new(
            ErrorKind::Expired,
            "the token that the exchange gave has expired already; \
             compare this machine's clock with the server's",
        ));
    }
    let token = match grant.token().expires_at() {
        Some(_) => grant.token().clone().settled(expiry),
        None => grant.token().clone(),
    };
    let schedule = Schedule::plan(asked, expiry, &shared.options, chance());
    Ok(Fresh { grant, token, schedule, asked_at: asked.wall() })
}

fn publish(place: &Place, context: &Context, token: &Token, schedule: Schedule) -> Result<()> {
    let prefix = context.placement().map_or(BEARER, |placement| placement.prefix());
    place.publish(token, schedule, prefix)
}

/// Tells whether the server has ended the session that a refresh token stood for.
fn is_over(error: &Error, sent: Option<&Grant>) -> bool {
    error.kind() == ErrorKind::LoginRequired
        && sent.is_some_and(|grant| grant.refresh_token().is_some())
}

fn same_refresh_token(record: &Record, sent: Option<&Grant>) -> bool {
    let sent = sent.and_then(Grant::refresh_token);
    match (&record.refresh_token, sent) {
        (Some(stored), Some(sent)) => *stored.expose() == *sent.expose(),
        _ => false,
    }
}

fn hanging() -> Error {
    Error::network(format!(
        "the exchange was not over after {} minutes and was given up; try again later",
        deadline::EXCHANGE.as_secs() / 60
    ))
}

fn logged_out() -> Error {
    Error::login_required(
        "somebody logged out, or in as another, while the token was obtained; try again",
    )
}

//! One exchange, with a store or without: read again, exchange, save, publish.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use super::{
    Place, Shared, deadline,
    identity::{self, Settled},
    schedule::Schedule,
};
use crate::{
    Context, Error, ErrorKind, Grant, Result, Session, Token, TokenSource,
    store::{Drawer, Lease, Record, StoredToken},
    time::{Moment, before, chance},
    token::BEARER,
};

/// How far a clock may have been ahead when a token was stored: clocks are set by a little all the time.
const TOLERANCE: Duration = Duration::from_mins(1);

/// Told of each new grant before its token is handed out.
pub(super) type OnUpdate =
    Arc<dyn Fn(Grant) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What is kept between the exchanges of one source.
#[derive(Default)]
pub(super) struct Memory {
    /// Of which generation it is; see `Places`.
    generation: u64,
    /// The last grant of any scope, where there is no store.
    last: Option<Grant>,
    /// What an exchange gave and the store did not take; the server counts on it.
    unsaved: Option<Record>,
}

impl Memory {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Forgets what is of another generation.
    pub(super) fn keep_if_of(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    /// Tells whether it holds what the store lacks.
    pub(super) fn has_unsaved(&self, generation: u64) -> bool {
        self.generation == generation && self.unsaved.is_some()
    }

    /// Tells whether the next exchange needs what the last one gave.
    fn has_session<S: TokenSource>(&self, shared: &Shared<S>) -> bool {
        !matches!(shared.source.session(), Session::None)
            || self.last.as_ref().is_some_and(|last| last.refresh_token().is_some())
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
    /// Why nobody could say whose it is: then it is kept without its access token, and not handed out.
    doubt: Option<Error>,
}

/// Makes one exchange and publishes its token.
pub(super) async fn exchange<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
) -> Result<Token> {
    context.resolve_references().await?;
    // Held throughout where a session is shared: one refresh token serves all scopes, and a server that
    // rotates it takes each once. Otherwise scopes don't wait for each other.
    let mut memory = shared.remember().await;
    let generation = memory.generation;
    let result = match context.drawer() {
        Some(drawer) => {
            let _lease = lease(context, drawer).await?;
            with_store(shared, place, context, drawer, &mut memory, generation).await
        }
        None if memory.has_session(shared) => {
            in_memory(shared, place, context, &mut memory, generation).await
        }
        None => {
            let sent = memory.last.clone();
            drop(memory);
            let fresh = request(shared, context, sent.as_ref()).await?;
            memory = shared.remember().await;
            keep(shared, place, context, &mut memory, fresh, generation).await
        }
    };
    shared.put_back(memory);
    result
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
    keep(shared, place, context, memory, fresh, generation).await
}

/// Keeps in memory what an exchange gave, and publishes it.
async fn keep<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    memory: &mut Memory,
    fresh: Fresh,
    generation: u64,
) -> Result<Token> {
    if shared.places.generation() != generation {
        return Err(logged_out());
    }
    memory.last = Some(fresh.grant.clone());
    hand_out(shared, place, context, fresh, generation).await
}

/// Tells the program of what has been kept, and publishes its token.
async fn hand_out<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    fresh: Fresh,
    generation: u64,
) -> Result<Token> {
    limited(context, deadline::STORE, shared.tell(&fresh.grant)).await?;
    if let Some(doubt) = fresh.doubt {
        return Err(doubt);
    }
    // Only now: the refresh token that came with it counts, whatever the clocks say of the access token.
    if fresh.schedule.expiry.reached(context.clock().now()) {
        return Err(expired_on_arrival());
    }
    if publish(shared, place, context, &fresh.token, fresh.schedule, generation)? {
        Ok(fresh.token)
    } else {
        Err(logged_out())
    }
}

async fn with_store<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    drawer: &Drawer,
    memory: &mut Memory,
    generation: u64,
) -> Result<Token> {
    let scope = context.scopes().join(" ");
    let mut record = limited(context, deadline::STORE, drawer.load()).await??;
    let unsaved = memory.unsaved.take().filter(|unsaved| unsaved.revision == record.revision);
    if let Some(unsaved) = unsaved {
        record = unsaved;
        save(context, drawer, memory, &mut record).await?;
        if let Some(grant) = record.grant(&scope) {
            limited(context, deadline::STORE, shared.tell(&grant)).await?;
        }
    }
    identity::keep_session(shared, drawer, &mut record);
    if let Some(token) = adopt(shared, place, context, &record, generation) {
        return Ok(token);
    }
    if shared.places.generation() != generation {
        return Err(logged_out());
    }
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
        let mut now = limited(context, deadline::STORE, drawer.load()).await??;
        identity::keep_session(shared, drawer, &mut now);
        if !tried && now.refresh_token.is_some() && !same_refresh_token(&now, sent.as_ref()) {
            record = now;
            sent = record.grant(&scope);
            tried = true;
            continue;
        }
        if same_refresh_token(&now, sent.as_ref()) {
            now.refresh_token = None;
            limited(context, deadline::STORE, drawer.save(&mut now)).await??;
        }
        return Err(error);
    };
    if shared.places.generation() != generation {
        return Err(logged_out());
    }
    match fresh.doubt {
        Some(_) => record.take_session(&fresh.grant),
        None => record.take(&fresh.grant, &scope, &fresh.token, fresh.asked_at),
    }
    save(context, drawer, memory, &mut record).await?;
    hand_out(shared, place, context, fresh, generation).await
}

/// Keeps what a login gave in place of the last session, unless somebody has logged out since it began.
pub(super) async fn begin<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    grant: Grant,
    generation: u64,
    begun: u64,
) -> Result<()> {
    let mut memory = shared.remember().await;
    if memory.generation != generation {
        return Err(logged_out());
    }
    let fresh = fresh(shared, context, grant, context.clock().now());
    if let Some(drawer) = context.drawer() {
        let _lease = lease(context, drawer).await?;
        let mut record = limited(context, deadline::STORE, drawer.load()).await??;
        // A logout leaves nothing; whatever else has changed is replaced.
        if record.revision != begun && record.is_empty() {
            return Err(logged_out());
        }
        drawer.keep_session(&mut record, shared.source.session());
        let scope = context.scopes().join(" ");
        record.take(&fresh.grant, &scope, &fresh.token, fresh.asked_at);
        memory.unsaved = None;
        if let Err(error) = save(context, drawer, &mut memory, &mut record).await {
            if memory.unsaved.is_none() {
                return Err(error);
            }
            // The next exchange saves it. Until then nobody is given the last user's token.
            if let Some(generation) = shared.places.succeed(generation) {
                memory.generation = generation;
            }
            shared.put_back(memory);
            return Err(not_saved(&error));
        }
    } else {
        memory.last = Some(fresh.grant.clone());
    }
    let begun = shared.places.succeed(generation);
    let result = match begun {
        Some(generation) => {
            memory.generation = generation;
            shared.logins.fetch_add(1, Ordering::AcqRel);
            hand_out(shared, place, context, fresh, generation).await.map(drop)
        }
        None => Err(logged_out()),
    };
    shared.put_back(memory);
    result
}

/// Saves what the server counts on. If the store fails, it is kept until the store works again.
async fn save(
    context: &Context,
    drawer: &Drawer,
    memory: &mut Memory,
    record: &mut Record,
) -> Result<()> {
    let saved = limited(context, deadline::STORE, drawer.save(record)).await;
    match saved.and_then(|saved| saved) {
        Ok(true) => Ok(()),
        Ok(false) => Err(logged_out()),
        Err(error) => {
            memory.unsaved = Some(record.clone());
            Err(error)
        }
    }
}

/// Takes the right to exchange.
async fn lease(context: &Context, drawer: &Drawer) -> Result<Lease> {
    let end = context.clock().sleep(deadline::LEASE);
    before(drawer.lock(), end).await.unwrap_or_else(|| {
        Err(Error::new(
            ErrorKind::Store,
            format!(
                "another process has held the session in {} for {} minutes; end it, or try again",
                drawer.place(),
                deadline::LEASE.as_secs() / 60
            ),
        ))
    })
}

/// Waits for what a store or the program does, but not for ever.
pub(super) async fn limited<T>(
    context: &Context,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T> {
    let end = context.clock().sleep(limit);
    before(work, end).await.ok_or_else(|| {
        Error::new(
            ErrorKind::Store,
            "the token store, or what is told of new tokens, did not come to an end; check it",
        )
    })
}

/// Takes over a stored token that is not the one that brought us here. A fresh one is given; one that has
/// only not expired is put at hand, for the case that the exchange fails.
pub(super) fn adopt<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    record: &Record,
    generation: u64,
) -> Option<Token> {
    let stored = record.tokens.get(&context.scopes().join(" "))?;
    if place.knows(&stored.token) {
        return None;
    }
    let now = context.clock().now();
    let schedule = plan_stored(shared, stored, now)?;
    if schedule.expiry.reached(now) {
        return None;
    }
    let token = match stored.token.expires_at() {
        Some(_) => stored.token.clone().settled(schedule.expiry),
        None => stored.token.clone(),
    };
    let is_published = publish(shared, place, context, &token, schedule, generation).ok()?;
    (is_published && !schedule.refresh.reached(now)).then_some(token)
}

/// Plans the life of a stored token; `None` if it was stored by a clock that was ahead of this one, so that
/// nobody can say how old it is.
pub(super) fn plan_stored<S: TokenSource>(
    shared: &Shared<S>,
    stored: &StoredToken,
    now: Moment,
) -> Option<Schedule> {
    if stored.asked_at > now.wall() + TOLERANCE {
        return None;
    }
    let fallback = shared.options.expires_in_fallback;
    let lifetime = stored.lifetime().unwrap_or(fallback);
    let token = stored.token.clone();
    let token = match token.expires_at() {
        Some(_) => token,
        None => token.with_expires_at(stored.asked_at + fallback),
    };
    // A token that was just given an expiry has one.
    let expiry = token.expiry(now, now).unwrap_or(now);
    Some(Schedule::plan(expiry.minus(lifetime), expiry, &shared.options, chance()))
}

async fn request<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    last: Option<&Grant>,
) -> Result<Fresh> {
    let asked = context.clock().now();
    let work = shared.source.request_token(context, last);
    let end = context.clock().sleep(deadline::EXCHANGE);
    let grant = before(work, end).await.unwrap_or_else(|| Err(deadline::hanging()))?;
    let (grant, doubt) = match identity::settle(shared, context, grant, last).await? {
        Settled::Known(grant) => (grant, None),
        Settled::Unknown(grant, error) => (grant, Some(error)),
    };
    Ok(Fresh { doubt, ..fresh(shared, context, grant, asked) })
}

/// Plans the life of what was asked for at a time.
fn fresh<S: TokenSource>(
    shared: &Shared<S>,
    context: &Context,
    grant: Grant,
    asked: Moment,
) -> Fresh {
    let now = context.clock().now();
    let grant = grant.with_clock_compared(asked.wall(), now.wall());
    let fallback = asked.plus(shared.options.expires_in_fallback);
    let expiry = grant.token().expiry(asked, now).unwrap_or(fallback);
    let token = match grant.token().expires_at() {
        Some(_) => grant.token().clone().settled(expiry),
        None => grant.token().clone(),
    };
    let schedule = Schedule::plan(asked, expiry, &shared.options, chance());
    Fresh { grant, token, schedule, asked_at: asked.wall(), doubt: None }
}

/// Publishes a token; `false` if somebody has logged out, or in, since the generation was read.
fn publish<S: TokenSource>(
    shared: &Shared<S>,
    place: &Place,
    context: &Context,
    token: &Token,
    schedule: Schedule,
    generation: u64,
) -> Result<bool> {
    let prefix = context.placement().map_or(BEARER, |placement| placement.prefix());
    shared.places.publish(place, generation, token, schedule, prefix)
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

fn not_saved(error: &Error) -> Error {
    Error::new(
        error.kind(),
        format!(
            "the login was not saved: {error}; this program holds it in memory until it ends, and it comes \
             into force once the store takes it, or log in again"
        ),
    )
}

fn expired_on_arrival() -> Error {
    Error::new(
        ErrorKind::Expired,
        "the token that the exchange gave has expired already; \
         compare this machine's clock with the server's",
    )
}

pub(super) fn logged_out() -> Error {
    Error::login_required(
        "somebody logged out, or in as another, while the token was obtained; try again",
    )
}

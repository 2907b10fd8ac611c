//! `Sessions`: leases and records in Redis. The texts are encrypted already.

use std::{
    collections::HashMap,
    fmt::Write as _,
    mem,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use authn::{
    Error, Result,
    private::PerProcess,
    store::{Lease, Locked, StoreKey},
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    address::Place,
    connection::{Client, Settings, Target, lock},
    known::{Expected, Known, OWN, Stored},
    lease::{Held, since_boot},
    messages::Message,
    scripts::{ACQUIRE, RELEASE, RENEW, RESEAL, RESERVE, SAVE},
};

/// How often a lease is asked for if no messages can be received.
const POLL: Duration = Duration::from_millis(500);
/// The longest time over which those that wait for one lease are spread when it becomes free.
const SPREAD: Duration = Duration::from_secs(1);
/// The time for each of them. One request takes less.
const SPREAD_EACH: Duration = Duration::from_millis(1);
/// The pause before a save is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How often a record is read again that changes while it is put back.
const TRIES: usize = 3;
/// How long the server waits for replicas at once. Until it answers, it does nothing else for this process, so it is asked
/// again in place of a longer time.
const WAIT: Duration = Duration::from_millis(10);

/// The sessions under a prefix. A clone shares them.
#[derive(Clone)]
pub(super) struct Sessions {
    settings: Arc<Settings>,
    /// How long a lease lasts without a renewal.
    lease: Duration,
    /// How many replicas must have a save.
    replicas: u32,
    process: Arc<PerProcess<Arc<Process>>>,
}

/// What a process has: a forked child has none of it.
pub(super) struct Process {
    pub(super) client: Client,
    held: Mutex<HashMap<String, Arc<Held>>>,
    known: Mutex<Known>,
}

/// The keys of one session, which are in one slot of a cluster.
pub(super) struct Keys {
    pub(super) record: String,
    pub(super) lease: String,
    fence: String,
    /// Reserves a save.
    room: String,
    /// A record that was set aside.
    aside: String,
    channel: String,
}

/// A lease that is asked for, or held.
struct Claim {
    process: Arc<Process>,
    keys: Arc<Keys>,
    owner: String,
    renewal: Option<AbortHandle>,
}

/// What came of a save.
struct Replaced {
    /// `saved`, `restored` over an older record, `there` already, or `replaced` by another one.
    status: String,
    /// The revision that was stored.
    before: u64,
    has_extended: bool,
    /// The largest revision that was set aside.
    base: u64,
}

/// A save that was sent. If this is dropped, it has no answer.
struct OnItsWay<'a> {
    process: &'a Process,
    keys: &'a Keys,
    expected: u64,
    tag: &'a str,
}

/// What happened while a lease was waited for.
enum Event {
    /// It may be free.
    Free,
    /// The record has another revision.
    Replaced,
}

impl Sessions {
    pub(super) fn new(settings: Settings, lease: Duration, replicas: u32) -> Self {
        let (settings, process) = (Arc::new(settings), Arc::new(PerProcess::new()));
        Self { settings, lease, replicas, process }
    }

    pub(super) fn replicas(&self) -> u32 {
        self.replicas
    }

    pub(super) fn place(&self) -> &Place {
        &self.settings.place
    }

    pub(super) fn keys(&self, key: &StoreKey) -> Keys {
        let of = |part| format!("{}{{{key}}}:{part}", self.settings.prefix);
        Keys {
            record: of("record"),
            lease: of("lease"),
            fence: of("fence"),
            room: of("room"),
            aside: of("aside"),
            channel: of("channel"),
        }
    }

    pub(super) fn process(&self) -> Arc<Process> {
        let made = self.process.get(|_| {
            Arc::new(Process {
                client: Client::new(Arc::clone(&self.settings)),
                held: Mutex::default(),
                known: Mutex::default(),
            })
        });
        Arc::clone(&made.value)
    }

    /// Acquires a lease. With a revision, it stops waiting as soon as the record has another one.
    pub(super) async fn acquire(
        &self,
        key: &StoreKey,
        revision: Option<u64>,
    ) -> Result<Locked<Stored>> {
        let (process, keys) = (self.process(), Arc::new(self.keys(key)));
        let client = &process.client;
        // Only those that wait have a channel, except that another save is likely to be waited for.
        let mut messages = None;
        let mut is_subscribed = false;
        if revision.is_some() {
            messages = Some(client.messages.listen(&keys.channel));
            is_subscribed = subscribe(client, &keys).await?;
        }
        // Made before the lease is asked for: the server may grant it to a caller that no longer waits.
        let mut claim = Claim {
            process: Arc::clone(&process),
            keys: Arc::clone(&keys),
            owner: owner()?,
            renewal: None,
        };
        let milliseconds = milliseconds(self.lease);
        let known = revision.map(|revision| revision.to_string()).unwrap_or_default();
        loop {
            let sent = since_boot();
            let answer: Vec<Option<String>> = client
                .script(
                    &ACQUIRE,
                    &[&keys.lease, &keys.fence, &keys.record],
                    &[
                        claim.owner.as_bytes(),
                        milliseconds.as_bytes(),
                        keys.channel.as_bytes(),
                        known.as_bytes(),
                    ],
                )
                .await?;
            let mut answer = answer.into_iter();
            let (status, number) = (answer.next().flatten(), answer.next().flatten());
            // A lease without an end has -1.
            let number = number.and_then(|number| number.parse().ok()).unwrap_or(0);
            match status.as_deref() {
                Some("acquired") => {
                    let held = Held::new(claim.owner.clone(), number, sent, self.lease, since_boot);
                    return Ok(Locked::Acquired(self.held(claim, held)));
                }
                Some("replaced") => {
                    claim.disarm();
                    let stored = Stored::read(&mut answer);
                    return Ok(Locked::Replaced(self.settled(&process, &keys, stored).await?));
                }
                _ => {}
            }
            let messages = messages.get_or_insert_with(|| client.messages.listen(&keys.channel));
            if !is_subscribed {
                is_subscribed = subscribe(client, &keys).await?;
                if is_subscribed {
                    // What has happened before the subscription was not told.
                    continue;
                }
            }
            let left = Duration::from_millis(number);
            match self.wait(messages, left, is_subscribed, revision).await {
                Event::Free => {}
                Event::Replaced => {
                    claim.disarm();
                    return Ok(Locked::Replaced(None));
                }
            }
            // A connection that has ended has no subscription any more.
            is_subscribed = subscribe(client, &keys).await?;
        }
    }

    /// Waits until a lease may be free. Those that wait ask for it one after the other, in a random order, and stop when
    /// one has it.
    async fn wait(
        &self,
        messages: &mut Receiver<Message>,
        left: Duration,
        is_subscribed: bool,
        revision: Option<u64>,
    ) -> Event {
        let spread = SPREAD.min(self.lease / 4);
        let mut pause = if is_subscribed { left + random(spread) } else { POLL / 2 + random(POLL) };
        loop {
            let message = match timeout(pause, messages.recv()).await {
                Err(_) | Ok(Err(RecvError::Closed)) => return Event::Free,
                Ok(Err(RecvError::Lagged(_))) => {
                    pause = random(spread);
                    continue;
                }
                Ok(Ok(message)) => message,
            };
            pause = match message {
                Message::Saved(saved) if revision.is_some_and(|revision| revision != saved) => {
                    return Event::Replaced;
                }
                // Each of them has extended the lease.
                Message::Saved(_) | Message::Taken => self.lease + random(spread),
                Message::Released { waiting } => {
                    let waiting = u32::try_from(waiting.saturating_sub(1)).unwrap_or(u32::MAX);
                    random(spread.min(SPREAD_EACH.saturating_mul(waiting)))
                }
                Message::Interrupted => random(spread),
            };
        }
    }

    /// Starts the renewal of a lease that was acquired.
    fn held(&self, mut claim: Claim, held: Held) -> Lease {
        let held = Arc::new(held);
        lock(&claim.process.held).insert(claim.keys.record.clone(), Arc::clone(&held));
        let renewal = renew(
            Arc::clone(&claim.process),
            Arc::clone(&claim.keys),
            Arc::clone(&held),
            self.lease,
        );
        claim.renewal = Some(tokio::spawn(renewal).abort_handle());
        let release = claim.release();
        Lease::new(claim).with_lost(held.lost()).with_release(release)
    }

    pub(super) async fn load(&self, key: &StoreKey) -> Result<Option<Stored>> {
        let (process, keys) = (self.process(), self.keys(key));
        let stored = read(&process.client, &keys).await?;
        self.settled(&process, &keys, stored).await
    }

    /// Returns a record that was read, or the one that is put back in its place.
    async fn settled(
        &self,
        process: &Process,
        keys: &Keys,
        mut stored: Option<Stored>,
    ) -> Result<Option<Stored>> {
        for _ in 0..TRIES {
            let lost = lock(&process.known).note_read(&keys.record, stored.as_ref());
            let Some(newer) = lost else { return Ok(stored) };
            if self.put_back(process, keys, stored.as_ref(), &newer).await? {
                return Ok(Some(newer));
            }
            stored = read(&process.client, keys).await?;
        }
        // It is saved all the time, so it is there.
        lock(&process.known).note(&keys.record, stored.clone());
        Ok(stored)
    }

    /// Puts a record back that the server has lost, if what it has instead is unchanged. Returns whether it is there.
    async fn put_back(
        &self,
        process: &Process,
        keys: &Keys,
        stored: Option<&Stored>,
        newer: &Stored,
    ) -> Result<bool> {
        self.put_back_own(keys).await?;
        let revision = stored.map_or(0, |stored| stored.revision);
        let tag = stored.map(|stored| stored.tag.clone()).unwrap_or_default();
        let expected = Expected { revision, tag, ..Expected::default() };
        let replaced = self.replace(process, keys, &expected, newer, None).await?;
        // Otherwise this process has saved it after it was read.
        if replaced.status == "saved" {
            warn_of_loss(&keys.record, newer.revision, revision);
        }
        Ok(replaced.status != "replaced")
    }

    /// Puts the document of the framework back, if the server has lost it: no other process finds the session without it.
    async fn put_back_own(&self, lost: &Keys) -> Result<()> {
        let own = StoreKey::new(OWN);
        if lost.record != self.keys(&own).record {
            Box::pin(self.load(&own)).await?;
        }
        Ok(())
    }

    /// Notes that a record which was read is not a document.
    pub(super) fn note_damaged(&self, key: &StoreKey, stored: &Stored) {
        lock(&self.process().known).note_damaged(&self.keys(key).record, stored);
    }

    /// Replaces a record, and extends the lease if this process has it.
    pub(super) async fn save(
        &self,
        key: &StoreKey,
        revision: u64,
        document: String,
        expected: u64,
    ) -> Result<bool> {
        let (process, keys) = (self.process(), self.keys(key));
        let held = process.held(&keys);
        let replaces = lock(&process.known).expected(&keys.record, expected);
        let mut new = Stored { revision, tag: random_text()?, document, base: replaces.base };
        let on_its_way = OnItsWay { process: &process, keys: &keys, expected, tag: &new.tag };
        let mut sent = since_boot();
        // The lease itself is renewed, so it would not end this.
        let ends = sent + self.lease;
        let is_held = || since_boot() < ends && held.as_ref().is_some_and(|held| !held.is_lost());
        let mut is_first = true;
        let saved = loop {
            match self.replace(&process, &keys, &replaces, &new, held.as_deref()).await {
                // Under a lease it can be what a server has answered only once. It was reserved, so that what fails is new.
                Err(error) if is_held() => {
                    if mem::take(&mut is_first) {
                        tracing::warn!(
                            target: "authn::store",
                            "a session is not saved yet, which is tried again for {:?}: {}",
                            self.lease,
                            error.message()
                        );
                    }
                    sleep(RETRY).await;
                    sent = since_boot();
                }
                saved => break saved?,
            }
        };
        mem::forget(on_its_way);
        if saved.status == "replaced" {
            lock(&process.known).note_not_stored(&keys.record, &replaces.unanswered);
            return Ok(false);
        }
        new.base = saved.base;
        lock(&process.known).note(&keys.record, Some(new));
        if let Some(held) = held.filter(|_| saved.has_extended) {
            held.extend(sent, self.lease);
        }
        if saved.status == "restored" {
            warn_of_loss(&keys.record, replaces.revision, saved.before);
            if let Err(error) = self.put_back_own(&keys).await {
                tracing::warn!("{OWN} is not put back yet: {}", error.message());
            }
        }
        // It is saved, so this is not an error: what counts is that they were there before a token was sent.
        if let Err(error) = self.confirmed(key, &process, &keys).await {
            tracing::warn!(
                target: "authn::store",
                "a session is saved, but a failover may lose it: {}",
                error.message()
            );
        }
        Ok(true)
    }

    /// Waits for replicas. If none has the record, the server may no longer be the master, so that one gets the record.
    async fn confirmed(&self, key: &StoreKey, process: &Process, keys: &Keys) -> Result<()> {
        if self.wait_for_replicas(process, keys).await.is_ok() {
            return Ok(());
        }
        process.client.renew().await;
        self.load(key).await?;
        self.wait_for_replicas(process, keys).await
    }

    async fn replace(
        &self,
        process: &Process,
        keys: &Keys,
        expected: &Expected,
        new: &Stored,
        held: Option<&Held>,
    ) -> Result<Replaced> {
        let (owner, fence) = held.map_or(("", 0), |held| (&held.owner, held.fence));
        let (status, before, extended, base): (String, u64, u64, u64) = process
            .client
            .script(
                &SAVE,
                &[&keys.record, &keys.lease, &keys.aside],
                &[
                    expected.revision.to_string().as_bytes(),
                    expected.tag.as_bytes(),
                    flag(expected.or_older),
                    expected.unanswered.as_bytes(),
                    new.revision.to_string().as_bytes(),
                    new.tag.as_bytes(),
                    new.document.as_bytes(),
                    owner.as_bytes(),
                    fence.to_string().as_bytes(),
                    milliseconds(self.lease).as_bytes(),
                    keys.channel.as_bytes(),
                    flag(expected.sets_aside),
                    new.base.to_string().as_bytes(),
                ],
            )
            .await?;
        Ok(Replaced { status, before, has_extended: extended == 1, base })
    }

    /// Replaces the document of a record by one with the same content, if the record is as it was read.
    pub(super) async fn reseal(
        &self,
        key: &StoreKey,
        stored: &Stored,
        document: String,
    ) -> Result<()> {
        let (process, keys) = (self.process(), self.keys(key));
        let replaced: u64 = process
            .client
            .script(
                &RESEAL,
                &[&keys.record],
                &[
                    stored.revision.to_string().as_bytes(),
                    stored.tag.as_bytes(),
                    stored.document.as_bytes(),
                    document.as_bytes(),
                ],
            )
            .await?;
        if replaced == 1 {
            lock(&process.known).note_resealed(&keys.record, stored, document);
        }
        Ok(())
    }

    /// Makes sure that the next save can succeed, and that the lease lasts its full time; `false` if the record is not
    /// the expected one.
    pub(super) async fn reserve(&self, key: &StoreKey, expected: u64) -> Result<bool> {
        let (process, keys) = (self.process(), self.keys(key));
        let held = process.held(&keys);
        let owner = held.as_ref().map_or("", |held| &held.owner);
        let expected = lock(&process.known).expected(&keys.record, expected);
        let sent = since_boot();
        let (status, extended): (String, u64) = process
            .client
            .script(
                &RESERVE,
                &[&keys.record, &keys.lease, &keys.room],
                &[
                    expected.revision.to_string().as_bytes(),
                    flag(expected.or_older),
                    owner.as_bytes(),
                    milliseconds(self.lease).as_bytes(),
                ],
            )
            .await?;
        if status != "reserved" {
            return Ok(false);
        }
        if let Some(held) = held {
            if extended == 1 { held.extend(sent, self.lease) } else { held.lose() }
        }
        self.wait_for_replicas(&process, &keys).await?;
        Ok(true)
    }

    async fn wait_for_replicas(&self, process: &Process, keys: &Keys) -> Result<()> {
        if self.replicas == 0 {
            return Ok(());
        }
        let limit = self.settings.timeout * 3 / 4;
        let ends = Instant::now() + limit;
        let mut pause = WAIT;
        let confirmed = loop {
            let mut command = redis::cmd("WAIT");
            command.arg(self.replicas).arg(milliseconds(WAIT));
            let confirmed: u32 =
                process.client.command(Target::Key(&keys.record), &command).await?;
            if confirmed >= self.replicas {
                return Ok(());
            }
            let left = ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break confirmed;
            }
            sleep(pause.min(left)).await;
            pause *= 2;
        };
        let message = format!(
            "only {confirmed} of {} replicas of Redis at {} have confirmed it within {limit:?}",
            self.replicas, self.settings.place
        );
        Err(Error::store(message).with_help("start the replicas, or lower `stores.redis.replicas`"))
    }

    pub(super) async fn list(&self) -> Result<Vec<StoreKey>> {
        self.with_part("record").await
    }

    /// Returns the sessions that have a key of this kind.
    pub(super) async fn with_part(&self, part: &str) -> Result<Vec<StoreKey>> {
        let process = self.process();
        let mut keys = Vec::new();
        for target in masters(self.place(), &process.client).await? {
            let mut cursor = "0".to_owned();
            loop {
                let mut command = redis::cmd("SCAN");
                let pattern = format!("{}{{*}}:{part}", self.settings.prefix);
                command.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1000);
                let (next, names): (String, Vec<String>) =
                    process.client.command(target, &command).await?;
                keys.extend(names.iter().filter_map(|name| self.key_of(name, part)));
                cursor = next;
                if cursor == "0" {
                    break;
                }
            }
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// Returns the session that a key of Redis is of.
    fn key_of(&self, name: &str, part: &str) -> Option<StoreKey> {
        let text = name.strip_prefix(&self.settings.prefix)?.strip_prefix('{')?;
        let text = text.strip_suffix(part)?.strip_suffix("}:")?;
        let key = StoreKey::new(text);
        // Another program's key may look like one.
        (key.as_str() == text).then_some(key)
    }

    /// Removes what was set aside.
    pub(super) async fn remove_aside(&self, key: &StoreKey) -> Result<()> {
        let (process, keys) = (self.process(), self.keys(key));
        let mut command = redis::cmd("DEL");
        command.arg(&keys.aside);
        process.client.command(Target::Key(&keys.aside), &command).await
    }
}

impl Process {
    /// Returns the lease of a session, if this process has it.
    fn held(&self, keys: &Keys) -> Option<Arc<Held>> {
        lock(&self.held).get(&keys.record).cloned()
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        lock(&self.process.known).note_unanswered(&self.keys.record, self.expected, self.tag);
    }
}

impl Claim {
    /// The lease was not granted, so there is nothing to release.
    fn disarm(&mut self) {
        self.owner.clear();
    }

    fn release(&self) -> impl Future<Output = ()> + use<> {
        let (process, keys) = (Arc::clone(&self.process), Arc::clone(&self.keys));
        let owner = self.owner.clone();
        async move {
            let arguments = [owner.as_bytes(), keys.channel.as_bytes()];
            let released = process.client.script::<u64>(&RELEASE, &[&keys.lease], &arguments).await;
            if let Err(error) = released {
                tracing::debug!("a lease was not released and ends by itself: {}", error.message());
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(renewal) = &self.renewal {
            renewal.abort();
        }
        {
            let mut held = lock(&self.process.held);
            if held.get(&self.keys.record).is_some_and(|held| held.owner == self.owner) {
                held.remove(&self.keys.record);
            }
        }
        // The server may have granted the lease to a caller that no longer waits.
        if self.renewal.is_none() && !self.owner.is_empty() {
            drop(Lease::new(()).with_release(self.release()));
        }
    }
}

/// Renews a lease until it is lost or released.
async fn renew(process: Arc<Process>, keys: Arc<Keys>, held: Arc<Held>, lease: Duration) {
    let milliseconds = milliseconds(lease);
    let mut pause = lease / 3;
    loop {
        sleep(pause).await;
        if held.is_lost() {
            break;
        }
        let sent = since_boot();
        let arguments = [held.owner.as_bytes(), milliseconds.as_bytes()];
        match process.client.script::<u64>(&RENEW, &[&keys.lease], &arguments).await {
            Ok(1) => {
                held.extend(sent, lease);
                pause = lease / 3;
            }
            Ok(_) => {
                held.lose();
                break;
            }
            // Until it ends, there is time for another try.
            Err(error) => {
                tracing::debug!("a lease was not renewed: {}", error.message());
                pause = lease / 15;
            }
        }
    }
    tracing::warn!(authn.session = keys.record, "a lease in Redis is lost");
}

async fn read(client: &Client, keys: &Keys) -> Result<Option<Stored>> {
    let mut command = redis::cmd("HMGET");
    command.arg(&keys.record).arg("revision").arg("tag").arg("document").arg("base");
    let fields: Vec<Option<String>> = client.command(Target::Key(&keys.record), &command).await?;
    Ok(Stored::read(&mut fields.into_iter()))
}

impl Stored {
    /// Reads its fields; `None` without a revision.
    fn read(fields: &mut impl Iterator<Item = Option<String>>) -> Option<Self> {
        let mut next = || fields.next().flatten();
        Some(Self {
            revision: number(&next()?),
            tag: next().unwrap_or_default(),
            document: next().unwrap_or_default(),
            base: next().as_deref().map_or(0, number),
        })
    }
}

/// Reads a number as the scripts do: a text that is not a number counts as 0, and is not a document either.
fn number(text: &str) -> u64 {
    let is_number = text.len() <= 15 && text.bytes().all(|c| c.is_ascii_digit());
    if is_number && !text.starts_with('0') { text.parse().unwrap_or(0) } else { 0 }
}

/// Subscribes to the channel of a session, and returns whether the user may.
async fn subscribe(client: &Client, keys: &Keys) -> Result<bool> {
    match client.subscribe(&keys.channel).await {
        Ok(()) => Ok(true),
        Err(error) if error.message().ends_with("(NOPERM)") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns one slot of each master of a cluster, or the one server.
async fn masters(place: &Place, client: &Client) -> Result<Vec<Target<'static>>> {
    if !place.is_cluster() {
        return Ok(vec![Target::Slot(0)]);
    }
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let ranges: Vec<Vec<redis::Value>> = client.command(Target::Slot(0), &command).await?;
    let mut slots: HashMap<String, u16> = HashMap::new();
    for range in ranges {
        if let [redis::Value::Int(start), _, master, ..] = &*range {
            // Its address and its id, in whatever form this version has them.
            slots.entry(format!("{master:?}")).or_insert(u16::try_from(*start).unwrap_or(0));
        }
    }
    Ok(slots.into_values().map(Target::Slot).collect())
}

fn warn_of_loss(record: &str, known: u64, stored: u64) {
    tracing::warn!(
        authn.session = record,
        authn.lost = known.saturating_sub(stored),
        "Redis has lost the last saves of a session, such as by a failover or a restart; this program has put them back"
    );
}

/// Returns the owner of a lease: a random text, and who it is, for users.
fn owner() -> Result<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} {} {} {}", random_text()?, host(), std::process::id(), since.as_millis()))
}

/// Returns the name of this machine, as far as it can be shown.
fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    let is_shown = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
    let name: String = name.chars().filter(is_shown).take(64).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// Returns 128 random bits.
fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| {
        Error::internal("the system has no random numbers").with_help("check the system")
    })?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Returns a random time up to a limit.
fn random(limit: Duration) -> Duration {
    // Without random numbers all wait for as long.
    let part = getrandom::u32().unwrap_or(u32::MAX);
    limit.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

fn flag(is_set: bool) -> &'static [u8] {
    if is_set { b"1" } else { b"0" }
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}

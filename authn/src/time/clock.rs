//! Time as the cache sees it: two clocks at once, and a clock that tests can move.
//!
//! The wall clock says what a server means by "expires at"; the monotonic clock does not jump when
//! somebody sets the date. A token is stale as soon as *either* says so, hence a [`Moment`] holds both.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use super::before;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A point in time on the wall clock and on the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since the Unix epoch.
    pub(super) wall: i64,
    /// Nanoseconds since an arbitrary start that this process shares.
    pub(super) monotonic: i64,
}

impl Moment {
    /// A moment that has always been reached.
    pub(crate) const PAST: Self = Self { wall: i64::MIN, monotonic: i64::MIN };

    /// The moment that never comes.
    pub const NEVER: Self = Self { wall: i64::MAX, monotonic: i64::MAX };

    /// Makes a moment from the time since the Unix epoch and the time since the monotonic clock's start.
    pub fn new(wall: Duration, monotonic: Duration) -> Self {
        Self { wall: nanos(wall), monotonic: nanos(monotonic) }
    }

    /// Gives the moment `duration` later; what would overflow is [`Moment::NEVER`] on that clock.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.shifted(duration, i64::saturating_add)
    }

    /// Gives the moment `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.shifted(duration, i64::saturating_sub)
    }

    fn shifted(self, duration: Duration, shift: fn(i64, i64) -> i64) -> Self {
        let by = nanos(duration);
        Self { wall: shift(self.wall, by), monotonic: shift(self.monotonic, by) }
    }

    /// Tells whether `now` has come to this moment on at least one of the two clocks.
    #[inline]
    pub fn reached(self, now: Self) -> bool {
        now.wall >= self.wall || now.monotonic >= self.monotonic
    }

    /// Gives the time from `now` until this moment by the clock that comes first; zero if it has passed.
    pub fn after(self, now: Self) -> Duration {
        let wall = self.wall.saturating_sub(now.wall);
        let monotonic = self.monotonic.saturating_sub(now.monotonic);
        Duration::from_nanos(u64::try_from(wall.min(monotonic)).unwrap_or(0))
    }

    /// Gives the wall clock's part.
    pub fn wall(self) -> SystemTime {
        from_unix_nanos(self.wall)
    }

    pub(crate) fn wall_nanos(self) -> i64 {
        self.wall
    }
}

/// Nanoseconds since the Unix epoch; times before it count as the epoch itself.
pub(crate) fn unix_nanos(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, nanos)
}

pub(crate) fn from_unix_nanos(nanos: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A future that ends when some time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time: implement it to bring a clock of your own.
pub trait Time: fmt::Debug + Send + Sync + 'static {
    /// Gives the present moment.
    fn now(&self) -> Moment;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// The clock that a cache reads: the system's, unless a test brings another.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Time>>);

impl Clock {
    /// Gives the system's clocks. They are the coarse ones where the system has such (a few milliseconds
    /// exact): expiry is counted in seconds, and a read costs a third.
    pub fn system() -> Self {
        Self(None)
    }

    /// Wraps a clock of the caller's.
    pub fn custom(time: impl Time) -> Self {
        Self(Some(Arc::new(time)))
    }

    /// Gives the present moment.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            None => system_now(),
            Some(time) => time.now(),
        }
    }

    /// Waits for `duration`. On the system's clock it needs a tokio runtime with timers, which the
    /// framework's own background runtime has.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        match &self.0 {
            None => Box::pin(tokio::time::sleep(duration)),
            Some(time) => time.sleep(duration),
        }
    }

    /// Waits for work at most as long as a duration; `None` if that has passed first. The work is then no longer
    /// waited for, and may be waited for again where it was borrowed.
    pub async fn within<T>(&self, duration: Duration, work: impl Future<Output = T>) -> Option<T> {
        before(work, self.sleep(duration)).await
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Clock(system)"),
            Some(time) => write!(f, "Clock({time:?})"),
        }
    }
}

// Through libc rather than the vDSO, so that tools which replace libc's clock (faketime) reach it.
#[cfg(target_os = "linux")]
#[inline]
fn system_now() -> Moment {
    use rustix::time::{ClockId, clock_gettime};
    let nanos = |id| {
        let time = clock_gettime(id);
        time.tv_sec.saturating_mul(NANOS_PER_SECOND).saturating_add(time.tv_nsec)
    };
    Moment { wall: nanos(ClockId::RealtimeCoarse), monotonic: nanos(ClockId::MonotonicCoarse) }
}

#[cfg(not(target_os = "linux"))]
fn system_now() -> Moment {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    Moment {
        wall: unix_nanos(SystemTime::now()),
        monotonic: nanos(START.get_or_init(Instant::now).elapsed()),
    }
}

/// A clock that stands still until a test moves it.
///
/// ```
/// use authn::time::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let manual = ManualClock::new();
/// let clock = Clock::custom(manual.clone());
/// let before = clock.now();
/// manual.advance(Duration::from_secs(60));
/// assert_eq!(before.plus(Duration::from_secs(60)), clock.now());
/// ```
#[derive(Clone)]
pub struct ManualClock(watch::Sender<Moment>);

impl ManualClock {
    /// Makes a clock that stands at the system's present time.
    pub fn new() -> Self {
        Self(watch::Sender::new(system_now()))
    }

    /// Moves both clocks forward, as time does, and wakes who slept so long.
    pub fn advance(&self, duration: Duration) {
        self.0.send_modify(|now| *now = now.plus(duration));
    }

    /// Steps the wall clock alone by `seconds`, as somebody who sets the date does.
    pub fn step_wall(&self, seconds: i64) {
        let nanos = seconds.saturating_mul(NANOS_PER_SECOND);
        self.0.send_modify(|now| now.wall = now.wall.saturating_add(nanos));
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&*self.0.borrow()).finish()
    }
}

impl Time for ManualClock {
    fn now(&self) -> Moment {
        *self.0.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        let until = self.now().plus(duration).monotonic;
        Box::pin(async move {
            // It fails once the clock is gone, which is held here.
            let _ = clock.0.subscribe().wait_for(|now| now.monotonic >= until).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_reached_when_either_clock_is_there() {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let later = clock.now().plus(Duration::from_secs(10));
        assert!(!later.reached(clock.now()));
        manual.step_wall(10);
        assert!(later.reached(clock.now()));
        manual.step_wall(-3_600);
        assert!(!later.reached(clock.now()));
        manual.advance(Duration::from_secs(10));
        assert!(later.reached(clock.now()), "a backward step of the wall clock extends no life");
    }

    #[test]
    fn arithmetic_saturates() {
        let now = Clock::system().now();
        assert!(!now.plus(Duration::MAX).reached(now));
        assert_eq!(Moment::NEVER.plus(Duration::MAX), Moment::NEVER);
        assert_eq!(now.minus(Duration::from_secs(1)).after(now), Duration::ZERO);
    }

    #[tokio::test]
    async fn work_is_waited_for_until_the_time_is_up() {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let minute = Duration::from_mins(1);
        assert_eq!(clock.within(minute, async { 1 }).await, Some(1));
        let endless = async {
            manual.advance(minute);
            std::future::pending::<()>().await;
        };
        assert_eq!(clock.within(minute, endless).await, None);
    }

    #[tokio::test]
    async fn sleepers_wake_when_the_clock_is_moved() {
        let manual = ManualClock::new();
        let sleep = manual.sleep(Duration::from_secs(5));
        let sleeper = tokio::spawn(sleep);
        manual.advance(Duration::from_secs(5));
        sleeper.await.unwrap();
    }
}

//! `Clock`, which reads the wall clock and the monotonic clock at once, and `ManualClock`, which tests can move.
//!
//! A server's "expires at" is a time of the wall clock. The monotonic clock does not jump when the date is set. A token
//! is stale as soon as *either* clock says so, so a [`Moment`] holds both.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{sync::watch, time::Instant};

use super::before;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A wait that ends later than planned by this time was noticed late, because the process or the machine was stopped.
/// It is then as much longer, so that a deadline does not end work whose result has arrived meanwhile.
const MOMENT_AFTER_A_STOP: Duration = Duration::from_secs(1);

/// A point in time on the wall clock and on the monotonic clock.
///
/// ```
/// use authn::time::Moment;
/// use std::time::Duration;
///
/// let [second, minute] = [1, 60].map(Duration::from_secs);
/// let now = Moment::new(1_000_000 * second, 5 * second);
/// let expiry = now.plus(minute);
/// assert!(!expiry.reached(now));
/// assert_eq!(expiry.minus(second).after(now), 59 * second);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since the Unix epoch.
    pub(super) wall: i64,
    /// Nanoseconds since an arbitrary start, the same in the whole process.
    pub(super) monotonic: i64,
}

impl Moment {
    /// A moment that has always been reached.
    pub(crate) const PAST: Self = Self { wall: i64::MIN, monotonic: i64::MIN };

    /// The moment that never comes.
    pub const NEVER: Self = Self { wall: i64::MAX, monotonic: i64::MAX };

    /// Creates a moment from the time since the Unix epoch and the time since the monotonic clock's start.
    pub fn new(wall: Duration, monotonic: Duration) -> Self {
        Self { wall: nanos(wall), monotonic: nanos(monotonic) }
    }

    /// Returns the moment `duration` later. A clock that would overflow stays at the time of [`Moment::NEVER`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.shifted(duration, i64::saturating_add)
    }

    /// Returns the moment `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.shifted(duration, i64::saturating_sub)
    }

    fn shifted(self, duration: Duration, shift: fn(i64, i64) -> i64) -> Self {
        let by = nanos(duration);
        Self { wall: shift(self.wall, by), monotonic: shift(self.monotonic, by) }
    }

    /// Returns whether `now` is at or past this moment on at least one of the two clocks.
    #[inline]
    pub fn reached(self, now: Self) -> bool {
        now.wall >= self.wall || now.monotonic >= self.monotonic
    }

    /// Returns the time from `now` until this moment, on the clock that reaches it first; zero if it has passed.
    pub fn after(self, now: Self) -> Duration {
        let wall = self.wall.saturating_sub(now.wall);
        let monotonic = self.monotonic.saturating_sub(now.monotonic);
        Duration::from_nanos(u64::try_from(wall.min(monotonic)).unwrap_or(0))
    }

    /// Returns the time on the wall clock.
    pub fn wall(self) -> SystemTime {
        from_unix_nanos(self.wall)
    }

    pub(crate) fn wall_nanos(self) -> i64 {
        self.wall
    }
}

/// Returns the nanoseconds since the Unix epoch; 0 for times before it.
pub(crate) fn unix_nanos(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, nanos)
}

/// Returns the time `duration` later. If it can't be represented, it is the latest that a [`Moment`] can.
pub(crate) fn later(time: SystemTime, duration: Duration) -> SystemTime {
    from_unix_nanos(unix_nanos(time).saturating_add(nanos(duration)))
}

pub(crate) fn from_unix_nanos(nanos: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A future that ends when some time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time for [`Clock::custom`]. Implement it for a clock of your own.
///
/// ```
/// use authn::time::{Clock, Moment, Sleep, Time};
/// use std::time::Duration;
///
/// /// The system's time, a year ahead.
/// #[derive(Debug)]
/// struct Ahead;
///
/// impl Time for Ahead {
///     fn now(&self) -> Moment {
///         Clock::system().now().plus(Duration::from_secs(365 * 86_400))
///     }
///     fn sleep(&self, duration: Duration) -> Sleep {
///         Clock::system().sleep(duration)
///     }
/// }
///
/// assert!(Clock::system().now().reached(Clock::custom(Ahead).now()));
/// ```
pub trait Time: fmt::Debug + Send + Sync + 'static {
    /// Returns the present moment.
    fn now(&self) -> Moment;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// The clock of the framework: the system's, unless a test sets another. Caches, providers and the HTTP client read
/// it and wait by it.
///
/// ```
/// # use authn::Credentials;
/// use authn::time::{Clock, ManualClock};
///
/// let clock = Clock::custom(ManualClock::new());
/// let builder = Credentials::builder().clock(clock);
/// # drop(builder);
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Time>>);

impl Clock {
    /// Returns the system's clocks. On Linux they are the coarse ones, which are exact to a few milliseconds: expiry
    /// is counted in seconds, and a read takes a third of the time.
    pub fn system() -> Self {
        Self(None)
    }

    /// Creates a clock from the caller's source of time.
    pub fn custom(time: impl Time) -> Self {
        Self(Some(Arc::new(time)))
    }

    /// Returns the present moment.
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.0 {
            None => system_now(),
            Some(time) => time.now(),
        }
    }

    /// Waits for `duration`. The system's clock needs a tokio runtime with timers, such as the framework's own
    /// background runtime. If the process was stopped until later, it waits for a second more.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        match &self.0 {
            None => {
                let started = Instant::now();
                let sleep = tokio::time::sleep(duration);
                Box::pin(async move {
                    sleep.await;
                    if started.elapsed().saturating_sub(duration) >= MOMENT_AFTER_A_STOP {
                        tokio::time::sleep(MOMENT_AFTER_A_STOP).await;
                    }
                })
            }
            Some(time) => time.sleep(duration),
        }
    }

    /// Waits for work for at most `duration`, and returns `None` if it takes longer. Work that was passed by reference
    /// can be waited for again.
    ///
    /// ```
    /// use authn::time::Clock;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let clock = Clock::system();
    /// assert_eq!(clock.within(Duration::from_secs(1), async { 1 }).await, Some(1));
    /// # }
    /// ```
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

// Calls libc and not the vDSO, so that tools that replace libc's clock (faketime) have an effect.
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

/// A clock that doesn't run: only a test moves it.
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
///
/// // Only the wall clock is set.
/// manual.step_wall(3600);
/// let hour = clock.now().wall().duration_since(before.wall())?;
/// assert_eq!(hour, Duration::from_secs(3660));
/// # Ok::<(), std::time::SystemTimeError>(())
/// ```
#[derive(Clone)]
pub struct ManualClock(watch::Sender<Moment>);

impl ManualClock {
    /// Creates a clock that is stopped at the system's present time.
    pub fn new() -> Self {
        Self(watch::Sender::new(system_now()))
    }

    /// Moves both clocks forward, and wakes the callers whose sleep ends by then.
    pub fn advance(&self, duration: Duration) {
        self.0.send_modify(|now| *now = now.plus(duration));
    }

    /// Moves only the wall clock by `seconds`, like a user who sets the date. No sleeping caller wakes.
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
            // It fails once the sender is dropped, and this future holds one.
            let _ = clock.0.subscribe().wait_for(|now| now.monotonic >= until).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_reached_when_either_clock_reaches_it() {
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let later = clock.now().plus(Duration::from_secs(10));
        assert!(!later.reached(clock.now()));
        manual.step_wall(10);
        assert!(later.reached(clock.now()));
        manual.step_wall(-3_600);
        assert!(!later.reached(clock.now()));
        manual.advance(Duration::from_secs(10));
        assert!(
            later.reached(clock.now()),
            "a backward step of the wall clock extends no token's life"
        );
    }

    #[test]
    fn arithmetic_saturates() {
        let now = Clock::system().now();
        assert!(!now.plus(Duration::MAX).reached(now));
        assert_eq!(Moment::NEVER.plus(Duration::MAX), Moment::NEVER);
        assert_eq!(now.minus(Duration::from_secs(1)).after(now), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stop_there_is_a_moment_for_what_has_arrived_meanwhile() {
        let (clock, minute, moment) =
            (Clock::system(), Duration::from_mins(1), Duration::from_millis(10));
        // The time jumps, as it does for a process that was stopped. Then another task needs a moment.
        let stopped_for = |time| async move {
            tokio::time::advance(time).await;
            tokio::time::sleep(moment).await;
        };
        assert_eq!(clock.within(minute, stopped_for(60 * minute)).await, Some(()));
        assert_eq!(clock.within(minute, stopped_for(minute / 2)).await, Some(()));
        let endless = async {
            stopped_for(60 * minute).await;
            std::future::pending::<()>().await;
        };
        assert_eq!(clock.within(minute, endless).await, None);
        let started = Instant::now();
        clock.sleep(minute).await;
        assert!(started.elapsed() < minute + moment, "no other wait is longer");
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
    async fn sleeping_callers_wake_when_the_clock_is_moved() {
        let manual = ManualClock::new();
        let sleep = manual.sleep(Duration::from_secs(5));
        let sleeper = tokio::spawn(sleep);
        manual.advance(Duration::from_secs(5));
        sleeper.await.unwrap();
    }
}

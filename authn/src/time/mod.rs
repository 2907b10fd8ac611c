//! Time: clocks that tests can move, durations as a configuration writes them, deadlines, and the back-off after
//! failures.

mod atomic_moment;
mod back_off;
mod clock;
mod deadline;
pub mod duration;

pub(crate) use atomic_moment::AtomicMoment;
pub use back_off::BackOff;
pub(crate) use back_off::chance;
pub use clock::{Clock, ManualClock, Moment, Sleep, Time};
pub(crate) use clock::{from_unix_nanos, later, unix_nanos};
pub(crate) use deadline::before;

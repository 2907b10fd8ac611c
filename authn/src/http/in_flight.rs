//! `InFlight`: the servers whose answers are waited for in this process, so that a program can say what it waits for.

use std::sync::{Mutex, PoisonError};

/// The origins of the requests that have no answer yet, the oldest first, each with a number of its own.
static ALL: Mutex<(u64, Vec<(u64, String)>)> = Mutex::new((0, Vec::new()));

/// A request that has no answer yet. It ends with this.
pub(super) struct InFlight(u64);

impl InFlight {
    pub(super) fn to(place: &str) -> Self {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.0 += 1;
        let number = all.0;
        all.1.push((number, place.to_owned()));
        Self(number)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.retain(|(number, _)| *number != self.0);
    }
}

/// Returns scheme, host and port of the server that has been waited for longest; `None` if no request is without an answer.
#[doc(hidden)]
#[must_use]
pub fn awaited() -> Option<String> {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.1.first().map(|(_, place)| place.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_request_without_an_answer_is_waited_for() {
        // Other tests of this process have requests of their own.
        let is_known = |place: &str| {
            let all = ALL.lock().unwrap();
            all.1.iter().filter(|(_, other)| other == place).count()
        };
        let first = InFlight::to("https://first.test");
        let again = InFlight::to("https://first.test");
        assert_eq!(is_known("https://first.test"), 2);
        drop(first);
        assert_eq!(is_known("https://first.test"), 1);
        assert!(awaited().is_some());
        drop(again);
        assert_eq!(is_known("https://first.test"), 0);
    }
}

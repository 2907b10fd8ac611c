//! `Metric`: every metric, with its name and what it means.
//!
//! Names and units follow the semantic conventions of OpenTelemetry for metrics: durations in seconds, the kind of an
//! error as `error.type`, and no `total` or unit in a name. Exporters for Prometheus add these.

use std::time::Duration;
#[cfg(feature = "metrics")]
use std::time::Instant;

#[cfg(feature = "metrics")]
use metrics::{SharedString, Unit};

use super::Labels;
use crate::Error;
#[cfg(feature = "metrics")]
use crate::{ErrorKind, runtime::catch};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Exchange,
    Wait,
    Lifetime,
    StaleUse,
    Refusal,
    Login,
    StoreRead,
    StoreWrite,
    LeaseWait,
}

impl Metric {
    /// Counts one more.
    pub(crate) fn count(self, labels: &Labels) {
        self.record(Duration::ZERO, labels, None);
    }

    /// Records the real time since a start, whatever the clock of the credentials is.
    pub(super) fn record_since(self, start: &Start, labels: &Labels, error: Option<&Error>) {
        #[cfg(feature = "metrics")]
        self.record(start.at.elapsed(), labels, error);
        #[cfg(not(feature = "metrics"))]
        let _ = (self, start, labels, error);
    }

    /// Records a duration. A counter counts one more.
    ///
    /// The error of a provider that does not apply is no failure: a chain asks its next provider.
    pub(crate) fn record(self, value: Duration, labels: &Labels, error: Option<&Error>) {
        #[cfg(feature = "metrics")]
        if error.is_none_or(|error| error.kind() != ErrorKind::NotApplicable) {
            // A program's recorder that panics must not end an exchange halfway.
            let _ = catch(|| self.description().record(value, labels, error));
        }
        #[cfg(not(feature = "metrics"))]
        let _ = (self, value, labels, error);
    }
}

/// When something began. Without the feature `metrics` no clock is read.
pub(super) struct Start {
    #[cfg(feature = "metrics")]
    at: Instant,
}

impl Start {
    pub(super) fn now() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            at: Instant::now(),
        }
    }
}

/// What an exporter shows of a metric.
#[cfg(feature = "metrics")]
struct Description {
    name: &'static str,
    unit: Unit,
    about: &'static str,
}

#[cfg(feature = "metrics")]
const fn seconds(name: &'static str, about: &'static str) -> Description {
    Description { name, unit: Unit::Seconds, about }
}

#[cfg(feature = "metrics")]
const fn counter(name: &'static str, about: &'static str) -> Description {
    Description { name, unit: Unit::Count, about }
}

#[cfg(feature = "metrics")]
impl Metric {
    const fn description(self) -> Description {
        match self {
            Self::Exchange => seconds(
                "authn.exchange.duration",
                "Duration of exchanges: requests for a new token, with the lease and the store around them",
            ),
            Self::Wait => seconds(
                "authn.wait.duration",
                "Time that callers waited because there was no usable token",
            ),
            Self::Lifetime => seconds("authn.token.lifetime", "Lifetime of new tokens"),
            Self::StaleUse => counter(
                "authn.token.stale_uses",
                "Uses of a token in the last seconds before its expiry, because no exchange succeeded",
            ),
            Self::Refusal => counter("authn.token.refusals", "Answers that refused a token"),
            Self::Login => counter("authn.logins", "Logins of users that ended"),
            Self::StoreRead => {
                seconds("authn.store.read.duration", "Duration of reads of a token store")
            }
            Self::StoreWrite => {
                seconds("authn.store.write.duration", "Duration of writes to a token store")
            }
            Self::LeaseWait => seconds(
                "authn.store.lease_wait.duration",
                "Time that exchanges waited for the lease of their session",
            ),
        }
    }
}

#[cfg(feature = "metrics")]
impl Description {
    fn record(self, value: Duration, labels: &Labels, error: Option<&Error>) {
        let Self { name, unit, about } = self;
        let owned = |label: &std::sync::Arc<str>| SharedString::from(label.clone());
        let mut all: Vec<metrics::Label> = Vec::new();
        let mut add = |key, value: SharedString| all.push(metrics::Label::new(key, value));
        if let Some(provider) = &labels.provider {
            add("authn.provider", owned(provider));
        }
        if let Some(profile) = &labels.profile {
            add("authn.profile", owned(profile));
        }
        if let Some(error) = error {
            add("error.type", error.kind().name().into());
        }
        // Described each time: a program may install its recorder after the first exchange, such as if the recorder
        // sends its metrics with a token.
        if unit == Unit::Seconds {
            metrics::describe_histogram!(name, unit, about);
            metrics::histogram!(name, all).record(value.as_secs_f64());
        } else {
            metrics::describe_counter!(name, unit, about);
            metrics::counter!(name, all).increment(1);
        }
    }
}

#[cfg(test)]
#[cfg(feature = "metrics")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ALL: [Metric; 9] = [
        Metric::Exchange,
        Metric::Wait,
        Metric::Lifetime,
        Metric::StaleUse,
        Metric::Refusal,
        Metric::Login,
        Metric::StoreRead,
        Metric::StoreWrite,
        Metric::LeaseWait,
    ];

    /// Returns the rows of the guide's table of metrics: name, kind, unit and labels.
    fn documented() -> BTreeSet<[String; 3]> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let guide = std::fs::read_to_string(path).unwrap();
        let (_, rest) = guide.split_once("<!-- metrics -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- /metrics -->").unwrap();
        let cells = |row: &str| {
            let mut cells = row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            [(); 3].map(|()| cells.next().unwrap())
        };
        table.lines().skip(2).map(cells).collect()
    }

    #[test]
    fn the_guide_lists_every_metric_and_no_other() {
        // A new variant has to be added to `ALL`.
        assert!(ALL.iter().enumerate().all(|(index, metric)| *metric as usize == index));
        assert_eq!(Metric::LeaseWait as usize + 1, ALL.len());
        let row = |metric: Metric| {
            let Description { name, unit, .. } = metric.description();
            let (kind, unit) =
                if unit == Unit::Seconds { ("histogram", "s") } else { ("counter", "1") };
            [format!("`{name}`"), kind.to_owned(), unit.to_owned()]
        };
        assert_eq!(documented(), ALL.map(row).into());
    }

    #[test]
    fn names_follow_the_conventions_of_opentelemetry() {
        for Description { name, about, .. } in ALL.map(Metric::description) {
            let is_lower = |letter: char| letter.is_ascii_lowercase() || "._".contains(letter);
            assert!(name.starts_with("authn.") && name.chars().all(is_lower), "{name}");
            // Exporters add them.
            for suffix in ["total", "seconds", "count"] {
                assert!(!name.ends_with(suffix), "{name}");
            }
            assert!(!about.ends_with('.') && about.starts_with(char::is_uppercase), "{about}");
        }
    }
}

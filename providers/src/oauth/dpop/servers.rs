//! `Servers`: the nonce and the clock of each server, from its answers (RFC 9449, 8 and 9).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::proof::Sent;

/// Most servers that are remembered.
const MOST: usize = 64;

/// Longest nonce that is sent back. It is a part of a header, which servers limit to some KiB.
const LONGEST_NONCE: usize = 1024;

/// Servers by their origins, the last one that was added at the end.
#[derive(Default)]
pub(super) struct Servers(Mutex<Vec<(Arc<str>, Server)>>);

/// What one server has said.
#[derive(Clone, Default)]
pub(super) struct Server {
    /// The nonce of the next proof.
    pub(super) nonce: Option<Arc<str>>,
    /// By how many seconds its clock is ahead; `None` while it has refused no proof for that.
    pub(super) ahead: Option<i64>,
}

impl Servers {
    /// Returns what is known of a server.
    pub(super) fn get(&self, origin: &str) -> Server {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = servers.iter().find(|(known, _)| **known == *origin);
        found.map(|(_, server)| server.clone()).unwrap_or_default()
    }

    /// Uses the nonce of an answer from now on. Returns whether it is news to the request that was answered: a nonce that
    /// was sent with the request may have been replaced since.
    pub(super) fn take_nonce(&self, origin: &Arc<str>, nonce: &str, sent: Option<&Sent>) -> bool {
        let is_news = sent.is_none_or(|sent| sent.nonce.as_deref() != Some(nonce));
        let is_nonce = !nonce.is_empty()
            && nonce.len() <= LONGEST_NONCE
            && nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if is_news && is_nonce {
            self.change(origin, |server| {
                if server.nonce.as_deref() != Some(nonce) {
                    server.nonce = Some(nonce.into());
                }
            });
        }
        is_news && is_nonce
    }

    /// Compares clocks after a server has refused a proof. Returns whether the time of the proof was wrong.
    pub(super) fn take_date(&self, sent: &Sent, date: SystemTime, now: SystemTime) -> bool {
        let Some(ahead) = ahead(sent, date, now) else { return false };
        self.change(&sent.origin, |server| server.ahead = Some(ahead));
        true
    }

    fn change(&self, origin: &Arc<str>, change: impl FnOnce(&mut Server)) {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, server)) = servers.iter_mut().find(|(known, _)| known == origin) {
            return change(server);
        }
        if servers.len() == MOST {
            servers.remove(0);
        }
        let mut server = Server::default();
        change(&mut server);
        servers.push((Arc::clone(origin), server));
    }
}

/// Returns by how many seconds a server's clock is ahead, if not as many as a proof was sent for.
///
/// The server's date has whole seconds, and was made at some time between the request and the answer. Of all differences
/// that fit, the smallest is returned: a proof must not be of the future.
fn ahead(sent: &Sent, date: SystemTime, now: SystemTime) -> Option<i64> {
    let least = seconds_between(now, date);
    let most = seconds_between(sent.at, date + Duration::from_secs(1));
    (sent.ahead < least || sent.ahead > most).then_some(least)
}

/// Returns the whole seconds from one time to another, rounded down.
fn seconds_between(from: SystemTime, to: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(later) => whole(later),
        Err(earlier) => {
            let earlier = earlier.duration();
            -whole(earlier) - i64::from(earlier.subsec_nanos() > 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(nonce: Option<&str>, at: SystemTime, ahead: i64) -> Sent {
        Sent { origin: "https://a.test".into(), nonce: nonce.map(Into::into), at, ahead }
    }

    #[test]
    fn each_server_has_the_nonce_of_its_last_answer() {
        let servers = Servers::default();
        let (a, b): (Arc<str>, Arc<str>) = ("https://a.test".into(), "https://b.test".into());
        let nonce = |origin: &str| servers.get(origin).nonce;
        assert!(servers.take_nonce(&a, "n1", None));
        assert_eq!(nonce(&a).as_deref(), Some("n1"));
        assert!(nonce(&b).is_none());
        let with = |nonce| sent(Some(nonce), SystemTime::UNIX_EPOCH, 0);
        assert!(servers.take_nonce(&a, "n2", Some(&with("n1"))));
        // A late answer to a request with the old nonce.
        assert!(!servers.take_nonce(&a, "n1", Some(&with("n1"))));
        assert_eq!(nonce(&a).as_deref(), Some("n2"));
        // Another request has learned of it, but this one was sent without it.
        assert!(servers.take_nonce(&a, "n2", Some(&with("n1"))));
        for bad in ["", "a b", "ä", "a\n", &"x".repeat(LONGEST_NONCE + 1)] {
            assert!(!servers.take_nonce(&a, bad, None));
        }
        assert_eq!(nonce(&a).as_deref(), Some("n2"));
    }

    #[test]
    fn few_servers_are_remembered() {
        let servers = Servers::default();
        for number in 0..=MOST {
            servers.take_nonce(&format!("https://{number}.test").into(), "n", None);
        }
        assert_eq!(servers.0.lock().unwrap().len(), MOST);
        assert!(servers.get("https://0.test").nonce.is_none());
        assert!(servers.get(&format!("https://{MOST}.test")).nonce.is_some());
    }

    #[test]
    fn clocks_differ_by_no_more_than_the_answers_say() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        // Sent and answered by this clock, the server's date, and what was assumed.
        for (asked, answered, date, assumed, expected) in [
            (10_000, 10_100, 10_000, 0, None),
            (10_900, 11_100, 10_000, 0, None),
            (10_900, 11_100, 11_000, 0, None),
            // A slow server: any second between the two.
            (10_000, 15_000, 10_000, 0, None),
            (10_000, 15_000, 14_000, 0, None),
            (10_000, 10_100, 3_610_000, 0, Some(3599)),
            (10_000, 10_100, 3_610_000, 3599, None),
            (10_000, 10_100, 3_610_000, 3600, None),
            (3_610_000, 3_610_100, 10_000, 0, Some(-3601)),
            (3_610_000, 3_610_100, 10_000, -3601, None),
            // The clock has been corrected.
            (10_000, 10_100, 10_000, 3600, Some(-1)),
        ] {
            let sent = sent(None, at(asked), assumed);
            let found = ahead(&sent, at(date), at(answered));
            assert_eq!(found, expected, "{asked} {answered} {date} {assumed}");
        }
    }
}

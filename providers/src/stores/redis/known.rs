//! `Known`: the records that this process has saved or read last, encrypted as they are. By them, a save names exactly
//! what it replaces, and a record that the server has lost is noticed and put back.

use std::collections::HashMap;

/// Most sessions that are remembered.
const MOST: usize = 256;

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) revision: u64,
    /// A random text of each save. Two records of one revision differ by it, such as after a failover.
    pub(super) tag: String,
    /// The encrypted document.
    pub(super) document: String,
}

/// The sessions of this process by their names.
#[derive(Default)]
pub(super) struct Known {
    entries: HashMap<String, Entry>,
    uses: u64,
}

#[derive(Clone, Default)]
struct Entry {
    stored: Option<Stored>,
    /// Whether it is no document that can be used, so that the next save sets it aside.
    is_damaged: bool,
    /// The tag of the last save, if that has not been answered. It may have been made or not.
    unanswered: Option<String>,
    used: u64,
}

/// What a save may replace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) revision: u64,
    /// Empty for any.
    pub(super) tag: String,
    /// Whether an older record is replaced: the server has lost the expected one.
    pub(super) or_older: bool,
    /// The tag of a save of this process that was not answered. Empty if there is none.
    pub(super) unanswered: String,
    /// Whether what is replaced is set aside.
    pub(super) sets_aside: bool,
}

impl Known {
    /// Returns what a save of this process replaces.
    pub(super) fn expected(&mut self, name: &str, revision: u64) -> Expected {
        let entry = self.entry(name);
        let mut expected = Expected {
            revision,
            unanswered: entry.unanswered.clone().unwrap_or_default(),
            ..Expected::default()
        };
        match &entry.stored {
            Some(stored) if entry.is_damaged && revision == 0 => {
                expected.revision = stored.revision;
                expected.tag.clone_from(&stored.tag);
                expected.sets_aside = true;
            }
            Some(stored) if stored.revision == revision && !entry.is_damaged => {
                expected.tag.clone_from(&stored.tag);
                expected.or_older = true;
            }
            _ => {}
        }
        expected
    }

    /// Notes what is stored now. Returns the newer record that this process knows, if the server has lost that.
    pub(super) fn note_read(&mut self, name: &str, stored: Option<&Stored>) -> Option<Stored> {
        let entry = self.entry(name);
        let revision = stored.map_or(0, |stored| stored.revision);
        if let Some(known) = &entry.stored
            && known.revision > revision
            && !entry.is_damaged
        {
            return Some(known.clone());
        }
        self.note(name, stored.cloned());
        None
    }

    /// Notes what is stored for certain.
    pub(super) fn note(&mut self, name: &str, stored: Option<Stored>) {
        let entry = self.entry(name);
        *entry = Entry { stored, used: entry.used, ..Entry::default() };
    }

    /// Notes that the last record that was read is no document.
    pub(super) fn note_damaged(&mut self, name: &str) {
        self.entry(name).is_damaged = true;
    }

    /// Notes a save before it is sent.
    pub(super) fn note_sent(&mut self, name: &str, tag: &str) {
        self.entry(name).unanswered = Some(tag.to_owned());
    }

    /// Notes that the last save was answered.
    pub(super) fn note_answered(&mut self, name: &str) {
        self.entry(name).unanswered = None;
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        self.uses += 1;
        if !self.entries.contains_key(name) && self.entries.len() >= MOST {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.entries.remove(&oldest);
            }
        }
        let entry = self.entries.entry(name.to_owned()).or_default();
        entry.used = self.uses;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(revision: u64, tag: &str) -> Stored {
        Stored { revision, tag: tag.into(), document: "sealed".into() }
    }

    #[test]
    fn a_save_replaces_what_was_read_or_what_the_server_fell_back_to() {
        let mut known = Known::default();
        let any = |revision| Expected { revision, ..Expected::default() };
        assert_eq!(known.expected("a", 5), any(5), "nothing is known");
        assert_eq!(known.note_read("a", Some(&stored(5, "t"))), None);
        assert_eq!(known.expected("a", 4), any(4));
        assert_eq!(known.expected("a", 6), any(6));
        let exact =
            Expected { revision: 5, tag: "t".into(), or_older: true, ..Expected::default() };
        assert_eq!(known.expected("a", 5), exact);
    }

    #[test]
    fn a_record_that_the_server_has_lost_is_known() {
        let mut known = Known::default();
        known.note("a", Some(stored(6, "six")));
        assert_eq!(known.note_read("a", Some(&stored(5, "five"))), Some(stored(6, "six")));
        assert_eq!(known.note_read("a", None), Some(stored(6, "six")));
        // Another has saved since.
        assert_eq!(known.note_read("a", Some(&stored(6, "other"))), None);
        assert_eq!(known.expected("a", 6).tag, "other");
        assert_eq!(known.note_read("a", Some(&stored(9, "nine"))), None);
    }

    #[test]
    fn a_damaged_record_is_set_aside_and_never_put_back() {
        let mut known = Known::default();
        known.note_read("a", Some(&stored(6, "six")));
        known.note_damaged("a");
        let expected = known.expected("a", 0);
        assert_eq!((expected.revision, &*expected.tag, expected.sets_aside), (6, "six", true));
        assert!(!expected.or_older);
        assert_eq!(known.note_read("a", Some(&stored(1, "one"))), None);
        assert!(!known.expected("a", 1).sets_aside);
    }

    #[test]
    fn a_save_without_an_answer_may_be_replaced_by_the_next_one() {
        let mut known = Known::default();
        known.note_sent("a", "lost");
        assert_eq!(known.expected("a", 0).unanswered, "lost");
        known.note_answered("a");
        assert_eq!(known.expected("a", 0).unanswered, "");
    }

    #[test]
    fn the_least_used_is_forgotten() {
        let mut known = Known::default();
        for number in 0..=MOST {
            known.note(&number.to_string(), Some(stored(1, "t")));
            known.note("used", Some(stored(2, "t")));
        }
        assert_eq!(known.entries.len(), MOST);
        assert!(known.expected("used", 2).or_older);
        assert!(!known.entries.contains_key("0"));
    }
}

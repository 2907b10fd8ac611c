//! `Known`: the records that this process has saved or read last, encrypted as they are. By them, a save names exactly
//! what it replaces, and a record that the server has lost is noticed and put back.

use std::collections::HashMap;

/// The document of the framework. Without it no session is found, so it is never forgotten, and put back with each of them.
pub(super) const OWN: &str = ".fingerprint-key";
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
    /// The largest revision that was set aside before it, or 0. Older records up to this one are not put back.
    pub(super) base: u64,
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
    /// Whether it is not a document that can be used, so that the next save sets it aside.
    is_damaged: bool,
    /// A save that was sent and has no answer. It may have been made or not.
    unanswered: Option<Unanswered>,
    used: u64,
}

/// A save that was sent and has no answer.
#[derive(Clone)]
struct Unanswered {
    /// The revision that it replaces.
    expected: u64,
    tag: String,
}

/// What a save may replace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) revision: u64,
    /// Empty for any.
    pub(super) tag: String,
    /// Whether an older record is replaced: the server has lost the expected one.
    pub(super) or_older: bool,
    /// The tag of a save of this process that has replaced the same revision, if it has no answer. Empty if there is none.
    pub(super) unanswered: String,
    /// Whether what is replaced is set aside.
    pub(super) sets_aside: bool,
    /// The largest revision that is known to have been set aside, with this save.
    pub(super) base: u64,
}

impl Known {
    /// Returns what a save of this process replaces.
    pub(super) fn expected(&mut self, name: &str, revision: u64) -> Expected {
        let entry = self.entry(name);
        let unanswered = entry.unanswered.as_ref().filter(|save| save.expected == revision);
        let mut expected = Expected {
            revision,
            unanswered: unanswered.map(|save| save.tag.clone()).unwrap_or_default(),
            ..Expected::default()
        };
        match &entry.stored {
            Some(stored) if entry.is_damaged && revision == 0 => {
                expected.revision = stored.revision;
                expected.tag.clone_from(&stored.tag);
                expected.sets_aside = true;
                expected.base = stored.base.max(stored.revision);
            }
            Some(stored) if stored.revision == revision && !entry.is_damaged => {
                expected.tag.clone_from(&stored.tag);
                expected.or_older = true;
                expected.base = stored.base;
            }
            _ => {}
        }
        expected
    }

    /// Notes what is stored now. Returns the newer record that this process knows, if the server has lost that.
    pub(super) fn note_read(&mut self, name: &str, stored: Option<&Stored>) -> Option<Stored> {
        let entry = self.entry(name);
        let newest = stored.map_or(0, |stored| stored.revision.max(stored.base));
        if let Some(known) = &entry.stored
            && known.revision > newest
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

    /// Notes that a record which was read is not a document. Another one may be stored by then.
    pub(super) fn note_damaged(&mut self, name: &str, stored: &Stored) {
        let entry = self.entry(name);
        entry.is_damaged |= entry.stored.as_ref() == Some(stored);
    }

    /// Notes that a record has another document with the same content.
    pub(super) fn note_resealed(&mut self, name: &str, before: &Stored, document: String) {
        let known = self.entry(name).stored.as_mut().filter(|stored| *stored == before);
        if let Some(known) = known {
            known.document = document;
        }
    }

    /// Notes a save that was sent and has no answer.
    pub(super) fn note_unanswered(&mut self, name: &str, expected: u64, tag: &str) {
        self.entry(name).unanswered = Some(Unanswered { expected, tag: tag.to_owned() });
    }

    /// Notes that a save without an answer is not stored.
    pub(super) fn note_not_stored(&mut self, name: &str, tag: &str) {
        self.entry(name).unanswered.take_if(|save| save.tag == tag);
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        self.uses += 1;
        if !self.entries.contains_key(name) && self.entries.len() >= MOST {
            let sessions = self.entries.iter().filter(|(name, _)| !name.contains(OWN));
            let oldest = sessions.min_by_key(|(_, entry)| entry.used);
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
        Stored { revision, tag: tag.into(), document: "sealed".into(), base: 0 }
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
        known.note_damaged("a", &stored(6, "six"));
        let expected = known.expected("a", 0);
        assert_eq!((expected.revision, &*expected.tag, expected.sets_aside), (6, "six", true));
        assert!(!expected.or_older && expected.base == 6);
        assert_eq!(known.note_read("a", Some(&stored(1, "one"))), None);
        assert!(!known.expected("a", 1).sets_aside);
    }

    #[test]
    fn what_was_set_aside_is_not_put_back_over_what_came_after_it() {
        let mut known = Known::default();
        known.note("a", Some(stored(6, "six")));
        let since = |revision| Stored { base: 6, ..stored(revision, "new") };
        assert_eq!(known.note_read("a", Some(&since(1))), None);
        assert_eq!(known.expected("a", 1).base, 6);
        known.note("a", Some(since(8)));
        assert_eq!(known.note_read("a", Some(&since(7))), Some(since(8)), "this one is lost");
    }

    #[test]
    fn a_save_without_an_answer_may_be_replaced_by_the_next_one_of_the_same_revision() {
        let mut known = Known::default();
        known.note_unanswered("a", 3, "lost");
        assert_eq!(known.expected("a", 3).unanswered, "lost");
        assert_eq!(known.expected("a", 4).unanswered, "");
        known.note_not_stored("a", "another");
        assert_eq!(known.expected("a", 3).unanswered, "lost");
        known.note_not_stored("a", "lost");
        assert_eq!(known.expected("a", 3).unanswered, "");
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

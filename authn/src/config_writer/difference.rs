//! The unified difference of two texts of a configuration, without secrets.

use toml_edit::Document;
use zeroize::Zeroizing;

use crate::{
    Registry,
    config::visibility,
    diagnostic::{Provenance, Spans, masked},
    options::{Entries, Item, toml},
};

/// Unchanged lines that are shown before and after a change.
const CONTEXT: usize = 3;
/// The most comparisons of lines. Beyond it, the whole part between the first and the last change is shown.
const MOST: usize = 4_000_000;

/// What has become of a line.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Change {
    Same,
    Removed,
    Added,
}

/// Returns the lines that differ, with a few lines around them.
pub(super) fn of(
    before: &Zeroizing<String>,
    after: &Zeroizing<String>,
    registry: &Registry,
) -> String {
    let masks = [before, after].map(|text| masked(text, &spans(text, registry)));
    let lines = [before, after].map(|text| text.lines().collect::<Vec<_>>());
    let shown = masks.each_ref().map(|text| text.lines().collect::<Vec<_>>());
    let changes = changes(&lines[0], &lines[1]);
    let is_near = |index: usize| {
        let around = changes.get(index.saturating_sub(CONTEXT)..).unwrap_or_default();
        around.iter().take(2 * CONTEXT + 1).any(|change| *change != Change::Same)
    };
    let (mut old, mut new) = (0, 0);
    let (mut text, mut is_cut) = (String::new(), false);
    for (index, change) in changes.iter().enumerate() {
        let (sign, line) = match change {
            Change::Added => ('+', shown[1].get(new)),
            Change::Removed => ('-', shown[0].get(old)),
            Change::Same => (' ', shown[0].get(old)),
        };
        if is_near(index) {
            if is_cut {
                text.push_str("@@\n");
            }
            text.push(sign);
            text.push_str(line.copied().unwrap_or_default());
            text.push('\n');
        }
        is_cut = !is_near(index);
        old += usize::from(*change != Change::Added);
        new += usize::from(*change != Change::Removed);
    }
    text
}

/// Returns the shortest list of changes.
pub(super) fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same..], &new[same..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut changes = vec![Change::Same; same];
    if old.len().saturating_mul(new.len()) > MOST {
        changes.extend(old.iter().map(|_| Change::Removed));
        changes.extend(new.iter().map(|_| Change::Added));
    } else {
        compare(old, new, &mut changes);
    }
    changes.resize(changes.len() + end, Change::Same);
    changes
}

fn compare(old: &[&str], new: &[&str], changes: &mut Vec<Change>) {
    // The length of the longest common part of the rest of both.
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let change = if i < old.len() && j < new.len() && old[i] == new[j] {
            Change::Same
        } else if j == new.len()
            || (i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            Change::Removed
        } else {
            Change::Added
        };
        changes.push(change);
        i += usize::from(change != Change::Added);
        j += usize::from(change != Change::Removed);
    }
}

/// Returns which values may be shown. Of a text that is no TOML, none is.
fn spans(text: &str, registry: &Registry) -> Spans {
    let Ok(document) = Document::parse(text) else { return Spans::default() };
    let place = |span| (Provenance::Default, span);
    let Ok(mut base) = toml::entries(document.as_table(), &place) else {
        return Spans::default();
    };
    let profiles = base.remove("profile");
    let profiles = profiles.as_ref().and_then(Item::as_table).into_iter().flatten();
    let profiles = profiles.filter_map(|(_, item)| item.as_table());
    let parts: Vec<&Entries> = std::iter::once(&base).chain(profiles).collect();
    visibility::spans(parts.into_iter(), registry)
}

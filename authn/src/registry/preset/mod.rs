//! Presets: what is known of a service, as a text in TOML that a crate submits to the registry at link time.

mod document;
pub(crate) mod needs;

pub use document::Preset;
pub(crate) use document::PresetDocument;

use super::About;
use crate::{
    Location, Options,
    diagnostic::{Problem, ProblemCode, Provenance},
    options::toml,
};

/// The option that names a preset.
pub(crate) const PRESET: &str = "preset";

/// The option that every provider has in its table.
#[derive(Options)]
pub(crate) struct PresetOption {
    /// Preset of a service, which fills in what is known of it, such as its addresses. Every option that is set
    /// anywhere overrides the preset.
    preset: Option<String>,
}

/// A linked preset: its name, its text, and its place in source code.
#[derive(Clone, Copy, Debug)]
pub struct PresetEntry {
    about: About,
    text: &'static str,
}

inventory::collect!(PresetEntry);

impl PresetEntry {
    /// # Panics
    ///
    /// If the name has another form. The macro creates the entry at compile time, so this is a compile error.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str, location: Location) -> Self {
        assert!(
            is_preset_name(name),
            "the name of a preset consists of lower-case ASCII letters, digits, `-` and `_`"
        );
        Self { about: About { name, docs: &[], location }, text }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.about.name
    }

    /// Reads its text. Problems are added to `problems`.
    pub(crate) fn read(&self, problems: &mut Vec<Problem>) -> Option<PresetDocument> {
        let provenance = Provenance::Preset { name: self.name().to_owned() };
        let Some(entries) = toml::parse_document(self.text, &provenance) else {
            // The text is a part of this program, so there is no file to show.
            let message = "the text of this preset is not valid TOML";
            let problem = Problem::error(ProblemCode::Syntax, message)
                .with_provenance(provenance)
                .with_help("fix it in the crate that registers it");
            problems.push(problem);
            return None;
        };
        PresetDocument::read(self.name(), provenance, entries, problems)
    }

    pub(super) fn about(&self) -> About {
        self.about
    }
}

/// Returns whether a text can be the name of a preset, which is also the name of a file.
pub(crate) const fn is_preset_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if !matches!(bytes[index], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty()
}

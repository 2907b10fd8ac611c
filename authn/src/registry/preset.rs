//! `preset!`: what is known of a service, as a text in TOML that a crate submits to the registry at link time.

use crate::{Location, Options, registry::About};

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

/// Registers a preset of a service for a provider, by its name and its text in TOML. The option `preset` of that
/// provider's table chooses it.
///
/// ```
/// authn::preset!(
///     "corp",
///     r#"
///     title = "Corp: the login of all employees"
///     provider = "oauth"
///     source = "https://wiki.corp.example/login"
///     checked = "2026-01-31"
///     needs = ["client_id"]
///
///     [options]
///     issuer_url = "https://login.corp.example"
///     scope = ["openid", "offline_access"]
///     "#
/// );
/// # fn main() {}
/// ```
///
/// A text in a file of its own is `include_str!("../presets/corp.toml")`. Its keys are:
///
/// | key | what |
/// |---|---|
/// | `title` | the service, in a few words |
/// | `provider` | the provider whose options it sets |
/// | `source` | the page of the service that documents the values |
/// | `checked` | the day on which they were compared, `YYYY-MM-DD`; optional |
/// | `needs` | the options that a user must set, because the preset can't know them; optional |
/// | `[options]` | the values |
///
/// The values are below every layer of a configuration, and above the defaults of the options. A preset can set any option
/// of its provider, except secrets and `preset`. It is read when a configuration names it: a mistake in it is a problem of
/// that configuration. The macro is an item of a module, outside of functions. Its name consists of lower-case ASCII
/// letters, digits, `-` and `_`; another name is a compile error. Two linked presets with the same name are an error, as for
/// [providers](crate::Registry::linked).
#[macro_export]
macro_rules! preset {
    ($name:literal, $text:expr $(,)?) => {
        $crate::private::inventory::submit! {
            $crate::private::PresetEntry::new(
                $name,
                $text,
                $crate::private::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    column: ::core::column!(),
                },
            )
        }
    };
}

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

    pub(crate) fn text(&self) -> &'static str {
        self.text
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

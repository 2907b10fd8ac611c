//! `Provenance`: where a value comes from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{printable, shortened};

/// Where a value comes from, exactly enough to find and change it. Its text escapes invisible characters.
///
/// ```
/// use authn::config::Provenance;
///
/// let place = Provenance::File { path: "/etc/authn/config.toml".into(), line: 2, column: 10 };
/// assert_eq!(place.to_string(), "/etc/authn/config.toml:2:10");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provenance {
    /// The default of an option, or no value.
    Default,
    /// A preset of a linked crate. A preset in a file of the user's own is a [`File`](Self::File).
    Preset {
        /// The name of the preset.
        name: String,
    },
    /// A file.
    File {
        /// Path of the file.
        path: PathBuf,
        /// Line of the value, from 1.
        line: usize,
        /// Column of the value in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Environment {
        /// The full name of the variable.
        name: String,
    },
    /// A layer that the program adds with `Loader::layer`.
    Layer {
        /// The name of the layer, its source, and the key of the value, as the layer names them.
        place: String,
        /// Path of the file that the layer reads, if the layer names it.
        file: Option<PathBuf>,
    },
    /// The program itself, by a builder.
    Code,
    /// A flag of the command line.
    Flag {
        /// The flag, with the key that it set: `--set credentials.domain`.
        name: String,
    },
}

impl Provenance {
    /// Returns whether a value from there has a type of its own. Variables and flags hold texts, which can be values of any
    /// type.
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Preset { .. } | Self::Code)
    }

    /// Returns the start of a file.
    pub(crate) fn file(path: &Path) -> Self {
        Self::File { path: path.to_owned(), line: 1, column: 1 }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset { name } => write!(f, "preset {}", printable(&shortened(name))),
            Self::Code => f.write_str("set in code"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", printable(&path.display().to_string()))
            }
            Self::Environment { name } => write!(f, "env {}", printable(&shortened(name))),
            Self::Layer { place, .. } => f.write_str(&printable(&shortened(place))),
            Self::Flag { name } => write!(f, "flag {}", printable(&shortened(name))),
        }
    }
}

//! Where a value comes from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::printable;

/// Where a value comes from, exactly enough to go there and change it. As a text, what would not be seen in it
/// is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provenance {
    /// Nobody set it.
    Default,
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
        /// Its full name.
        name: String,
    },
    /// A layer that the program adds.
    Layer {
        /// What the layer says of itself and of the value's key.
        place: String,
        /// Path of the file that it reads, if it says so.
        file: Option<PathBuf>,
    },
    /// A flag of the command line.
    Flag {
        /// The flag, with the key that it set: `--set credentials.domain`.
        name: String,
    },
}

impl Provenance {
    /// Returns the beginning of a file.
    pub(crate) fn file(path: &Path) -> Self {
        Self::File { path: path.to_owned(), line: 1, column: 1 }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", printable(&path.display().to_string()))
            }
            Self::Environment { name } => write!(f, "env {}", printable(name)),
            Self::Layer { place, .. } => f.write_str(&printable(place)),
            Self::Flag { name } => write!(f, "flag {}", printable(name)),
        }
    }
}

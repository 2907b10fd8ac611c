//! `Location`: a place in source code.

use std::fmt;

/// Where a provider or a store is defined in source code.
///
/// ```
/// let location = authn::Location {
///     package: "corp", module: "corp::sts", file: "src/sts.rs", line: 7, column: 1,
/// };
/// assert_eq!(location.to_string(), "src/sts.rs:7:1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The crate's name in its Cargo.toml.
    pub package: &'static str,
    /// The module's path.
    pub module: &'static str,
    /// The path of the file, as it was passed to the compiler.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

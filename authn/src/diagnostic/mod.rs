//! Problems of a configuration or a store, reported like those of a compiler: code, place, line, help.

mod address;
mod code;
mod excerpt;
mod location;
mod nearest;
mod printable;
mod problem;
mod provenance;
mod quoted;
mod reason;
mod shortened;
mod source_text;
mod syntax;

pub(crate) use address::EXPECTED as EXPECTED_ADDRESS;
pub use address::no_address;
pub use code::ProblemCode;
pub(crate) use excerpt::{Mark, Spans, excerpt, masked};
pub use location::Location;
pub use nearest::nearest;
#[cfg(feature = "reqwest")]
pub(crate) use printable::is_invisible;
pub use printable::printable;
pub(crate) use problem::{Excerpt, SHOWN};
pub use problem::{Problem, Severity};
pub use provenance::Provenance;
pub(crate) use quoted::quoted;
pub use reason::{check_limit_on_files, limit_help, reason};
pub(crate) use shortened::shortened;
pub(crate) use source_text::SourceText;
pub(crate) use syntax::syntax_problem;

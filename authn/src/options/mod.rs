//! Options: how a table of a configuration becomes a struct, and how its options are described.
//!
//! A struct describes a set of options once. Reading, errors, `authn providers`, the JSON Schema, the commented template
//! and the table in the README all use this description.
//!
//! ```
//! use authn::Options as _;
//!
//! /// How often to try again.
//! #[derive(authn::Options)]
//! struct Retries {
//!     /// Number of tries.
//!     #[default(3)]
//!     tries: u8,
//! }
//!
//! let field = &Retries::FIELDS[0];
//! assert_eq!((field.key(), field.doc().as_str()), ("tries", "Number of tries."));
//! assert_eq!(field.value_type(), authn::options::Type::Integer);
//! assert_eq!(field.default().map(|view| view.to_string()).as_deref(), Some("3"));
//! # let _ = Retries { tries: 1 }.tries;
//! ```

mod command;
pub(crate) mod deserialize;
mod group;
mod integer_range;
mod join;
pub(crate) mod json;
mod key;
mod load_context;
mod option_value;
mod origin;
pub(crate) mod probe;
mod rejected;
mod schema;
mod secret;
mod show;
mod table;
mod template;
pub(crate) mod toml;
mod validation;
mod value;
mod view;

pub use command::Command;
pub use group::{Group, Tag, kinds};
pub(crate) use join::is_same;
pub use join::{count, fields, join};
pub(crate) use json::Schemas;
pub use json::json_schema;
pub(crate) use key::Key;
pub(crate) use load_context::{
    BuiltProvider, LoadContext, report_failure, report_invalid, report_unknown_key,
};
pub use option_value::OptionValue;
pub use origin::Origin;
pub(crate) use rejected::rejected;
use schema::holds;
pub use schema::{Field, Kind, Options, Shape, Type};
pub(crate) use schema::{documentation, listed, shorthand, summary};
pub use secret::Secret;
pub use show::{Show, Shown, views};
pub use table::{InnerProvider, NestedProvider, Node, Plain, Table};
pub(crate) use table::{report_wrong_type, section, section_with};
pub(crate) use template::PLACEHOLDER;
pub use template::template;
pub use validation::Validation;
pub(crate) use value::{Entries, Item, MAX_NESTING, Value, insert, words};
pub(crate) use view::names_secret;
#[cfg(feature = "reqwest")]
pub(crate) use view::redact_url;
pub use view::{View, Views, set_or_not};

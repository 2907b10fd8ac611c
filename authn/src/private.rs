//! What generated code names, and the stores that come with authn. Not part of the public interface.

pub use inventory;

pub use crate::{
    config::{Nested, Node, Plain, Table},
    redact::{Secret, SetOrNot, ShowKnown, ShowUnknown, Shown},
    registry::{Entry, Location, Provider},
    schema::{Field, FromTable, Kind, Shape, Type},
    store::{Content, LinkedStore, Locks, StoreEntry, Surroundings, Vault},
};

//! What generated code names, and the stores that come with authn. Not part of the public interface.

pub use inventory;

pub use crate::{
    diagnostic::Location,
    options::{
        Field, FromTable, Kind, Nested, Node, Plain, Secret, SetOrNot, Shape, ShowKnown,
        ShowUnknown, Shown, Table, Type,
    },
    registry::{Entry, LinkedStore, Provider, StoreEntry, Surroundings},
    secret::Vault,
    store::{Content, Locks},
};

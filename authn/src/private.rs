//! What generated code names, and the stores that come with authn. Not part of the public interface.

pub use inventory;

pub use crate::{
    diagnostic::Location,
    options::{
        Field, Group, Kind, NestedProvider, Node, Options, Plain, Secret, Shape, Shown, Table, Tag,
        Type, Validation, View, Views, count, fields, join, kinds, set_or_not, views,
    },
    registry::{About, Entry, Provider, Store, StoreEntry},
    store::{Content, Locks, Versioned},
};

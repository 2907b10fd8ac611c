//! What generated code names, and the stores that come with authn. Not part of the public interface.

pub use inventory;

pub use crate::{
    Credentials, CredentialsBuilder, Result,
    builder::ProviderOptions,
    diagnostic::Location,
    options::{
        Field, Group, Kind, NestedProvider, Node, OptionValue, Options, Plain, Secret, Shape,
        Shown, Table, Tag, Type, Validation, View, Views, count, fields, join, kinds, set_or_not,
        views,
    },
    provider::Declared,
    registry::{About, Entry, Provider, Store, StoreEntry},
    request::{Challenge, DefaultPlace, Placed},
    store::{Content, Locks, Versioned},
};

use std::marker::PhantomData;

use crate::InteractiveSource;

/// Tells at compile time whether a type is an `InteractiveSource`: the inherent constant, which exists only for such a
/// type, takes precedence over that of [`MaybeInteractive`].
#[derive(Debug)]
pub struct Interactivity<S>(PhantomData<S>);

impl<S: InteractiveSource> Interactivity<S> {
    pub const IS_INTERACTIVE: bool = true;
}

/// Says of every other type that it is not one.
pub trait MaybeInteractive {
    const IS_INTERACTIVE: bool = false;
}

impl<S> MaybeInteractive for Interactivity<S> {}

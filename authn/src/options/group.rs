//! `Group`: the types of a field whose options are in a table of their own, and how the macro recognises such a type.

use std::{collections::BTreeMap, marker::PhantomData};

use super::{Node, Options, Plain, Shape, Type, View, holds};

/// The type of an option whose value is a set of options: a struct with `#[derive(Options)]`, or an `Option`, a list or a
/// map of such a struct.
#[doc(hidden)]
pub trait Group: Sized {
    /// Reads the value from the configuration. Returns `None` after a failure, when the problem has been reported.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Returns the type of its value in a configuration.
    fn shape() -> Shape;

    /// Returns the options as they may be shown.
    fn view(&self) -> View;
}

impl<T: Options> Group for T {
    fn read(node: Node<'_>) -> Option<Self> {
        node.options()
    }

    fn shape() -> Shape {
        Shape::required(Type::Options(T::FIELDS))
    }

    fn view(&self) -> View {
        View::Table(self.views().into_entries())
    }
}

impl<T: Options> Group for Option<T> {
    holds!(T, optional);

    fn view(&self) -> View {
        self.as_ref().map_or(View::NotSet, Group::view)
    }
}

impl<T: Options> Group for Vec<T> {
    holds!(T, list);

    fn view(&self) -> View {
        View::List(self.iter().map(Group::view).collect())
    }
}

impl<T: Options> Group for BTreeMap<String, T> {
    holds!(T, map);

    fn view(&self) -> View {
        View::Table(self.iter().map(|(key, group)| (key.clone(), group.view())).collect())
    }
}

/// A value that represents the type of a field. The macro calls [`kind`](kinds::ByGroup::kind) on it.
#[derive(Debug)]
#[doc(hidden)]
pub struct Tag<T>(PhantomData<T>);

impl<T> Tag<T> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

/// The kinds of types that a field can have. Method resolution finds the first kind that fits the type.
#[doc(hidden)]
pub mod kinds {
    use super::{Group, GroupKind, PlainKind, Tag};

    /// The kind of a set of options.
    pub trait ByGroup {
        /// Returns how the type is read.
        fn kind(&self) -> GroupKind {
            GroupKind
        }
    }

    impl<T: Group> ByGroup for Tag<T> {}

    /// The kind of every other type.
    pub trait ByPlain {
        /// Returns how the type is read.
        fn kind(&self) -> PlainKind {
            PlainKind
        }
    }

    impl<T> ByPlain for &Tag<T> {}
}

/// How a set of options is read.
#[derive(Debug)]
#[doc(hidden)]
pub struct GroupKind;

#[expect(clippy::unused_self, reason = "the value is how the macro names its type")]
impl GroupKind {
    /// Reads a value.
    pub fn read<T: Group>(self, node: Node<'_>) -> Option<T> {
        T::read(node)
    }

    /// Returns the type of its value in a configuration.
    pub fn shape<T: Group>(self) -> Shape {
        T::shape()
    }
}

/// How every other value is read.
#[derive(Debug)]
#[doc(hidden)]
pub struct PlainKind;

#[expect(clippy::unused_self, reason = "the value is how the macro names its type")]
impl PlainKind {
    /// Reads a value.
    pub fn read<T: Plain>(self, node: Node<'_>) -> Option<T> {
        T::read(node)
    }

    /// Returns the type of its value in a configuration.
    pub fn shape<T: Plain>(self) -> Shape {
        T::shape()
    }
}

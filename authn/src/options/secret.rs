//! `Secret`: the types that a `_field` may have.

use std::collections::BTreeMap;

use super::{Node, Shape, Type, holds};
use crate::SecretString;

/// A type that keeps its value secret, so that a `_field` can have it: [`SecretString`], an `Option` or a
/// map of it, and newtypes that implement this.
#[diagnostic::on_unimplemented(
    message = "secret field has type `{Self}`, which does not keep its value secret",
    label = "a `_field` must be a `SecretString`, an `Option` or a map of one"
)]
pub trait Secret: Sized {
    /// Returns whether there is a value; an empty text is none.
    fn is_set(&self) -> bool;

    /// Reads it from the configuration; `None` if that failed, and the problem has been noted.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Says what stands for it in a configuration.
    fn shape() -> Shape;
}

impl Secret for SecretString {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn read(node: Node<'_>) -> Option<Self> {
        node.secret()
    }

    fn shape() -> Shape {
        Shape::required(Type::Secret)
    }
}

impl<T: Secret> Secret for Option<T> {
    fn is_set(&self) -> bool {
        self.as_ref().is_some_and(T::is_set)
    }

    fn read(node: Node<'_>) -> Option<Self> {
        if node.is_absent_or_empty() { Some(None) } else { T::read(node).map(Some) }
    }

    fn shape() -> Shape {
        T::shape().optional()
    }
}

impl<T: Secret> Secret for Vec<T> {
    fn is_set(&self) -> bool {
        self.iter().any(T::is_set)
    }

    holds!(T, list);
}

impl<T: Secret> Secret for BTreeMap<String, T> {
    fn is_set(&self) -> bool {
        self.values().any(T::is_set)
    }

    holds!(T, map);
}

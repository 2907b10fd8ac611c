//! `Secret`: the types that a `_field` may have.

use std::collections::BTreeMap;

use super::{Node, Shape, Type, holds};
use crate::SecretString;

/// The type of a secret field, whose name starts with `_`: [`SecretString`], an `Option`, a list or a map of it, and
/// newtypes that implement this trait.
///
/// ```
/// use authn::{SecretString, options::{Node, Secret, Shape}};
///
/// struct ApiKey(SecretString);
///
/// impl Secret for ApiKey {
///     fn is_set(&self) -> bool {
///         self.0.is_set()
///     }
///
///     fn read(node: Node<'_>) -> Option<Self> {
///         node.secret().map(Self)
///     }
///
///     fn shape() -> Shape {
///         SecretString::shape()
///     }
/// }
///
/// assert!(ApiKey("abc".into()).is_set());
/// ```
#[diagnostic::on_unimplemented(
    message = "secret field has type `{Self}`, which does not keep its value secret",
    label = "a `_field` must be a `SecretString`, an `Option` or a map of one"
)]
pub trait Secret: Sized {
    /// Returns whether there is a value. An empty text is no value.
    fn is_set(&self) -> bool;

    /// Reads the value from the configuration. Returns `None` after a failure, when the problem has been reported.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Returns the type of its value in a configuration.
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
        node.optional(T::read)
    }

    fn shape() -> Shape {
        T::shape().optional()
    }
}

impl<T: Secret> Secret for Vec<T> {
    fn is_set(&self) -> bool {
        self.iter().any(T::is_set)
    }

    fn read(node: Node<'_>) -> Option<Self> {
        node.secrets(T::read)
    }

    fn shape() -> Shape {
        T::shape().list()
    }
}

impl<T: Secret> Secret for BTreeMap<String, T> {
    fn is_set(&self) -> bool {
        self.values().any(T::is_set)
    }

    holds!(T, map);
}

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
    per_process::{Made, PerProcess},
    process::{Finished, LONGEST_OUTPUT, Process, Surroundings, kill_all},
    provider::Declared,
    registry::{About, Entry, PresetEntry, Provider, Store, StoreEntry},
    request::{Challenge, DefaultPlace, Placed},
    secret::{Watched, pem},
    sorted::sorted,
    store::{Content, Locks, Versioned, released},
    token::seconds,
};

use std::marker::PhantomData;

use crate::{InteractiveSource, SecretString};

/// Blocks the thread until a future ends.
pub fn block_on<F: Future>(future: F) -> Result<F::Output> {
    crate::runtime::block_on(future)
}

/// Resolves a secret of a store's options again, such as before a connection is made. A literal does not change.
pub async fn resolve(secret: &SecretString) -> Result<()> {
    secret.resolve().await
}

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

/// Registers a preset of a service for a provider, by its name and its text in TOML. The option `preset` of that
/// provider's table chooses it.
///
/// ```
/// authn::preset!(
///     "corp",
///     r#"
///     title = "Corp: the login of all employees"
///     provider = "oauth"
///     source = "https://wiki.corp.example/login"
///     checked = "2026-01-31"
///     needs = ["client_id"]
///
///     [options]
///     issuer_url = "https://login.corp.example"
///     scope = ["openid", "offline_access"]
///     "#
/// );
/// # fn main() {}
/// ```
///
/// A text in a file of its own is `include_str!("../presets/corp.toml")`. Its keys are:
///
/// | key | what |
/// |---|---|
/// | `title` | the service, in a few words |
/// | `provider` | the provider whose options it sets |
/// | `source` | the page of the service that documents the values |
/// | `checked` | the day on which they were compared, `YYYY-MM-DD`; optional |
/// | `needs` | the options that a user must set, because the preset can't know them; optional |
/// | `[options]` | the values |
///
/// The values are below every layer of a configuration, and above the defaults of the options. A preset can set any option
/// of its provider, except secrets and `preset`. It is read when a configuration names it: a mistake in it is a problem of
/// that configuration. The macro is an item of a module, outside of functions. Its name consists of lower-case ASCII
/// letters, digits, `-` and `_`; another name is a compile error. Two linked presets with the same name are an error, as for
/// [providers](crate::Registry::linked).
#[macro_export]
macro_rules! preset {
    ($name:literal, $text:expr $(,)?) => {
        $crate::private::inventory::submit! {
            $crate::private::PresetEntry::new(
                $name,
                $text,
                $crate::private::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    module: ::core::module_path!(),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    column: ::core::column!(),
                },
            )
        }
    };
}

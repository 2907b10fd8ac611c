//! The protocols by which other tools ask for credentials, one a file.
//!
//! A helper answers for the address that its tool names, with the credentials that are bound to it, and with nothing for
//! any other address. It never asks the user for anything and starts no login: a tool may run it anywhere.
//!
//! - [`address`]: the address that a tool names
//! - [`chosen`]: the profile that answers for an address
//! - [`answer`]: the credentials as tools can use them
//! - [`input`]: what a tool writes to the standard input

pub(crate) mod address;
mod answer;
pub(crate) mod aws;
pub(crate) mod bazel;
pub(crate) mod cargo;
#[cfg(any(test, fuzzing))]
mod checks;
mod chosen;
pub(crate) mod docker;
pub(crate) mod gcp;
pub(crate) mod git;
mod input;
pub(crate) mod keyring;
pub(crate) mod kubernetes;
pub(crate) mod terraform;

#[cfg(any(test, fuzzing))]
pub(crate) use self::checks::check_input;
pub(crate) use self::{
    address::Address,
    chosen::{choose_from, has_none},
};

#[cfg(test)]
mod tests;

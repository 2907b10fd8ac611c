//! The generated code works where every name that it could mean is another thing.

#![allow(unused, nonstandard_style)]

mod core {}
mod std {}
mod authn {}
mod private {}
mod inventory {}
mod serde {}

struct Option;
struct Result;
struct Vec;
struct String;
struct Field;
struct Table;
struct Entry;
struct View;
struct Shown;
struct value;
struct formatter;
struct u8;
struct bool;
struct str;
enum Never {}

trait Default {}
trait Debug {}
trait Provider {}
trait Group {}
struct Tag;
struct Views;
trait ByShow {}
trait ByPlain {}

static table: () = ();
const url: () = ();
const shown: () = ();

fn Some() {}
fn None() {}
fn Ok() {}
fn drop() {}

macro_rules! panic {
    () => {};
}
macro_rules! line {
    () => {};
}

/// Mints tokens.
#[::authn::token_provider("shadowed_names")]
struct CorpSts {
    /// Address.
    url: ::authn::Url,
    /// Key.
    _key: ::authn::SecretString,
    /// Tries.
    #[default(3)]
    table: u32,
    /// The subject.
    #[provider]
    value: ::authn::Credentials,
    #[flatten]
    formatter: Options,
    /// The role.
    views: Role,
    __shown: i64,
}

/// The options.
#[derive(::authn::Options)]
#[options(validate = problems)]
struct Options {
    /// Address.
    #[default("x".into())]
    this: ::std::string::String,
}

fn problems(_: &Options, _: &mut ::authn::Validation) {}

/// The role.
#[derive(::authn::Options)]
struct Role {
    /// Key.
    _key: ::authn::SecretString,
    __table: i64,
}

impl ::authn::TokenProvider for CorpSts {
    async fn token(&self, _: &::authn::Context) -> ::authn::Result<::authn::Token> {
        ::std::unreachable!()
    }
}

pub(crate) fn main() {}

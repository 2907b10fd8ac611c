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
trait FromTable {}
trait ShowKnown {}

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
#[::authn::token_provider("corp_sts")]
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
    __shown: i64,
}

impl ::authn::TokenProvider for CorpSts {
    async fn token(&self, _: &::authn::Context) -> ::authn::Result<::authn::Token> {
        ::std::unreachable!()
    }
}

fn main() {}

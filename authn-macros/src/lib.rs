//! The attribute macro of `authn`. Use it through `authn`, which exports it again.
//!
//! The crate is one pipeline, and each step is a module:
//!
//! 1. `args` and `ast` read what is written, `attr` and `doc` its attributes; nothing is judged yet.
//! 2. `valid` holds every rule with its message and turns what was read into a `model::Provider`.
//! 3. `expand` writes the code of a valid provider. `fallback` writes stand-ins for one that was
//!    refused, so that one mistake gives one error.

mod args;
mod ast;
mod attr;
mod doc;
mod expand;
mod fallback;
mod model;
mod valid;

use proc_macro::TokenStream;

/// Makes a struct a provider that the configuration can choose by name.
///
/// The struct is the provider's table in the configuration: each field is an option, and the
/// field's documentation is what users read about it.
///
/// ```ignore
/// /// Mints tokens at the corporate STS.
/// #[authn::token_provider("corp_sts", cached)]
/// pub struct CorpSts {
///     /// Address of the STS.
///     url: Url,
///     /// Machine key.
///     _key: SecretString,
///     /// Region; the nearest by default.
///     region: Option<String>,
///     /// Tries before giving up.
///     #[default(3)]
///     tries: u8,
///     __attempts: AtomicU32,
/// }
///
/// impl authn::TokenSource for CorpSts {
///     async fn request_token(&self, context: &Context, last: Option<&Grant>) -> authn::Result<Grant> {
///         // …
///     }
/// }
/// ```
///
/// The configuration then says:
///
/// ```toml
/// [credentials.corp_sts]
/// url = "https://sts.corp.example"
/// key = { file = "/run/secrets/sts" }
/// ```
///
/// # Arguments
///
/// The name comes first: lower-case letters, digits and single underscores, with a letter first. It
/// must not be a key of `[credentials]` itself (`domain`, `scheme`, `origins`, `provider`,
/// `profile`). The rest follows in any order:
///
/// | argument | meaning |
/// |---|---|
/// | `cached` | the struct implements `TokenSource`, and the framework keeps and renews its tokens; without it, the struct implements `TokenProvider` and answers each call itself |
/// | `own_placement` | the provider places what it sends itself, so the framework's options for placement (`header`, `query_parameter` …) don't stand in its table |
/// | `crate = path` | where `authn` is found if it is not `::authn` |
///
/// # Fields
///
/// The underscores before a field's name say who may see its value:
///
/// | field | key | shown | type |
/// |---|---|---|---|
/// | `url` | `url` | its value, a URL without user information and query values | anything that is `serde::Deserialize`, and `Duration` |
/// | `_key` | `key` | `(set)` or `(not set)` | a secret: `SecretString`, or an `Option`, a list or a map of it |
/// | `__attempts` | none | never | anything that is `Default`, which is how it starts |
///
/// Fields that start with underscores stay private. A raw identifier counts as its plain name:
/// `r#for` has the key `for`. Every field with a key has a documentation comment.
///
/// | attribute | meaning |
/// |---|---|
/// | `#[default(expression)]` | the value if the key is missing, for a field without underscores; without it the key is required, unless its type is an `Option` |
/// | `#[provider]` | a nested provider: `Credentials`, `Option<Credentials>` or `Vec<Credentials>` |
/// | `#[shorthand]` | the one field that `corp_sts = "…"` sets, without a table |
///
/// A `#[cfg(…)]` on a field holds for its option, too.
///
/// # What it writes
///
/// The struct stays as it is. Beside it come its reading from a table, its schema, its entry in the
/// registry of linked providers, and a `Debug` that keeps secrets: `#[derive(Debug)]` is refused.
/// The code needs no prelude, no serde in your crate and no unsafe code.
#[proc_macro_attribute]
pub fn token_provider(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::token_provider(arguments.into(), &item.into()).into()
}

//! The macros of `authn`. Use them through `authn`, which exports them again.
//!
//! The crate is one pipeline, and each step is a module:
//!
//! 1. `args` and `ast` read what is written, `attr` and `doc` its attributes; nothing is judged yet.
//! 2. `valid` holds every rule with its message and turns what was read into `model::Options`.
//! 3. `expand` writes the code of a valid item. `fallback` writes stand-ins for one that was
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

use self::model::Macro;

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
///     async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> authn::Result<TokenSet> {
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
/// | `login` | with `cached`: a user logs in, and the struct implements `InteractiveSource` as well |
/// | `own_placement` | the provider places what it sends itself, so the framework's options for placement (`header`, `query_parameter` …) don't stand in its table |
/// | `crate = path` | where `authn` is found if it is not `::authn` |
///
/// # Fields
///
/// The underscores before a field's name say who may see its value:
///
/// | field | key | shown | type |
/// |---|---|---|---|
/// | `url` | `url` | its value, a URL without user information and query values | anything that is `serde::Deserialize`, `Duration`, and a struct with `#[derive(Options)]` |
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
/// | `#[flatten]` | further options of the same table: a struct with `#[derive(Options)]` |
/// | `#[inner]` | the one field that holds the provider whose table stands among the options, by that provider's name |
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
    expand::attribute(Macro::Provider, arguments.into(), &item.into()).into()
}

/// Makes a struct a token store that the configuration can choose by name.
///
/// The struct's fields are the options of `[stores.NAME]`; they follow the rules of
/// [`macro@token_provider`]. The struct implements `TokenStore`, whose method `open` is given what a store
/// may know of the program.
///
/// ```ignore
/// /// Keeps sessions in the company's vault.
/// #[authn::token_store("corp_vault")]
/// struct CorpVault {
///     /// Address of the vault.
///     url: Url,
///     /// Key of this machine.
///     _key: SecretString,
///     __folder: Option<PathBuf>,
/// }
///
/// impl authn::store::TokenStore for CorpVault {
///     fn open(mut self, context: &StoreContext<'_>) -> authn::Result<Self> {
///         self.__folder = context.state();
///         Ok(self)
///     }
///     // …
/// }
/// ```
///
/// # Arguments
///
/// The name comes first; the rest follows in any order:
///
/// | argument | meaning |
/// |---|---|
/// | `secrets` | the struct implements `SecretSource`: `{ NAME = "target" }` refers to a secret in it |
/// | `validate = path` | a `fn(&Self, &mut Validation)` that is called when all options could be read |
/// | `crate = path` | where `authn` is found if it is not `::authn` |
///
/// # What it writes
///
/// The struct stays as it is. Beside it come its reading from a table, its schema, its entry in the
/// registry, and a `Debug` that keeps secrets.
#[proc_macro_attribute]
pub fn token_store(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Macro::Store, arguments.into(), &item.into()).into()
}

/// Makes a struct a set of options that can be read from a table of the configuration.
///
/// The fields follow the rules of [`macro@token_provider`], which does the same for the struct under it.
/// A provider, a store or another set of options has such a struct for a field, as a table of its own:
///
/// ```ignore
/// /// The role to take on.
/// #[derive(authn::Options)]
/// #[options(validate = Self::check)]
/// pub struct Role {
///     /// Name of the role.
///     name: String,
///     /// How long it is taken on for.
///     #[default(Duration::from_secs(3600))]
///     duration: Duration,
///     /// Identifier that the role's owner asks for.
///     _external_id: Option<SecretString>,
/// }
///
/// impl Role {
///     fn check(&self, problems: &mut authn::Validation) {
///         if self.name.is_empty() {
///             problems.at("name").error("the name is empty", "write the role's name");
///         }
///     }
/// }
///
/// #[authn::token_provider("acme", cached)]
/// struct Acme {
///     /// The role to take on.                      [credentials.acme.role]
///     role: Option<Role>,
///     /// Roles by region.                          [credentials.acme.regions.NAME]
///     regions: BTreeMap<String, Role>,
///     #[flatten]                                 // [credentials.acme]
///     server: Server,
/// }
/// ```
///
/// `Role`, `Option<Role>`, `Vec<Role>` and `BTreeMap<String, Role>` can be a field's type. With
/// `#[flatten]` the options stand in the same table as the others.
///
/// # Arguments
///
/// They stand in `#[options(…)]`:
///
/// | argument | meaning |
/// |---|---|
/// | `validate = path` | a `fn(&Self, &mut Validation)` that is called when all options could be read |
/// | `default` | writes `Default`: each field's `#[default(…)]`, else the `Default` of its type |
/// | `crate = path` | where `authn` is found if it is not `::authn` |
///
/// # What it writes
///
/// `impl Options` and a `Debug` that keeps secrets; `#[derive(Debug)]` beside it is an error.
#[proc_macro_derive(Options, attributes(options, default, provider, flatten))]
pub fn options(item: TokenStream) -> TokenStream {
    expand::derive(item.into()).into()
}

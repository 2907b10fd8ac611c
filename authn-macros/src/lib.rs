//! The macros of `authn`. Use them through `authn`, which exports them again.
//!
//! The crate is one pipeline, and each step is a module:
//!
//! 1. `args` and `ast` parse the source, and `attr` and `doc` its attributes. They check no rule.
//!    `manifest` finds the name that the crate has for `authn`.
//! 2. `valid` contains every rule with its message, and turns the parsed item into `model::Options`.
//! 3. `expand` writes the code of a valid item. `fallback` writes empty implementations for a refused
//!    one, so that one mistake is one error.

mod args;
mod ast;
mod attr;
mod doc;
mod expand;
mod fallback;
mod manifest;
mod model;
mod valid;

use proc_macro::TokenStream;

use self::model::Macro;

/// Turns a struct into a provider that a configuration can choose by name.
///
/// The struct is the provider's table in the configuration. Each field is an option, and users read its
/// documentation.
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
/// A configuration then contains:
///
/// ```toml
/// [credentials.corp_sts]
/// url = "https://sts.corp.example"
/// key = { file = "/run/secrets/sts" }
/// ```
///
/// # Arguments
///
/// The name comes first: lower-case letters, digits and single underscores, starting with a letter. It
/// must not be a key of `[credentials]` itself (`domain`, `scheme`, `origins`, `provider`,
/// `profile`). The other arguments follow in any order:
///
/// | argument | meaning |
/// |---|---|
/// | `cached` | the struct implements `TokenSource`, and the framework caches and renews its tokens; otherwise the struct implements `TokenProvider` and answers each call itself |
/// | `login` | with `cached`: a user logs in, and the struct implements `InteractiveSource` as well |
/// | `kept` | without `cached`: the secrets of `Context::kept` are in a store, which the option `store` names |
/// | `placement = "query"`, `header = "x-vault-token"`, `header_prefix = ""`, `query_parameter = "key"` | the defaults of the options for the place of the token |
/// | `refusing = [401, 403]` | with `cached`: the statuses by which a server refuses the token, so that it is replaced; `[401]` by default |
/// | `own_placement` | the provider adds its credential to requests itself, so its table does not have the framework's options for the place (`header`, `query_parameter` …) |
/// | `crate = path` | the path of `authn`; `::authn` by default |
///
/// # Fields
///
/// The underscores before a field's name decide whether its value is shown:
///
/// | field | key | shown | type |
/// |---|---|---|---|
/// | `url` | `url` | its value, a URL without user information and query values | any type that is `serde::Deserialize`, `Duration`, or a struct with `#[derive(Options)]` |
/// | `_key` | `key` | `(set)` or `(not set)` | a secret: `SecretString`, or an `Option`, a list or a map of it |
/// | `__attempts` | none | never | any type that is `Default`, which is its first value |
///
/// Fields that start with underscores must be private. A raw identifier has the key of its plain name:
/// `r#for` has the key `for`. Every field with a key needs a documentation comment.
///
/// | attribute | meaning |
/// |---|---|
/// | `#[default(expression)]` | the value if the key is missing, for a field without underscores; otherwise the key is required, unless its type is an `Option` |
/// | `#[provider]` | a nested provider: `Credentials`, `Option<Credentials>` or `Vec<Credentials>` |
/// | `#[flatten]` | further options of the same table: a struct with `#[derive(Options)]` |
/// | `#[inner]` | the only field for another provider whose table is among the options, under that provider's name |
/// | `#[shorthand]` | the only field that `corp_sts = "…"` sets, without a table |
/// | `#[needed]` | an optional field that most configurations set: `authn config init` writes it to be filled in, like a required one |
///
/// A `#[cfg(…)]` on a field applies to its option, too.
///
/// # In code
///
/// `CorpSts::builder()` returns a `CorpStsBuilder`, which sets the same options without a configuration. It has a method
/// for each option, the flattened and the framework's ones too, with the option's documentation, default and checks. It
/// is as visible as the struct: export both.
///
/// ```ignore
/// let credentials = CorpSts::builder()
///     .url("https://sts.corp.example")
///     .key(SecretString::read_file("/run/secrets/sts")?)
///     .tries(5)
///     .expiry_threshold(Duration::from_secs(30))
///     .credentials()
///     .domain("api.corp.example")
///     .build()?;
/// ```
///
/// # What it writes
///
/// The struct does not change. The macro adds the code that reads it from a table, its schema, its entry in
/// the registry of linked providers, its builder, and a `Debug` that hides secrets: `#[derive(Debug)]` is refused. The
/// code needs no prelude, no serde in your crate and no unsafe code.
#[proc_macro_attribute]
pub fn token_provider(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Macro::Provider, arguments.into(), &item.into()).into()
}

/// Turns a struct into a token store that a configuration can choose by name.
///
/// The struct's fields are the options of `[stores.NAME]`. They follow the rules of
/// [`macro@token_provider`]. The struct implements `TokenStore`, whose method `open` receives what a store may
/// know of the program.
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
/// The name comes first. The other arguments follow in any order:
///
/// | argument | meaning |
/// |---|---|
/// | `secrets` | the struct implements `SecretSource`, so that `{ NAME = "target" }` refers to a secret in the store |
/// | `validate = path` | a `fn(&Self, &mut Validation)` that is called if all options could be read |
/// | `crate = path` | the path of `authn`; `::authn` by default |
///
/// # What it writes
///
/// The struct does not change. The macro adds the code that reads it from a table, its schema, its entry in
/// the registry, and a `Debug` that hides secrets.
#[proc_macro_attribute]
pub fn token_store(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Macro::Store, arguments.into(), &item.into()).into()
}

/// Turns a struct into a set of options that can be read from a table of a configuration.
///
/// The fields follow the rules of [`macro@token_provider`]. A field of a provider, a store or another set of
/// options can have such a struct as its type, and is a table of its own:
///
/// ```ignore
/// /// The role to take on.
/// #[derive(authn::Options)]
/// #[options(validate = Self::check)]
/// pub struct Role {
///     /// Name of the role.
///     name: String,
///     /// Time for which it is taken on.
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
/// `#[flatten]` the options are in the same table as the others. The type of such a field is written by its own name, and
/// not by that of an alias, because the provider's builder gets the methods of the set by it.
///
/// One field can have `#[shorthand]`: a value in place of the table sets it, so that `role = "reader"` is short for
/// `role = { name = "reader" }`. If the set is flattened, that is the shorthand of the table that it is flattened into.
///
/// `#[needed]` marks optional fields that most configurations set, for `authn config init`.
///
/// # Arguments
///
/// The arguments are in `#[options(…)]`:
///
/// | argument | meaning |
/// |---|---|
/// | `validate = path` | a `fn(&Self, &mut Validation)` that is called if all options could be read |
/// | `default` | implements `Default`, with each field's `#[default(…)]`, or else the `Default` of its type |
/// | `crate = path` | the path of `authn`; `::authn` by default |
///
/// # What it writes
///
/// The macro writes `impl Options`, a `Debug` that hides secrets, and a hidden macro of the struct's name, by which a
/// provider's builder gets the methods of a flattened set. `#[derive(Debug)]` on the same struct is an
/// error.
#[proc_macro_derive(Options, attributes(options, default, provider, flatten, shorthand, needed))]
pub fn options(item: TokenStream) -> TokenStream {
    expand::derive(item.into()).into()
}

//! Credentials in code: the builder of [`Credentials`], and what the builder of each provider fills in.

use std::{fmt, sync::Arc};

use crate::{
    Cached, Credentials, Entry, Environment, Error, InteractiveSource, Loader, Placement, Provider,
    Registry, Result, TokenProvider, TokenSource, Update, Url,
    config::Code,
    options::{Entries, Item, OptionValue, Value, insert},
    provider::Erased,
    store::TokenStore,
    time::Clock,
};

impl Credentials {
    /// Creates credentials in code, from a provider or a source. The builder of a provider, such as that of
    /// `authn_providers::OAuth`, creates them from its options.
    pub fn builder() -> CredentialsBuilder {
        CredentialsBuilder {
            loader: Loader::new().without_profile(),
            entries: Entries::new(),
            origins: Vec::new(),
            provider: None,
            placement: None,
        }
    }
}

/// Creates [`Credentials`] in code; see [`Credentials::builder`].
///
/// Nothing is read from files or variables, besides what a reference to a secret names. Sessions are in memory unless the
/// option `store` of the provider says otherwise.
///
/// ```
/// # use authn::{Context, Credentials, InteractiveSource, Login, Result, TokenSet, TokenSource};
/// # #[derive(Debug)]
/// # struct CorpCode;
/// # impl TokenSource for CorpCode {
/// #     async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
/// #         Err(context.login_required("no user is logged in"))
/// #     }
/// # }
/// # impl InteractiveSource for CorpCode {
/// #     async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> { Ok(None) }
/// # }
/// use authn::CredentialsBuilder;
/// use std::time::Duration;
///
/// let builder: CredentialsBuilder = Credentials::builder().interactive(CorpCode);
/// let credentials = builder
///     .domain("api.example.com")
///     .origin("https://*.example.org")
///     .option("http.timeout", Duration::from_secs(5))
///     .build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[must_use = "it does nothing until it is built"]
pub struct CredentialsBuilder {
    loader: Loader,
    /// The values, as in a configuration.
    entries: Entries,
    origins: Vec<String>,
    provider: Option<Given>,
    placement: Option<Placement>,
}

/// The provider of the credentials.
enum Given {
    /// A provider that was made in code.
    Made(Arc<dyn Erased>),
    /// A provider that the values describe.
    Options(Box<Entry>),
}

impl CredentialsBuilder {
    /// Sets a provider, such as a [`Cached`].
    pub fn provider(self, provider: impl TokenProvider) -> Self {
        Self { provider: Some(Given::Made(Arc::new(provider))), ..self }
    }

    /// Sets a source, whose tokens are cached.
    pub fn source(self, source: impl TokenSource) -> Self {
        self.provider(Cached::new(source))
    }

    /// Sets a source with a session, whose tokens are cached.
    pub fn interactive(self, source: impl InteractiveSource) -> Self {
        self.provider(Cached::interactive(source))
    }

    /// Binds the credentials to `https://<domain>`; `domain` is a host with an optional port.
    pub fn domain(self, domain: &str) -> Self {
        self.option("credentials.domain", domain)
    }

    /// Binds the credentials to one more origin, in the syntax of [`Origins::and`](crate::Origins::and).
    pub fn origin(mut self, origin: &str) -> Self {
        self.origins.push(origin.to_owned());
        self
    }

    /// Binds the credentials to the origin of a URL, whatever its path is.
    ///
    /// ```
    /// # use authn::{Credentials, Url};
    /// # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
    /// let things: Url = "https://api.example.com/v1/things".parse().unwrap();
    /// let credentials = Credentials::builder().source(source).origin_of(&things).build()?;
    /// assert!(credentials.origins().iter().eq(["https://api.example.com"]));
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn origin_of(self, url: &Url) -> Self {
        self.origin(&url.origin().ascii_serialization())
    }

    /// Sets any other option of a configuration, such as `http.ca_file` or `stores.file.directory`. The key has no quotes:
    /// each dot separates two parts.
    ///
    /// An invalid value or an unknown key is an error of [`build`](Self::build).
    pub fn option(mut self, key: &str, value: impl Into<OptionValue>) -> Self {
        if let Some(item) = value.into().into_item() {
            let path: Vec<&str> = key.split('.').collect();
            set(&mut self.entries, &path, item);
        }
        self
    }

    /// Sets the place of the token on a request.
    pub fn placement(self, placement: Placement) -> Self {
        Self { placement: Some(placement), ..self }
    }

    /// Adds a token store, which the option `store` of a provider chooses by this name.
    pub fn store(self, name: &str, store: impl TokenStore) -> Self {
        Self { loader: self.loader.store(name, store), ..self }
    }

    /// Calls a function with each new token set, and waits for it before the token is used. It is for programs that store
    /// tokens themselves; [`Update`] has the rules and an example. A function of [`Cached::on_update`] is called before.
    pub fn on_update<F, Done>(self, function: F) -> Self
    where
        F: Fn(Update) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<()>> + Send + 'static,
    {
        Self { loader: self.loader.on_update(function), ..self }
    }

    /// Does what [`on_update`](Self::on_update) does with a function that may block, because it runs on a thread of its
    /// own.
    ///
    /// ```
    /// # let source = authn::from_fn(|_| async { authn::Token::new("abc") });
    /// let credentials = authn::Credentials::builder()
    ///     .source(source)
    ///     .domain("api.example.com")
    ///     .on_update_sync(|update| {
    ///         println!("a new token of {:?}", update.profile());
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn on_update_sync(
        self,
        function: impl Fn(&Update) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { loader: self.loader.on_update_sync(function), ..self }
    }

    /// Sets another environment, for the references to secrets and the folder of the store `file`.
    pub fn environment(self, environment: Environment) -> Self {
        Self { loader: self.loader.environment(environment), ..self }
    }

    /// Sets another clock, such as that of a test.
    pub fn clock(self, clock: Clock) -> Self {
        Self { loader: self.loader.clock(clock), ..self }
    }

    /// Creates the credentials.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) without a provider, or with an invalid option. One
    /// error contains all problems.
    pub fn build(mut self) -> Result<Credentials> {
        if !self.origins.is_empty() {
            let origins = std::mem::take(&mut self.origins);
            self = self.option("credentials.origins", origins);
        }
        let mut loader = self.loader;
        let provider = match self.provider {
            Some(Given::Made(provider)) => Some(provider),
            Some(Given::Options(entry)) => {
                loader = loader.registry(registry_with(*entry)?);
                None
            }
            None => {
                return Err(Error::configuration("no provider was given")
                    .with_help("call `provider`, `source` or `interactive` on the builder"));
            }
        };
        let credentials = loader.code(Code { entries: self.entries, provider }).load()?;
        match self.placement {
            Some(placement) => credentials.placed(placement, "CredentialsBuilder::placement"),
            None => Ok(credentials),
        }
    }
}

/// Sets a value in a tree of tables. What was there, and what is no table on the way, is replaced.
fn set(entries: &mut Entries, path: &[&str], item: Item) {
    for length in 1..=path.len() {
        let (parents, last) = path[..length].split_at(length - 1);
        let Some(table) = table(entries, parents) else { break };
        let is_table = table.get(last[0]).is_some_and(|item| item.as_table().is_some());
        if length == path.len() || !is_table {
            table.remove(last[0]);
        }
    }
    // Nothing is in its way any more.
    let _ = insert(entries, path, item);
}

fn table<'a>(entries: &'a mut Entries, path: &[&str]) -> Option<&'a mut Entries> {
    let Some((first, rest)) = path.split_first() else { return Some(entries) };
    match &mut entries.get_mut(*first)?.value {
        Value::Table(entries) => table(entries, rest),
        _ => None,
    }
}

/// Returns the linked providers, which nested providers are chosen from, with this one.
fn registry_with(entry: Entry) -> Result<Registry> {
    let is_linked = |registry: &Registry| {
        registry.get(entry.name()).is_some_and(|linked| linked.location() == entry.location())
    };
    match Registry::linked() {
        Ok(registry) if is_linked(&registry) => Ok(registry),
        _ => Registry::builder().with(entry).build(),
    }
}

impl fmt::Debug for CredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsBuilder").finish_non_exhaustive()
    }
}

/// The options of a provider that are set in code: what the builder that the macro generates consists of.
#[derive(Clone)]
#[doc(hidden)]
pub struct ProviderOptions {
    entry: Entry,
    entries: Entries,
}

impl ProviderOptions {
    pub fn of<P: Provider>() -> Self {
        Self { entry: P::ENTRY, entries: Entries::new() }
    }

    /// Sets an option; `None` leaves it as it is.
    #[must_use]
    pub fn set(mut self, key: &str, value: OptionValue) -> Self {
        if let Some(item) = value.into_item() {
            self.entries.insert(key.to_owned(), item);
        }
        self
    }

    /// Adds the table of the provider that this one passes on.
    #[must_use]
    pub fn set_inner(self, inner: Self) -> Self {
        let name = inner.entry.name();
        self.set(name, OptionValue::from_entries(inner.entries))
    }

    pub fn credentials(self) -> CredentialsBuilder {
        let Self { entry, entries } = self;
        let builder = Credentials::builder()
            .option("credentials.provider", entry.name())
            .option(&format!("credentials.{}", entry.name()), OptionValue::from_entries(entries));
        CredentialsBuilder { provider: Some(Given::Options(Box::new(entry))), ..builder }
    }
}

/// As a nested provider: a table with the one provider's table.
impl From<ProviderOptions> for OptionValue {
    fn from(options: ProviderOptions) -> Self {
        let table = OptionValue::from_entries(options.entries).into_item();
        let entries = table.map(|table| (options.entry.name().to_owned(), table));
        Self::from_entries(entries.into_iter().collect())
    }
}

impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secrets.
        f.debug_list().entries(self.entries.keys()).finish()
    }
}

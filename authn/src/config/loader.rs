//! `Loader`: finds the layers of a configuration and reads them.

use std::{
    cell::{Cell, RefCell},
    fmt::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{
    Config,
    build::{Build, Reporter},
    choice,
    layers::{self, Layer, LayerName, merge, parts, shorthand},
    presets::{Fault, Filled, Presets},
    profile,
    project::{self, Project},
    sections,
    visibility::Visibility,
};
use crate::{
    Context, Credentials, Environment, Registry, Result, Update,
    diagnostic::{Problem, ProblemCode, quoted},
    options::{Entries, Key},
    provider::Erased,
    registry::{Preset, Stores},
    store::TokenStore,
    time::Clock,
    token::OnUpdate,
};

/// Reads a layered configuration.
///
/// ```
/// use authn::{Environment, Loader};
///
/// /// Returns a fixed token.
/// #[authn::token_provider("fixed")]
/// struct Fixed {
///     /// The token.
///     #[shorthand]
///     _token: authn::SecretString,
/// }
/// impl authn::TokenProvider for Fixed {
///     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
///         authn::Token::new(&*self._token.expose())
///     }
/// }
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("AUTHN_CREDENTIALS__FIXED", "abc"))
///     .defaults("[credentials]\ndomain = \"api.example.com\"")
///     .load()?;
/// assert_eq!(format!("{credentials:?}"), "Fixed { token: (set) }");
///
/// // A program with flags of its own, which reads no project's file and ends soon:
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("AUTHN_CREDENTIALS__FIXED", "abc"))
///     .set("credentials.domain=api.example.com")
///     .without_profile()
///     .without_project()
///     .short_lived()
///     .load()?;
/// # drop(credentials);
/// # Ok::<(), authn::Error>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Loader {
    pub(super) app: String,
    profile: Option<String>,
    no_profile: bool,
    pub(super) file: Option<PathBuf>,
    pub(super) defaults: Vec<Zeroizing<String>>,
    pub(super) flags: Vec<Zeroizing<String>>,
    #[cfg(feature = "figment")]
    pub(super) program_layers: Vec<layers::ProgramLayer>,
    pub(super) project: bool,
    registry: Option<Registry>,
    environment: Option<Environment>,
    clock: Clock,
    awaits_refresh: bool,
    pub(super) stores: Stores,
    pub(super) overrides: Vec<Zeroizing<String>>,
    /// What is built in code instead of read.
    pub(super) code: Option<Code>,
    on_update: Option<OnUpdate>,
    /// The text of a file that is not written yet.
    pub(crate) edited: Option<(PathBuf, Zeroizing<String>)>,
    /// The program that logs a user in, and the application whose configuration it reads by default.
    login_program: (String, String),
    /// Whether the references to secrets are left alone.
    pub(super) explains: bool,
    /// Whether no command may ask the user for something.
    pub(super) is_unattended: bool,
    /// The tables of other programs.
    ignored_tables: Vec<String>,
}

/// What a program has set in code.
#[derive(Clone)]
pub(crate) struct Code {
    /// The values, as in the tables of a configuration.
    pub(crate) entries: Entries,
    /// The provider, if it is not among the values.
    pub(crate) provider: Option<Arc<dyn Erased>>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").finish_non_exhaustive()
    }
}

impl Loader {
    /// Reads authn's own configuration: files named `authn`, variables with `AUTHN_`.
    pub fn new() -> Self {
        Self::app("authn")
    }

    /// Reads another application's configuration: `Loader::app("fdt")` looks for `/etc/fdt/config.toml`,
    /// the user's `fdt/config.toml`, `.fdt.toml`, and variables with `FDT_`. A name with other characters than
    /// ASCII letters, digits, `-` and `_` is a problem of the configuration, and no layer is read.
    pub fn app(name: impl Into<String>) -> Self {
        Self {
            app: name.into(),
            profile: None,
            no_profile: false,
            file: None,
            defaults: Vec::new(),
            flags: Vec::new(),
            #[cfg(feature = "figment")]
            program_layers: Vec::new(),
            project: true,
            registry: None,
            environment: None,
            clock: Clock::system(),
            awaits_refresh: false,
            stores: Stores::default(),
            overrides: Vec::new(),
            code: None,
            on_update: None,
            edited: None,
            login_program: ("authn".to_owned(), "authn".to_owned()),
            explains: false,
            is_unattended: false,
            ignored_tables: Vec::new(),
        }
    }

    /// Chooses a profile, and overrides `AUTHN_PROFILE` and `default_profile`.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Chooses no profile, whatever the variable or a file says. Only the base of each layer applies.
    pub fn without_profile(mut self) -> Self {
        self.no_profile = true;
        self
    }

    /// Adds a file above the project's file, in place of the file that `AUTHN_CONFIG` names. The file must exist.
    ///
    /// A file that is named here is trusted. If it is the project's own file, that is not read a second time.
    /// `AUTHN_CONFIG` must hold an absolute path, or a path that starts with `~/`.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Adds a text in TOML below all files: the program's own defaults. Of several texts, the last one wins. In messages
    /// they are called `defaults`, `defaults 2` and so on. A relative path in it is an error.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let loader = Loader::new().environment(Environment::empty());
    /// let config = loader.defaults("[credentials]\ndomain = 'api.example.com'").read();
    /// assert_eq!(config.settings()[0].provenance.to_string(), "defaults:2:10");
    /// ```
    pub fn defaults(mut self, text: &str) -> Self {
        self.defaults.push(Zeroizing::new(text.to_owned()));
        self
    }

    /// Adds a layer from any provider of figment, such as a file in YAML or a company's own source of configurations.
    /// It overrides all files, and the environment overrides it. Of several layers, the last one wins.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    /// use figment::providers::{Format as _, Json};
    ///
    /// let json = Json::string(r#"{ "credentials": { "domain": "api.example.com" } }"#);
    /// let config = Loader::new().environment(Environment::empty()).layer(json).read();
    /// let domain = &config.settings()[0];
    /// assert_eq!(domain.key, "credentials.domain");
    /// assert_eq!(domain.provenance.to_string(), "JSON source string: default.credentials.domain");
    /// ```
    ///
    /// This call reads the data of the provider. Its profiles `default` and `global` are the base, and every other
    /// profile is a `[profile.NAME]`. Secrets in the layer are wiped from memory like those of a file, but not the copies
    /// that the provider itself holds. If the provider fails, the problem names the provider and does not repeat its error.
    #[cfg(feature = "figment")]
    pub fn layer(mut self, provider: impl figment::Provider) -> Self {
        self.program_layers.push(layers::ProgramLayer::new(&provider));
        self
    }

    /// Sets a value above all layers, as `key=value`. The key is written as in TOML: a part with a dot or an equals
    /// sign needs quotes. A secret can only be set by reference.
    pub fn set(mut self, setting: &str) -> Self {
        self.flags.push(Zeroizing::new(setting.to_owned()));
        self
    }

    /// Adds a text in TOML above all other layers, also above the environment and [`set`](Self::set). A secret may be
    /// literal. Of several texts, the last one wins. A provider's table in it also chooses that provider. In messages they are
    /// called `overrides`, `overrides 2` and so on. A relative path in it is an
    /// error.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let environment = Environment::empty().variable("AUTHN_HTTP__TIMEOUT", "5s");
    /// let config = Loader::new().environment(environment).overrides("[http]\ntimeout = '2s'").read();
    /// let timeout = config.settings().into_iter().find(|setting| setting.key == "http.timeout").unwrap();
    /// assert_eq!(timeout.shown().to_string(), "\"2s\"");
    /// assert_eq!(timeout.provenance.to_string(), "overrides:2:11");
    /// ```
    pub fn overrides(mut self, text: &str) -> Self {
        self.overrides.push(Zeroizing::new(text.to_owned()));
        self
    }

    /// Builds what a program has set in code, and reads no layer.
    pub(crate) fn code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    /// Doesn't read the project's file.
    pub fn without_project(mut self) -> Self {
        self.project = false;
        self
    }

    /// Sets the providers to choose from, instead of all linked providers.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Sets the environment, instead of the environment of the process.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Adds a token store, which a provider's option `store` chooses by this name.
    pub fn store(mut self, name: &str, store: impl TokenStore) -> Self {
        self.stores.add(name, Arc::new(store));
        self
    }

    /// Calls a function with each new token set of any provider of the configuration, and waits for it before the token
    /// is used. It is for programs that store tokens themselves; [`Update`] has the rules. Of nested providers, it is
    /// called for the one that has made the exchange.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let loader = Loader::new().environment(Environment::empty()).on_update(|update| async move {
    ///     println!("new tokens of {} in profile {:?}", update.key(), update.profile());
    ///     Ok(()) // once they are in the database
    /// });
    /// // With a function that blocks:
    /// let loader = loader.on_update_sync(|update| {
    ///     println!("it replaces {:?}", update.previous_access_token());
    ///     Ok(())
    /// });
    /// ```
    pub fn on_update<F, Done>(mut self, function: F) -> Self
    where
        F: Fn(Update) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_update = Some(OnUpdate::new(function));
        self
    }

    /// Does what [`on_update`](Self::on_update) does with a function that may block, because it runs on a thread of its
    /// own. It replaces one that was set before.
    pub fn on_update_sync(
        mut self,
        function: impl Fn(&Update) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.on_update = Some(OnUpdate::sync(function));
        self
    }

    /// Sets another clock, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Declares that this program is short-lived. Every exchange that is started is waited for, and tokens that are fetched are
    /// stored in `file` unless the option `store` says otherwise, because the next program needs them
    /// ([`TokenSource::is_shareable`](crate::TokenSource::is_shareable)).
    pub fn short_lived(mut self) -> Self {
        self.awaits_refresh = true;
        self
    }

    /// Declares that no user is there to answer: the provider `exec` lends no command the terminal, whatever its option
    /// `interactive` is.
    ///
    /// It is for programs that other programs call, such as a helper of git. Logins never start by themselves: see
    /// [`Credentials::with_login`].
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// // A helper of another tool.
    /// let config = Loader::new().environment(Environment::empty()).unattended().read();
    /// assert!(config.credentials().is_err(), "nothing is configured");
    /// ```
    pub fn unattended(mut self) -> Self {
        self.is_unattended = true;
        self
    }

    /// Leaves top-level tables alone that are another program's, so that a file of that program is a configuration, too.
    ///
    /// They are not read and not shown, in any source and in any profile, and a variable below one of them sets nothing. A
    /// table of authn itself, such as `credentials`, can't be left alone: its name is a problem of the configuration.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let file = "[credentials]\ndomain = 'api.example.com'\n[config]\ncache_dir = '/tmp'";
    /// let loader = Loader::new().environment(Environment::empty()).defaults(file);
    /// let config = loader.ignore_tables(["config"]).read();
    /// assert!(config.problems().iter().all(|problem| problem.key() != Some("config")));
    /// assert!(config.settings().iter().all(|setting| setting.key != "config.cache_dir"));
    /// ```
    pub fn ignore_tables<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.ignored_tables.extend(names.into_iter().map(Into::into));
        self
    }

    /// Leaves the references to secrets alone: no variable, file or keyring that one names is read. The credentials are good
    /// for [`Credentials::explain`] alone, and the options of the providers are not checked beyond their types.
    #[doc(hidden)]
    pub fn explaining(mut self) -> Self {
        self.explains = true;
        self
    }

    /// Names the program whose commands help a user, such as `login` and `providers`, and the application whose
    /// configuration it reads by default. Messages name both. The default is `authn`, which reads its own configuration.
    ///
    /// `program` is written as in a shell: a program with the commands below a subcommand is `corp auth`, and a name
    /// with a space needs quotes.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// let loader = Loader::app("corp").environment(Environment::empty());
    /// assert_eq!(loader.clone().login_program("corp", "corp").read().login_command(), "corp login");
    /// assert_eq!(loader.login_program("corp auth", "corp").read().login_command(), "corp auth login");
    /// ```
    pub fn login_program(mut self, program: impl Into<String>, app: impl Into<String>) -> Self {
        self.login_program = (program.into(), app.into());
        self
    }

    /// Reads the configuration and creates its credentials. One error contains all problems.
    pub fn load(self) -> Result<Credentials> {
        self.read().credentials()
    }

    /// Reads the configuration. It contains the problems that were found, so reading it never fails.
    pub fn read(self) -> Config {
        let mut problems = Vec::new();
        let environment = self.surroundings();
        let registry = self.chosen_registry(&mut problems);
        let has_registry = problems.is_empty();
        let mut layers = match &self.code {
            Some(code) => {
                vec![Layer::new(LayerName::Overrides, code.entries.clone(), &mut problems)]
            }
            None => layers::find(&self, &environment, &mut problems),
        };
        for layer in &mut layers {
            shorthand::expand_layer(layer, &registry);
        }
        let mut sources: Vec<_> = layers.iter().map(|layer| layer.source.clone()).collect();
        let mut texts: Vec<_> = layers.iter().map(|layer| layer.text.clone()).collect();
        let variable = self.variable("profile");
        let asked = self.profile.as_deref();
        let chosen = if self.no_profile {
            profile::drop_untrusted_choice(&mut layers, &problems);
            None
        } else {
            profile::choose(asked, &variable, &mut layers, &environment, &mut problems)
        };
        let (profile, profile_provenance) = chosen.unzip();
        let profiles = profile::defined(&layers);
        let mut parts = parts(layers, profile.as_deref());
        let mut merged = match &self.code {
            // One layer needs no merging, and its secrets are no texts.
            Some(code) => shorthand::expanded(&code.entries, &registry),
            None => merge::merge(&parts, Visibility::top(&registry)),
        };
        let filled =
            Filled::fill(&self.known_presets(&registry, &environment), &mut merged, texts.len());
        parts.splice(0..0, filled.parts);
        sources.splice(0..0, filled.sources);
        texts.extend(filled.texts);

        let lacks_source = choice::lacks_source(&problems, &sources);
        let reporter = Reporter {
            loader: &self,
            registry: &registry,
            parts: &parts,
            texts: &texts,
            problems: problems.into(),
            spans: RefCell::default(),
            errors: Cell::default(),
        };
        // Without a registry every provider would be unknown, and that would hide the real problem.
        let choice = (has_registry
            && self.code.as_ref().is_none_or(|code| code.provider.is_none()))
        .then(|| {
            let inactive = if profile.is_none() { &*profiles } else { &[] };
            choice::choose(&reporter, &environment, &sources, inactive)
        })
        .flatten();
        // The tables of other providers are not read.
        let chosen = choice.as_ref().map(|choice| Key::new(&["credentials", &choice.name]));
        let mut unfilled = Vec::new();
        for Fault { table, problem, item } in filled.faults {
            if chosen.as_ref().is_some_and(|chosen| table.segments().starts_with(chosen.segments()))
            {
                reporter.report(problem, item.as_ref(), false);
                unfilled.push(table);
            }
        }
        let mut build = Build::new(&reporter, &environment, profile.as_deref());
        build.unfilled = unfilled;
        let credentials = build.run(&merged, choice.as_ref());
        let sessions = build.sessions.take();
        let stores = build.stores;
        #[cfg(feature = "reqwest")]
        let http = build.context.http().clone();
        let credentials = credentials.map(|credentials| {
            if self.code.is_some() {
                // There is nothing to read again.
                return credentials;
            }
            let again = self.clone();
            credentials.reloadable(sessions, move || again.clone().load())
        });
        let mut problems = reporter.problems.into_inner();
        if lacks_source {
            problems.retain(|problem| !problem.is_absence());
        }
        let login_command = self.login_command(profile.as_deref());
        Config {
            #[cfg(feature = "reqwest")]
            http,
            login_command,
            parts,
            merged,
            profile,
            profile_provenance,
            profiles,
            provider: choice.map(|choice| (choice.name, choice.item.provenance)),
            problems,
            credentials,
            sources,
            registry,
            stores,
        }
    }

    /// Returns the registry that the program has chosen, or else that of the linked crates; an empty one after a problem.
    fn chosen_registry(&self, problems: &mut Vec<Problem>) -> Registry {
        let linked = || Registry::builder().linked().collect();
        self.registry.clone().map_or_else(linked, Ok).unwrap_or_else(|problem| {
            problems.push(*problem);
            Registry::default()
        })
    }

    /// Returns the file that is named, or else the user's own file.
    pub(crate) fn written_file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| {
            let folder = self.surroundings().user()?.join(&self.app);
            self.has_valid_name().then(|| folder.join("config.toml"))
        })
    }

    /// Reads only the project's file, to show it and to trust it; `None` if there is none, or after
    /// [`without_project`](Self::without_project).
    ///
    /// A file that a program or its user names, such as with [`file`](Self::file), needs no trust.
    pub fn project(&self) -> Option<Project> {
        let registry = self.providers().unwrap_or_default();
        let environment = self.surroundings();
        let presets = self.known_presets(&registry, &environment);
        let ignored = self.ignored_tables();
        let found = || Project::read(&self.app, &environment, &registry, &presets, &ignored);
        (self.project && self.has_valid_name()).then(found).flatten()
    }

    /// Returns the paths at which the project's file is searched for, the nearest first: from the working directory up
    /// to the root of the repository.
    ///
    /// ```no_run
    /// use authn::Loader;
    ///
    /// for path in Loader::new().project_candidates() {
    ///     println!("looked for {}", path.display());
    /// }
    /// ```
    pub fn project_candidates(&self) -> Vec<PathBuf> {
        if !self.has_valid_name() {
            return Vec::new();
        }
        project::candidates(&self.app, &self.surroundings())
    }

    /// Revokes the trust in the project's file, also if the file no longer exists. Returns the paths that were trusted.
    ///
    /// ```no_run
    /// for path in authn::Loader::new().revoke_trust()? {
    ///     println!("{} is no longer trusted", path.display());
    /// }
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn revoke_trust(&self) -> Result<Vec<PathBuf>> {
        if !self.has_valid_name() {
            return Ok(Vec::new());
        }
        project::revoke(&self.app, &self.surroundings())
    }

    /// Returns the providers that a configuration can choose from: those of [`registry`](Self::registry), or else all
    /// linked ones. Two linked providers of the same name are an error.
    ///
    /// ```
    /// use authn::{Loader, Registry};
    ///
    /// let none = Loader::new().registry(Registry::builder().build()?).providers()?;
    /// assert_eq!(none.iter().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn providers(&self) -> Result<Registry> {
        self.registry.clone().map_or_else(Registry::linked, Ok)
    }

    /// Returns the presets that the option `preset` can name: the linked ones of the [`providers`](Self::providers), and
    /// the user's own. The user's own are the files `presets/NAME.toml` beside the user's `config.toml`, in the format of
    /// [`preset!`](crate::preset). They replace linked presets of the same name as a whole.
    ///
    /// One error contains the problems of all presets that can't be read.
    ///
    /// ```
    /// use authn::{Environment, Loader};
    ///
    /// for preset in Loader::new().environment(Environment::empty()).presets()? {
    ///     println!("{} of {}: {}", preset.name, preset.provider, preset.title);
    /// }
    /// # Ok::<(), authn::Error>(())
    /// ```
    pub fn presets(&self) -> Result<Vec<Preset>> {
        self.known_presets(&self.providers()?, &self.surroundings()).all()
    }

    /// Returns the presets that can be read, and the problems of the others.
    #[doc(hidden)]
    pub fn readable_presets(&self) -> Result<(Vec<Preset>, Vec<super::Problem>)> {
        Ok(self.known_presets(&self.providers()?, &self.surroundings()).readable())
    }

    fn known_presets<'a>(&self, registry: &'a Registry, environment: &Environment) -> Presets<'a> {
        // What is built in code reads no file of the user.
        if self.code.is_some() || !self.has_valid_name() {
            return Presets::linked(registry);
        }
        Presets::of(registry, &self.app, environment, self.command_line("providers --presets"))
    }

    pub(crate) fn surroundings(&self) -> Environment {
        self.environment.clone().unwrap_or_else(Environment::of_process)
    }

    /// Returns the environment variable of a key: `AUTHN_CREDENTIALS__DOMAIN` for `credentials.domain`.
    pub fn variable(&self, key: &str) -> String {
        format!("{}{}", self.prefix(), key.replace('.', "__").to_uppercase())
    }

    /// Returns whether this profile is asked for.
    pub(crate) fn has_profile(&self, name: &str) -> bool {
        self.profile.as_deref() == Some(name)
    }

    /// Returns the command line of a command for the application of this loader, such as `authn login`.
    pub(super) fn command_line(&self, command: &str) -> String {
        let (program, app) = &self.login_program;
        if self.app == *app {
            return format!("{program} {command}");
        }
        format!("{program} --app {} {command}", quoted(&self.app))
    }

    /// Returns whether a program with the linked providers has been named.
    pub(super) fn has_own_program(&self) -> bool {
        self.login_program.0 != "authn"
    }

    /// Returns the command line of a command for this configuration, with the flags that choose it.
    #[doc(hidden)]
    pub fn command_with_flags(&self, command: &str) -> String {
        self.with_flags(command, self.profile.as_deref())
    }

    /// Returns the command line that logs a user in for the credentials of this loader.
    fn login_command(&self, profile: Option<&str>) -> String {
        self.with_flags("login", profile)
    }

    fn with_flags(&self, command: &str, profile: Option<&str>) -> String {
        let mut command = self.command_line(command);
        let mut add = |flag: &str, value: &str| {
            // Otherwise it would be another flag.
            let between = if value.starts_with('-') { '=' } else { ' ' };
            let _ = write!(command, " {flag}{between}{}", quoted(value));
        };
        if let Some(profile) = profile {
            add("--profile", profile);
        }
        if let Some(file) = &self.file {
            add("--config", &file.display().to_string());
        }
        for (key, ..) in self.flags.iter().filter_map(|flag| layers::split_flag(flag)) {
            // A message must not contain a configured value.
            let _ = write!(command, " --set {}=…", quoted(key));
        }
        if !self.project {
            command.push_str(" --no-project");
        }
        command
    }

    /// Returns whether the application's name can be a part of a path without leading to another folder.
    pub(super) fn has_valid_name(&self) -> bool {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !self.app.is_empty() && self.app.bytes().all(fits)
    }

    pub(super) fn prefix(&self) -> String {
        format!("{}_", self.app.to_uppercase().replace('-', "_"))
    }

    /// Returns the tables that are left alone.
    pub(super) fn ignored_tables(&self) -> Vec<&str> {
        let names = self.ignored_tables.iter().map(String::as_str);
        names.filter(|name| !is_own_table(name)).collect()
    }

    /// Returns a problem for each table of authn that is to be left alone.
    pub(super) fn own_ignored_tables(&self) -> impl Iterator<Item = Problem> {
        self.ignored_tables.iter().filter(|name| is_own_table(name)).map(|name| {
            Problem::error(ProblemCode::IgnoredTable, "a table of authn can't be ignored")
                .with_key(name.as_str())
                .with_help("leave it out of `Loader::ignore_tables`")
        })
    }

    /// Returns the name of the application.
    pub(crate) fn app_name(&self) -> &str {
        &self.app
    }

    /// Returns the context for the credentials, without the parts that the configuration sets.
    pub(super) fn context(&self, profile: Option<&str>) -> Context {
        Context::new().change(|parts| {
            parts.clock = self.clock.clone();
            parts.awaits_refresh = self.awaits_refresh;
            let command = self.code.is_none().then(|| self.login_command(profile).into());
            parts.login_command = command;
            parts.profile = profile.map(Into::into);
            parts.on_update.clone_from(&self.on_update);
        })
    }
}

fn is_own_table(name: &str) -> bool {
    sections::keys().any(|key| key == name)
}

impl Default for Loader {
    fn default() -> Self {
        Self::new()
    }
}

/// Loads the credentials that the configuration describes.
///
/// It reads the system's, the user's and the project's file, the environment, and the profile that they choose; see
/// [`config`](crate::config) for the order. One error contains all problems.
///
/// ```no_run
/// let credentials = authn::load()?;
/// # Ok::<(), authn::Error>(())
/// ```
pub fn load() -> Result<Credentials> {
    Loader::new().load()
}

/// Loads the credentials of one profile, for programs that use several services.
///
/// ```no_run
/// let (source, target) = (authn::load_profile("source")?, authn::load_profile("target")?);
/// # Ok::<(), authn::Error>(())
/// ```
pub fn load_profile(name: &str) -> Result<Credentials> {
    Loader::new().profile(name).load()
}

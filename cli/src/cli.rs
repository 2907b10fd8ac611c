//! `Cli`: builds the command line of a program, runs it, or embeds it in another one.

use std::{env, process::ExitCode, sync::Arc, thread};

use authn::{Loader, store::TokenStore};
use clap::ArgMatches;

use crate::{
    app::App,
    args::{self, Chosen},
    commands,
    exit::{self, Code, Failure},
    log, names,
    output::Output,
    own::{BoxError, OwnCommand, Run},
    program::Program,
};

/// The command line of a program: authn's commands with the program's own names, stores, defaults and subcommands.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use authn::store::FileStore;
/// use authn_cli::{BoxError, Cli, Run, clap};
///
/// fn whoami(run: &Run<'_>, _: &clap::ArgMatches) -> Result<ExitCode, BoxError> {
///     let credentials = run.credentials()?;
///     let status = run.wait(&credentials, async { Ok(credentials.status().await?) })?;
///     run.print(status.username.as_deref().unwrap_or("nobody"))?;
///     Ok(ExitCode::SUCCESS)
/// }
///
/// fn main() -> ExitCode {
///     Cli::new()
///         .app("acme") // `acme/config.toml`, `ACME_…`
///         .version(env!("CARGO_PKG_VERSION"))
///         .about("Work with the services of Acme")
///         .defaults("[credentials]\ndomain = \"api.acme.example\"")
///         .store("acme", FileStore::new("/home/ann/acme/sessions"))
///         .configure(|loader| loader.without_project())
///         .command(clap::Command::new("whoami").about("Print who is logged in"), whoami)
///         .run()
/// }
/// ```
///
/// Messages, help, completions and man pages name the program as it was started.
///
/// # In another command line
///
/// A program with a command line of its own adds the commands below a subcommand, and passes on what was parsed. Its
/// help and its completions then include them, and messages name `acme auth login`:
///
/// ```
/// use std::process::ExitCode;
///
/// use authn_cli::{Cli, clap};
///
/// fn run(arguments: &[&str]) -> ExitCode {
///     let auth = Cli::new().app("acme").embedded("auth");
///     let program = clap::Command::new("acme")
///         .subcommand(clap::Command::new("deploy"))
///         .subcommand(auth.commands());
///     match program.get_matches_from(arguments).subcommand() {
///         Some(("auth", matches)) => auth.run_matches(matches),
///         _ => ExitCode::SUCCESS, // … its own commands
///     }
/// }
///
/// assert_eq!(run(&["acme", "auth", "providers"]), ExitCode::SUCCESS);
/// ```
#[must_use]
#[derive(Clone, Default)]
pub struct Cli {
    program: Program,
    own: Vec<OwnCommand>,
}

impl Cli {
    /// Creates the command line of `authn` itself, without `--version`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the application whose configuration is read, as [`Loader::app`] does. The flag `--app` chooses another one.
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.program.app = app.into();
        self
    }

    /// Names the program, for `--version`, and for messages if a shell would need to quote the name that it was started
    /// by. By default it is the name of the [application](Self::app).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.program.name = Some(name.into());
        self
    }

    /// Sets the version, for `--version` and the man pages.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.program.version = Some(version.into());
        self
    }

    /// Sets the description of the program in one line, for its help.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.program.about = Some(about.into());
        self
    }

    /// Adds defaults of the application as TOML, below all files. With `--app` they do not apply.
    pub fn defaults(mut self, toml: impl Into<String>) -> Self {
        self.program.defaults.push(toml.into());
        self
    }

    /// Adds a token store, which a provider's option `store` chooses by this name.
    pub fn store(self, name: impl Into<String>, store: impl TokenStore) -> Self {
        let (name, store) = (name.into(), Arc::new(store));
        self.configure(move |loader| loader.store(&name, Arc::clone(&store)))
    }

    /// Changes each loader: sets a registry or a clock, or adds layers.
    ///
    /// It is a function, and not one loader, because the commands read several configurations: of each profile, and of
    /// the application that `--app` names. The function must return the loader that it is given, with changes. The global
    /// flags are applied after it.
    pub fn configure(mut self, change: impl Fn(Loader) -> Loader + Send + Sync + 'static) -> Self {
        self.program.changes.push(Arc::new(change));
        self
    }

    /// Adds a subcommand of the program's own. It has the global flags too, and its [`Run`] applies them.
    ///
    /// # Panics
    ///
    /// If there is already a command of its name or alias, or if one of its arguments has the name, the flag or the letter
    /// of a global flag.
    #[track_caller]
    pub fn command(
        mut self,
        definition: clap::Command,
        handler: impl Fn(&Run<'_>, &ArgMatches) -> Result<ExitCode, BoxError> + Send + Sync + 'static,
    ) -> Self {
        if let Some(collision) = args::collision(&self.own, &definition) {
            panic!("{collision}: choose another name");
        }
        self.own.push(OwnCommand { definition, handler: Arc::new(handler) });
        self
    }

    /// Declares that another command line contains the [commands](Self::commands), below this subcommand. `path` has the
    /// words between the program and the commands, such as `auth` or `tools auth`.
    ///
    /// The commands `completions` and `man` are left out, because those of the program include all commands, and so is
    /// `setup`, because other tools call a program by its own name.
    pub fn embedded(mut self, path: &str) -> Self {
        self.program.path = path.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// Returns the definition of the command line, named like the last word of [`embedded`](Self::embedded), or else like
    /// the program.
    ///
    /// Arguments of the embedding program that are global in clap must differ from the global flags, such as `-v`.
    #[must_use]
    pub fn commands(&self) -> clap::Command {
        args::definition(&self.program, &self.own, &self.program.app)
    }

    /// Runs the program with the arguments of this process, and returns its exit code. It blocks like
    /// [`run_matches`](Self::run_matches).
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let define = || args::definition(&self.program, &self.own, &self.program.app);
        if let Some(code) = commands::completions::answer(&self.program, define) {
            return code;
        }
        let arguments = names::with_command(env::args_os().collect(), self.program.name());
        let definition = args::definition_for(&self.program, &self.own, &arguments);
        match definition.try_get_matches_from(&arguments) {
            Ok(matches) => self.run_matches(&matches),
            Err(error) => {
                let error = args::without_stray_value(error);
                let output = Output::new(args::colour(&arguments));
                exit::usage(&error, &output.with_json(args::has_json_flag(&arguments))).into()
            }
        }
    }

    /// Carries out what the [definition](Self::commands) has parsed, and returns the exit code. In an embedding program,
    /// `matches` are those of the subcommand.
    ///
    /// It blocks until the command is done, and handles the signals that end a program meanwhile. In a program with a
    /// runtime of tokio it uses a thread and a runtime of its own. Call it in [`spawn_blocking`] there, so that the other
    /// tasks can continue. If the program has no subscriber of `tracing` yet, the first call installs one.
    ///
    /// [`spawn_blocking`]: https://docs.rs/tokio/latest/tokio/task/fn.spawn_blocking.html
    #[must_use]
    pub fn run_matches(&self, matches: &ArgMatches) -> ExitCode {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.carry_out(matches);
        }
        // A runtime can't wait on a thread that belongs to another one.
        thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, || self.carry_out(matches));
            match spawned.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(code)) => code,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(error) => {
                    let failure = Failure::new(
                        Code::Other,
                        format!("can't start a thread ({})", authn::diagnostic::reason(&error)),
                    );
                    failure.report(&Output::new(clap::ColorChoice::Auto)).into()
                }
            }
        })
    }

    fn carry_out(&self, matches: &ArgMatches) -> ExitCode {
        let json = args::wants_json(matches);
        let (global, command) = match args::chosen(&self.own, matches) {
            Ok(chosen) => chosen,
            Err(error) => {
                let output = Output::new(clap::ColorChoice::Auto);
                return exit::usage(&error, &output.with_json(json)).into();
            }
        };
        let app = App::new(self.program.clone(), global).with_json(json);
        let done = log::start(&app).and_then(|()| match command {
            Chosen::BuiltIn(command) => {
                let definition = || args::definition(&app.program, &self.own, &app.name);
                commands::run(&app, command, definition).map(|()| ExitCode::SUCCESS)
            }
            Chosen::Own(own, matches) => {
                (own.handler)(&Run::new(&app), matches).map_err(Failure::from)
            }
        });
        let (code, ended) = match done {
            Ok(code) => (code, Code::Success),
            Err(failure) => {
                let code = failure.report(&app.output);
                (code.into(), code)
            }
        };
        app.output.end(ended.ended().as_ref());
        code
    }
}

impl std::fmt::Debug for Cli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own: Vec<&str> = self.own.iter().map(|own| own.definition.get_name()).collect();
        f.debug_struct("Cli").field("program", &self.program).field("commands", &own).finish()
    }
}

//! One run of the program: the application, the global flags, and the output streams.

use std::{
    env::{self, consts::EXE_SUFFIX},
    path::{Path, PathBuf},
};

use authn::Loader;
use clap::{ArgAction, Args, ColorChoice, ValueHint};

use crate::output::Output;

/// One run of the program.
#[derive(Debug)]
pub(crate) struct App {
    /// Name of the application whose configuration is used: `authn`, unless the program or `--app` names another.
    pub(crate) name: String,
    /// Name of the application without `--app`.
    own_name: String,
    pub(crate) global: Global,
    pub(crate) output: Output,
}

impl App {
    pub(crate) fn new(app: &str, global: Global) -> Self {
        let name = global.app.as_deref().unwrap_or(app).to_owned();
        let output = Output::new(global.color.unwrap_or_default());
        Self { name, own_name: app.to_owned(), global, output }
    }

    /// Returns the loader that the global flags describe. The program is short-lived: it waits for every
    /// exchange that it starts.
    pub(crate) fn loader(&self) -> Loader {
        let mut loader = Loader::app(&self.name).short_lived();
        if let Some(program) = program() {
            loader = loader.login_program(program, &self.own_name);
        }
        if let Some(profile) = &self.global.profile {
            loader = loader.profile(profile);
        }
        if let Some(file) = &self.global.config {
            loader = loader.file(file);
        }
        if self.global.no_project {
            loader = loader.without_project();
        }
        self.global.set.iter().fold(loader, |loader, setting| loader.set(setting))
    }

    /// Returns the name that this program was started by, or the application's name if a shell would need to
    /// quote that one.
    pub(crate) fn program(&self) -> String {
        program().filter(|name| has_only(name, "_-.")).unwrap_or_else(|| self.name.clone())
    }

    /// Returns a command of this program as it is typed, with `--app` if it is needed.
    pub(crate) fn command_line(&self, command: &str) -> String {
        let program =
            program().filter(|name| has_only(name, "_-.")).unwrap_or_else(|| "authn".to_owned());
        match &self.name {
            own if *own == self.own_name => format!("{program} {command}"),
            app => format!("{program} --app {app} {command}"),
        }
    }

    /// Returns the name of an environment variable of this application, such as `AUTHN_LOG`.
    pub(crate) fn variable(&self, name: &str) -> String {
        Loader::app(&self.name).variable(name)
    }
}

/// Returns the name that this program was started by: a program with its own providers is not `authn`.
fn program() -> Option<String> {
    let path = env::args_os().next()?;
    let name = Path::new(&path).file_name()?.to_str()?;
    Some(name.strip_suffix(EXE_SUFFIX).unwrap_or(name).to_owned())
}

// The flags that every command has. (A documentation comment would be the description of each command.)
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use this profile of the configuration
    #[arg(short, long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub(crate) profile: Option<String>,

    /// Use another application's configuration files and variables
    #[arg(long, value_name = "NAME", value_parser = app_name, value_hint = ValueHint::Other)]
    pub(crate) app: Option<String>,

    /// Read this file too; it overrides the user's and the project's files, and is trusted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Set an option; overrides files and variables. A secret only by where it is: `KEY.env=NAME`, `KEY.file=PATH`
    #[arg(long, value_name = "KEY=VALUE", value_hint = ValueHint::Other)]
    pub(crate) set: Vec<String>,

    /// Ignore the project's file
    #[arg(long)]
    pub(crate) no_project: bool,

    /// When to use colour; `auto` is on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN")]
    pub(crate) color: Option<ColorChoice>,

    /// Log to standard error; repeat for more, up to `-vvv`
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// Adds the flags after a subcommand to those before it; the later flag wins.
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.set.extend(later.set);
        Self {
            profile: later.profile.or(self.profile),
            app: later.app.or(self.app),
            config: later.config.or(self.config),
            set: self.set,
            no_project: self.no_project || later.no_project,
            color: later.color.or(self.color),
            verbose: self.verbose.saturating_add(later.verbose),
        }
    }
}

/// Parses an application's name, which becomes a part of file names and of variables' names.
fn app_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || !has_only(name, "_-") {
        return Err("use only letters, digits, `-` and `_`");
    }
    Ok(name.to_owned())
}

/// Returns whether a name consists of ASCII letters, digits and these marks.
fn has_only(name: &str, marks: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter))
}

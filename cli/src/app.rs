//! One run of the program: the application, the global flags, and the output streams.

use std::path::PathBuf;

use authn::{Loader, Registry};
use clap::{ArgAction, Args, ColorChoice, ValueHint};

use crate::{
    output::Output,
    program::{Program, has_only},
};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) program: Program,
    /// Name of the application whose configuration is used: the program's, unless `--app` names another.
    pub(crate) name: String,
    pub(crate) global: Global,
    pub(crate) output: Output,
}

impl App {
    pub(crate) fn new(program: Program, global: Global) -> Self {
        let name = global.app.as_deref().unwrap_or(&program.app).to_owned();
        let output = Output::new(global.color.unwrap_or_default());
        Self { program, name, global, output }
    }

    /// Reports a failure as JSON.
    pub(crate) fn with_json(self, json: bool) -> Self {
        Self { output: self.output.with_json(json), ..self }
    }

    /// Returns the loader that the program and the global flags describe. The program is short-lived: it waits for
    /// every exchange that it starts.
    pub(crate) fn loader(&self) -> Loader {
        let mut loader = self.program.loader(&self.name).short_lived();
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

    /// Returns the same run without `--profile`.
    pub(crate) fn without_profile(&self) -> Self {
        let global = Global { profile: None, ..self.global.clone() };
        Self {
            program: self.program.clone(),
            name: self.name.clone(),
            global,
            output: self.output.clone(),
        }
    }

    /// Returns the providers that a configuration can choose from.
    pub(crate) fn providers(&self) -> authn::Result<Registry> {
        self.loader().providers()
    }

    /// Returns a command of this program as it is typed, with the global flags that choose the configuration.
    pub(crate) fn command_line(&self, command: &str) -> String {
        self.loader().command_with_flags(command)
    }

    /// Returns the same with another profile.
    pub(crate) fn command_line_of(&self, profile: &str, command: &str) -> String {
        self.loader().profile(profile).command_with_flags(command)
    }

    /// Returns the name of an environment variable of this application, such as `AUTHN_LOG`.
    pub(crate) fn variable(&self, name: &str) -> String {
        Loader::app(&self.name).variable(name)
    }
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

    /// Log each step to standard error; `-vv` also each request, `-vvv` everything
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

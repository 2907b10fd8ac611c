//! What all commands share: the application, the global flags, and where to write.

use std::{
    env::{self, consts::EXE_SUFFIX},
    path::Path,
};

use authn::Loader;

use crate::{args::Global, output::Output};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    /// Whose configuration it is: `authn`, unless the program or `--app` says otherwise.
    pub(crate) app: String,
    pub(crate) global: Global,
    pub(crate) output: Output,
}

impl Session {
    pub(crate) fn new(app: &str, global: Global) -> Self {
        let app = global.app.clone().unwrap_or_else(|| app.to_owned());
        let output = Output::new(global.colour());
        Self { app, global, output }
    }

    /// Gives the loader that the global flags describe. The program is short-lived: it waits for every
    /// exchange that it starts.
    pub(crate) fn loader(&self) -> Loader {
        let mut loader = Loader::app(&self.app).short_lived();
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

    /// Gives the name that this program was started by; the application's, where that is none that a shell
    /// takes as it is.
    pub(crate) fn program(&self) -> String {
        let is_plain = |name: &String| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        };
        program().filter(is_plain).unwrap_or_else(|| self.app.clone())
    }

    /// Gives a command as it is typed, with `--app` where it must be.
    pub(crate) fn command_line(&self, command: &str) -> String {
        match self.app.as_str() {
            "authn" => format!("authn {command}"),
            app => format!("authn --app {app} {command}"),
        }
    }

    /// Gives the name of an environment variable of this application, as `AUTHN_LOG`.
    pub(crate) fn variable(&self, name: &str) -> String {
        variable(&self.app, name)
    }
}

/// Gives the name of an application's environment variable, as [`Loader::app`] reads it.
pub(crate) fn variable(app: &str, name: &str) -> String {
    Loader::app(app).variable(name)
}

/// Gives the name that this program was started by: one with providers of its own is not `authn`.
fn program() -> Option<String> {
    let path = env::args_os().next()?;
    let name = Path::new(&path).file_name()?.to_str()?;
    Some(name.strip_suffix(EXE_SUFFIX).unwrap_or(name).to_owned())
}

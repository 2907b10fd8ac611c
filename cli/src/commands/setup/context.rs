//! What the setup of a tool depends on: the user's folders, the hosts, and how the tool calls this program.

use std::{
    env,
    path::{Path, PathBuf},
};

use authn::{Origins, TextFile, config::Config};
use http::Uri;

use super::{edit::Conflict, links};
use crate::{
    app::App,
    exit::{Code, Failure},
    protocols::{Address, choose_from},
    style::visible,
};

/// What the setup of a tool depends on.
pub(super) struct Context<'a> {
    pub(super) app: &'a App,
    pub(super) home: PathBuf,
    pub(super) origins: Origins,
    /// The active profile.
    pub(super) profile: Option<String>,
    /// This program, by a path that stays the same in the next version.
    pub(super) program: PathBuf,
    /// The audience of `--audience`.
    pub(super) audience: Option<String>,
}

/// An origin of the credentials.
pub(super) struct Origin {
    /// Such as `https://git.example.com:8443`.
    pub(super) url: String,
    /// The host, and the port if it is not the scheme's.
    pub(super) authority: String,
}

impl Origin {
    /// Returns the host without a port.
    pub(super) fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// Returns whether the origin stands for several hosts.
    pub(super) fn is_pattern(&self) -> bool {
        self.authority.starts_with('*')
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(app: &'a App, config: &Config, origins: Origins) -> Result<Self, Failure> {
        if !app.global.set.is_empty() {
            let message =
                "`--set` can't be used with `setup`, because the tool would not repeat it";
            return Err(Failure::new(Code::Usage, message)
                .with_help("write the option into your configuration"));
        }
        Ok(Self {
            app,
            home: home()?,
            origins,
            profile: config.profile().map(str::to_owned),
            program: links::program()?,
            audience: None,
        })
    }

    /// Returns the name for what is new in a tool's files, such as `authn-work` for the profile `work`.
    pub(super) fn name(&self) -> String {
        match &self.app.global.profile {
            Some(profile) => format!("{}-{profile}", self.app.program.started_as()),
            None => self.app.program.started_as(),
        }
    }

    /// Returns the origins that a tool can be set up for, which has one entry a host; `patterns` says whether it can also
    /// take `*.example.com`.
    pub(super) fn hosts(&self, tool: &str, patterns: bool) -> Result<Vec<Origin>, Failure> {
        let all = self.origins.iter().filter_map(|origin| {
            let authority = origin.split_once("://")?.1.to_owned();
            Some(Origin { url: origin, authority })
        });
        let hosts: Vec<Origin> = all.filter(|origin| patterns || !origin.is_pattern()).collect();
        if hosts.is_empty() {
            let message =
                format!("{tool} needs the name of each host, and the credentials have none");
            return Err(Failure::new(Code::Configuration, message)
                .with_help("name the hosts in `credentials.origins`, without `*`"));
        }
        Ok(hosts)
    }

    /// Returns whether the credentials are for a URL.
    pub(super) fn allows(&self, url: &str) -> bool {
        url.parse::<Uri>().is_ok_and(|url| self.origins.allows(&url))
    }

    /// Returns the words of a call of this program, as a list of arguments. The helper chooses the profile by the host,
    /// unless the user has named one.
    pub(super) fn call(&self, command: &[&str]) -> Vec<String> {
        let mut words = vec![self.program.to_string_lossy().into_owned()];
        words.extend(self.app.program.path.iter().cloned());
        let global = &self.app.global;
        if let Some(app) = &global.app {
            words.extend(["--app".to_owned(), app.clone()]);
        }
        if let Some(config) = &global.config {
            let config = std::path::absolute(config).unwrap_or_else(|_| config.clone());
            words.extend(["--config".to_owned(), config.to_string_lossy().into_owned()]);
        }
        if let Some(profile) = &global.profile {
            words.extend(["--profile".to_owned(), profile.clone()]);
        }
        words.extend(command.iter().map(|&word| word.to_owned()));
        words
    }

    /// Returns a call for a tool that names no host, so that the profile must be fixed.
    pub(super) fn call_of_profile(&self, command: &[&str]) -> Vec<String> {
        let mut words = self.call(command);
        if let (Some(profile), None) = (&self.profile, &self.app.global.profile) {
            let at = words.len() - command.len();
            words.splice(at..at, ["--profile".to_owned(), profile.clone()]);
        }
        words
    }

    /// Fails if the helper can't have a name of its own, because its commands are below a subcommand.
    pub(super) fn check_name(&self, tool: &str) -> Result<(), Failure> {
        if !self.app.program.is_embedded() {
            return Ok(());
        }
        let words = self.app.program.words();
        let message = format!("{tool} calls its helper by a name, and `{words}` can't have one");
        Err(Failure::new(Code::Usage, message).with_help("install the program `authn` for it"))
    }

    /// Fails if the helper would choose another profile than the one that the user has named.
    fn check_choice(&self, tool: &str) -> Result<(), Failure> {
        let Some(profile) = &self.app.global.profile else { return Ok(()) };
        let (any, loader) =
            (self.app.without_profile(), self.app.without_profile().loader().explaining());
        for origin in self.hosts(tool, false)? {
            let chosen = choose_from(&any, &loader, &Address::of_url(&origin.url)?);
            let is_it = |config: &Config| config.profile() == Some(profile.as_str());
            if !chosen.is_ok_and(|chosen| chosen.is_some_and(|chosen| is_it(&chosen.config))) {
                let url = visible(&origin.url);
                let message = format!(
                    "{tool} calls its helper without a profile, and for {url} another one than {profile} would answer"
                );
                return Err(Failure::new(Code::Configuration, message).with_help(format!(
                    "set `default_profile = \"{profile}\"`, or bind only one profile to this origin"
                )));
            }
        }
        Ok(())
    }

    /// Fails if a tool can't call the helper by a name alone, or the user has named a configuration that the call can't
    /// name.
    pub(super) fn check_no_flags(&self, tool: &str) -> Result<(), Failure> {
        self.check_name(tool)?;
        self.check_choice(tool)?;
        let global = &self.app.global;
        let flag = if global.config.is_some() {
            "--config"
        } else if self.app.name != self.app.program.app {
            "--app"
        } else {
            return Ok(());
        };
        let message = format!(
            "`{flag}` can't be used with `setup {tool}`, which calls its helper without flags"
        );
        Err(Failure::new(Code::Usage, message)
            .with_help("put the options into your own configuration"))
    }

    /// Returns the comment before lines that this program writes.
    pub(super) fn note(&self, tool: &str) -> String {
        // It removes what was written for all profiles.
        let undo = self.app.without_profile().command_line(&format!("setup {tool} --undo"));
        format!("# `{undo}` removes this.")
    }

    /// Returns the user's folder for configurations.
    pub(super) fn config_folder(&self) -> PathBuf {
        let folder = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        // The standard says to ignore another one.
        let folder = folder.filter(|folder| folder.is_absolute());
        folder.unwrap_or_else(|| self.home.join(".config"))
    }
}

/// Returns the text of a file; it is empty if there is none.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    Ok(TextFile::read(path)?.text().to_string())
}

/// Returns the path that an environment variable has, as an absolute one.
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    let path = env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)?;
    Some(std::path::absolute(&path).unwrap_or(path))
}

pub(super) fn home() -> Result<PathBuf, Failure> {
    env::home_dir()
        .filter(|home| home.is_absolute())
        .ok_or_else(|| Failure::new(Code::Other, "there is no home folder").with_help("set HOME"))
}

/// Returns a call as a line for a shell.
pub(super) fn shell(words: &[String]) -> Result<String, Failure> {
    let line = shlex::try_join(words.iter().map(String::as_str));
    line.map_err(|_| Failure::new(Code::Other, "the path of this program has a NUL character"))
}

/// Returns the failure of a file that an entry can't be added to.
pub(super) fn conflict(path: &Path, conflict: &Conflict) -> Failure {
    let path = visible(&path.display().to_string());
    Failure::new(Code::Configuration, format!("{path} {}", conflict.fault))
        .with_help(&conflict.help)
}

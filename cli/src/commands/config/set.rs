//! `config set` and `config unset`: change one value in a file, and keep everything else in it.

use std::{
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use authn::{
    ConfigWriter, Environment, Loader, SecretString,
    config::{Problem, ProblemCode, Provenance, Severity, nearest},
    diagnostic::reason,
};
use zeroize::Zeroizing;

use super::edit;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    program::has_only,
    style::visible,
};

/// What stands for standard input.
const STDIN: &str = "-";

/// The longest value that is read from standard input, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The arguments of `config set`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Changes your own file, that of `--config`, or with `--project` the project's. With `--profile`, the value is that of \
the profile, which is added if no source defines it. Comments, order and formatting of everything else are kept. A missing file is created, for you alone.

The value is read by the type of its option: `true`, `5`, `30s`, `a,b` for a list, or a value of TOML such as `[\"a\", \
\"b\"]`. With `-`, it is read from standard input. Write `--` before a value that starts with `-` and is no number. Nothing is written if the option does not exist or can't have the value.

A secret is never an argument, because other users can see the command line. Set where it is, or pass the \
secret itself on standard input:
  authn config set credentials.basic.password.env API_PASSWORD
  authn config set credentials.basic.password.file /run/secrets/password
  pass show api | authn config set credentials.basic.password -

The command `options` describes all keys.")]
pub(crate) struct Arguments {
    /// Key of the option, such as `http.timeout`
    key: String,

    /// Value, or `-` for standard input
    #[arg(allow_negative_numbers = true)]
    value: String,

    /// Change the project's file, or create it at the repository's root
    #[arg(long)]
    project: bool,

    /// Add the profile even if its name is almost that of another one
    #[arg(long)]
    new_profile: bool,
}

/// The arguments of `config unset`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Changes your own file, that of `--config`, or with `--project` the project's. With `--profile`, the value of the \
profile is removed. A table is removed with all that is in it. The exit code is 1 if the file does not have the key.")]
pub(crate) struct UnsetArguments {
    /// Key of the option or of the table, such as `http.timeout`
    key: String,

    /// Change the project's file
    #[arg(long)]
    project: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let (loader, mut writer) = open(app, arguments.project)?;
    let key = in_profile(app, &arguments.key);
    let new_profile = new_profile(&loader, &writer, &key)?;
    if let Some(name) = &new_profile
        && let Some(near) = &name.near
        && !arguments.new_profile
    {
        let message = format!("no source defines the profile `{}`", visible(&name.name));
        let help = format!(
            "did you mean `{}`? To add a profile, repeat the command with `--new-profile`",
            visible(near)
        );
        return Err(Failure::new(Code::Usage, message).with_help(help));
    }
    let text = match arguments.value.as_str() {
        STDIN => stdin()?,
        text => Zeroizing::new(text.to_owned()),
    };
    let is_input = arguments.value == STDIN;
    let refer = format!("set `{0}.env` or `{0}.file`", arguments.key);
    // A secret on standard input can look like a reference.
    if !writer.is_secret(&key)? || (!is_input && text.trim_start().starts_with('{')) {
        writer.set_text(&key, &text)?;
    } else if !is_input {
        let message = format!(
            "`{}` is a secret, which can't be an argument, because other users can see the command line",
            arguments.key
        );
        let command = app.command_line(&format!("config set {} -", arguments.key));
        let help = format!("{refer}, or pass the secret on standard input to `{command}`");
        return Err(Failure::new(Code::Usage, message).with_help(help));
    } else if arguments.project {
        let message = "a secret is not written into a project's file, which others can read";
        return Err(Failure::new(Code::Usage, message).with_help(refer));
    } else {
        writer.set_secret(&key, &SecretString::from(text.as_str()))?;
    }
    let refused = refused(app, &loader, &writer, &arguments.key);
    if !refused.is_empty() {
        app.output.problems(&refused);
        let message = format!("`{}` is not set, and nothing was written", arguments.key);
        return Err(Failure::new(Code::Configuration, message));
    }
    let path = writer.path().to_owned();
    let is_changed = writer.is_changed();
    writer.write()?;
    let shown = visible(&path.display().to_string());
    let done = if is_changed { "set in" } else { "already set so in" };
    let added = new_profile.map(|new| format!("; the profile `{}` is new", visible(&new.name)));
    output::message(&format!("{} is {done} {shown}{}", visible(&key), added.unwrap_or_default()));
    report_override(app, &loader, &arguments.key, &path);
    if arguments.project {
        edit::report_trust(app, &shown);
    }
    Ok(())
}

pub(super) fn unset(app: &App, arguments: &UnsetArguments) -> Result<(), Failure> {
    let (_, mut writer) = open(app, arguments.project)?;
    let key = in_profile(app, &arguments.key);
    let shown = visible(&writer.path().display().to_string());
    if !writer.remove(&key)? {
        let message = format!("{shown} does not set `{}`", visible(&key));
        let help = format!("`{}` lists where each value is from", app.command_line("config show"));
        return Err(Failure::new(Code::Other, message).with_help(help));
    }
    writer.write()?;
    output::message(&format!("{} is no longer set in {shown}", visible(&key)));
    if arguments.project {
        edit::report_trust(app, &shown);
    }
    Ok(())
}

/// Returns the loader of the file, and what changes the file.
fn open(app: &App, is_project: bool) -> Result<(Loader, ConfigWriter), Failure> {
    let loader = app.loader();
    let loader = if is_project { loader.file(edit::project(app)?) } else { loader };
    let writer = loader.writer()?;
    Ok((loader, writer))
}

/// A profile that no source defines.
struct NewProfile {
    name: String,
    /// A profile that has almost its name.
    near: Option<String>,
}

/// Returns the profile of a key, if no source defines it yet.
fn new_profile(
    loader: &Loader,
    writer: &ConfigWriter,
    key: &str,
) -> Result<Option<NewProfile>, Failure> {
    let Some(name) = writer.new_profile(key)? else { return Ok(None) };
    let config = loader.clone().explaining().read();
    let known = config.profiles();
    if known.contains(&name) {
        return Ok(None);
    }
    let near = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
    Ok(Some(NewProfile { name, near }))
}

/// Returns the key in the file: that of the profile, if the command line chooses one.
fn in_profile(app: &App, key: &str) -> String {
    match &app.global.profile {
        Some(profile) if !profile.is_empty() && has_only(profile, "-_") => {
            format!("profile.{profile}.{key}")
        }
        // A text of JSON is one of TOML.
        Some(profile) => format!("profile.{}.{key}", serde_json::Value::from(profile.as_str())),
        None => key.to_owned(),
    }
}

/// Reads a value without its last end of line.
fn stdin() -> Result<Zeroizing<String>, Failure> {
    if io::stdin().is_terminal() {
        return Err(Failure::new(
            Code::Usage,
            "standard input is a terminal, which shows what is typed",
        )
        .with_help("pass the value with a pipe or from a file"));
    }
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|error| {
        Failure::new(Code::Other, format!("standard input can't be read ({})", reason(&error)))
    })?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::new(Code::Usage, "the value on standard input is longer than 1 MiB"));
    }
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Zeroizing::new(value.strip_suffix('\r').unwrap_or(value).to_owned()))
}

/// Returns the errors of the value in the file that would be written, without their lines: the file does not have them. What is
/// missing in the file or on this machine is none: another command can add it.
fn refused(app: &App, loader: &Loader, writer: &ConfigWriter, key: &str) -> Vec<Problem> {
    // The values of a higher layer would hide those of the file.
    let alone = Loader::app(&app.name).environment(Environment::empty()).without_project();
    let alone = app.program.changes.iter().fold(alone, |loader, change| change(loader));
    let alone = match &app.global.profile {
        Some(profile) => alone.profile(profile),
        None => alone.without_profile(),
    };
    let alone = alone.environment(Environment::empty()).file(writer.path()).edited(writer);
    let is_of_type = |problem: &Problem| {
        !matches!(problem.code(), ProblemCode::InvalidValue | ProblemCode::RelativePath)
    };
    let mut found = errors_at(choosing(alone, key), key);
    found.retain(is_of_type);
    if found.is_empty() {
        found = errors_at(choosing(loader.clone().edited(writer), key), key);
        found.retain(|problem| {
            problem.provenance().is_some_and(|place| is_in(place, writer.path()))
        });
    }
    found.into_iter().map(Problem::without_place).collect()
}

/// Returns the loader with the provider of a key as the active one: the tables of others are not read.
fn choosing(loader: Loader, key: &str) -> Loader {
    let mut parts = key.split('.');
    let is_of_provider =
        |name: &&str| loader.providers().is_ok_and(|registry| registry.get(name).is_some());
    match (parts.next(), parts.next().filter(is_of_provider)) {
        (Some("credentials"), Some(name)) => {
            let choice = format!("[credentials]\nprovider = {}", serde_json::Value::from(name));
            loader.overrides(&choice)
        }
        _ => loader,
    }
}

/// Returns the errors of the value at a key.
fn errors_at(loader: Loader, key: &str) -> Vec<Problem> {
    let is_missing = |problem: &Problem| {
        matches!(
            problem.code(),
            ProblemCode::MissingKey | ProblemCode::UnresolvedReference | ProblemCode::NoSuchFile
        )
    };
    let is_at_key = |problem: &Problem| {
        let below = problem.key().and_then(|at| at.strip_prefix(key));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let config = loader.read();
    let errors = config.problems().iter().filter(|problem| problem.severity() == Severity::Error);
    errors.filter(|problem| !is_missing(problem) && is_at_key(problem)).cloned().collect()
}

/// Says which source overrides the value that was written.
fn report_override(app: &App, loader: &Loader, key: &str, path: &Path) {
    let settings = loader.clone().read().settings();
    let Some(setting) = settings.iter().find(|setting| setting.key == key && setting.is_set) else {
        return;
    };
    let is_overridden = setting.overrides.iter().any(|other| is_in(&other.provenance, path));
    if !is_in(&setting.provenance, path) && is_overridden {
        let message = format!("{} overrides it", visible(&setting.provenance.to_string()));
        app.output.warning(&message, None);
    }
}

/// Returns whether a value is from the file at a path.
fn is_in(provenance: &Provenance, path: &Path) -> bool {
    matches!(provenance, Provenance::File { path: own, .. } if own == path)
}

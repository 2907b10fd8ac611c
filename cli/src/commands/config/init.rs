//! `config init`: a commented configuration for a provider.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use authn::{Registry, config::LayerName, reference::template};

use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The arguments of `config init`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The options that are needed come first, each with `<fill in>` in place of its value. `config check` names those that are still to be \
filled in. All other options follow as comments, with their defaults: those of the provider, and the sections `[http]` and \
`[stores]`. The command `options` describes all of them.")]
pub(crate) struct Arguments {
    /// Provider to configure, as listed by the command `providers`
    provider: String,

    /// Write it to your file, or to that of `--config`; the file must not exist
    #[arg(long)]
    write: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let text = text(app, &app.providers()?, &arguments.provider)?;
    if !arguments.write {
        return Ok(output::data(text)?);
    }
    let path = target(app)?;
    write(&path, &text).map_err(|error| not_written(&path, &error))?;
    let shown = path.display();
    output::message(&format!(
        "wrote {shown}: fill it in, then run `{}`",
        app.command_line("config check")
    ));
    Ok(())
}

/// Returns the commented configuration of a provider.
fn text(app: &App, registry: &Registry, provider: &str) -> authn::Result<String> {
    let template = template(registry.find(provider)?, registry);
    Ok(format!(
        "\
# `{}` shows the active values, and `{}` reports mistakes.

{template}",
        app.command_line("config show"),
        app.command_line("config check"),
    ))
}

/// Returns the file of `--config`, or the user's.
pub(super) fn target(app: &App) -> Result<PathBuf, Failure> {
    if let Some(path) = &app.global.config {
        return Ok(path.clone());
    }
    let config = app.loader().read();
    let user = config.sources().iter().find(|source| source.name == LayerName::User);
    user.and_then(|source| source.path.clone()).ok_or_else(|| {
        Failure::new(Code::Other, "there is no folder for your configuration")
            .with_help("set HOME, or name a file with `--config FILE`")
    })
}

/// Writes a new file that only its owner can access, and the missing folders above it.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::new(Code::Other, format!("{shown} already exists"))
            .with_help("leave out `--write`, and copy what you need from the output");
    }
    Failure::unwritten(shown, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::Global, program::Program};

    #[test]
    fn the_template_of_every_linked_provider_is_toml() {
        let app = App::new(Program::default(), Global::default());
        let registry = app.providers().unwrap();
        assert!(registry.iter().count() > 0);
        for entry in registry.iter() {
            let text = text(&app, &registry, entry.name()).unwrap();
            let uncommented: String = text
                .lines()
                .map(|line| match line.strip_prefix("# ") {
                    Some(rest) if is_option(rest) => format!("{rest}\n"),
                    _ => format!("{line}\n"),
                })
                .collect();
            for toml in [&text, &uncommented] {
                let document = toml.parse::<toml_edit::Document<String>>();
                let document = document.unwrap_or_else(|error| panic!("{toml}\n{error}"));
                let table = document["credentials"][entry.name()].as_table();
                assert!(table.is_some(), "{toml}");
            }
            for section in ["http", "stores"] {
                let document = uncommented.parse::<toml_edit::Document<String>>().unwrap();
                assert!(document[section].as_table().is_some(), "{section}: {uncommented}");
            }
            let keys = entry.fields().count();
            let document = uncommented.parse::<toml_edit::Document<String>>().unwrap();
            assert_eq!(
                document["credentials"][entry.name()].as_table().unwrap().len(),
                keys,
                "{uncommented}"
            );
        }
    }

    /// Returns whether a comment is an option or the heading of a table, and not a sentence.
    fn is_option(line: &str) -> bool {
        let is_heading = line.starts_with('[') && line.ends_with(']');
        is_heading
            || line.split_once(" = ").is_some_and(|(key, _)| {
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            })
    }
}

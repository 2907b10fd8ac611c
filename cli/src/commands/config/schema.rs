//! `config schema`: the JSON Schema of a configuration file.

use authn::reference::json_schema;

use crate::{app::App, exit::Failure, output};

/// The arguments of `config schema`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The schema has all sections, and the providers and token stores that this program is linked with. An editor with support for \
TOML uses it to complete keys, to describe them and to mark mistakes. Taplo and its extensions find it by the first line \
of a file:
  #:schema /home/ann/.config/authn/schema.json

A file is one layer of several, so the schema requires no option. `config check` reports what is missing.")]
pub(crate) struct Arguments {}

pub(super) fn run(app: &App) -> Result<(), Failure> {
    Ok(output::json(&json_schema(&app.providers()?))?)
}

//! `providers`: the linked providers, the options of each, and the presets of services.

mod document;
mod presets;

use std::io;

use authn::{Entry, Registry, reference::TableDescription};

use super::options::page;
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::Table,
};

/// The arguments of `providers`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
On a terminal, the output is a table with headings, or a page with NAME. Otherwise, each row is a line of \
tab-separated columns: NAME, SUMMARY and CRATE, or with NAME the columns OPTION, TYPE, DEFAULT (`required`, or `-` \
for none), SECRET (`secret` or `-`), VARIABLE and DESCRIPTION.

A preset has what is known of a service, such as its addresses: `preset = \"github\"` in the table of its provider. With \
`--presets`, the columns are NAME, PROVIDER, WHAT, NEEDS (the options that you must set beside it, or `-`) and PAGE (the \
service's documentation). The guide docs/services.md has examples for the services that many users have. A preset of your own is \
the file `presets/NAME.toml` beside your `config.toml`.")]
pub(crate) struct Arguments {
    /// Describe this provider and its options
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// List the presets of services, with NAME only those of this provider
    #[arg(long, conflicts_with = "json_schema")]
    presets: bool,

    /// Print the JSON Schema of the provider's table
    #[arg(long, requires = "name", conflicts_with = "json")]
    json_schema: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let registry = app.providers()?;
    let one = arguments.name.as_deref().map(|name| find(app, &registry, name)).transpose()?;
    if arguments.presets {
        return presets::run(app, one, arguments.json);
    }
    if arguments.json {
        let entries: Vec<&Entry> =
            one.map_or_else(|| registry.iter().collect(), |entry| vec![entry]);
        return Ok(output::json(&document::of(&entries, app))?);
    }
    Ok(match one {
        Some(entry) if arguments.json_schema => output::json(&entry.json_schema()),
        Some(entry) => page::print_provider(&table(entry), entry, &registry, app),
        None => list(&registry, app),
    }?)
}

fn list(registry: &Registry, app: &App) -> io::Result<()> {
    // Usually all are of one crate.
    let mut packages: Vec<&str> = registry.iter().map(|entry| entry.location().package).collect();
    packages.dedup();
    let hidden: &[&str] = if packages.len() > 1 { &[] } else { &["CRATE"] };
    let headings = &["NAME", "SUMMARY", "CRATE"];
    let mut table = Table::new(headings).breaking("SUMMARY").hiding(hidden);
    for entry in registry.iter() {
        let package = entry.location().package.to_owned();
        table.row([entry.name().to_owned(), entry.summary(), package]);
    }
    app.output.table(&table)
}

/// Returns the provider with a name. A section of a configuration is described by another command.
fn find<'r>(app: &App, registry: &'r Registry, name: &str) -> Result<&'r Entry, Failure> {
    let is_section = authn::reference::describe(registry).iter().any(|table| table.key == name);
    if is_section && registry.get(name).is_none() {
        let command = app.command_line(&format!("options {name}"));
        return Err(Failure::new(
            Code::Configuration,
            format!("`{name}` is a section, not a provider"),
        )
        .with_help(format!("run `{command}` to describe its options")));
    }
    Ok(registry.find(name)?)
}

/// Returns the description of a provider's table.
fn table(entry: &Entry) -> TableDescription {
    TableDescription::of_provider(entry)
}

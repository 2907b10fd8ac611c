//! `providers`: the linked providers, the options of each, and the presets of services.

mod document;
mod manual;
mod presets;

use std::io;

use authn::{Entry, Registry};

use crate::{app::App, exit::Failure, output, style::Table};

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
    let one = arguments.name.as_deref().map(|name| registry.find(name)).transpose()?;
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
        Some(entry) => manual::print(entry, &registry, app),
        None => list(&registry, app),
    }?)
}

fn list(registry: &Registry, app: &App) -> io::Result<()> {
    let mut table = Table::new(&["NAME", "SUMMARY", "CRATE"]);
    for entry in registry.iter() {
        let package = entry.location().package.to_owned();
        table.row([entry.name().to_owned(), entry.summary(), package]);
    }
    app.output.table(&table)
}

/// Returns the environment variable of an option, by its path. An option in a list has no variable of its own, so
/// it is that of the list.
fn variable(app: &App, entry: &Entry, path: &str) -> String {
    let path = path.split_once("[]").map_or(path, |(list, _)| list).replace('.', "__");
    let path = ["credentials", entry.name(), &path].join("__").to_uppercase();
    app.variable(&path)
}

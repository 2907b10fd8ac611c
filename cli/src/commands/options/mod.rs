//! `options`: the sections of a configuration and their options, from the description that reads them.

pub(super) mod document;
mod find;
pub(super) mod page;
mod reference;

use authn::{
    options::{Field, Type},
    reference::TableDescription,
};

pub(crate) use reference::Reference;

use crate::{app::App, exit::Failure, output, style::Table};
use find::Found;

/// The arguments of `options`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Without NAME, the sections are listed, and the tables of the providers and of the token stores. NAME can be a section such as `http`, a \
table such as `credentials.oauth`, a provider, or the key of an option such as `http.timeout`.

On a terminal, the output is a table with headings, or a page with NAME. Otherwise, each row is a line of \
tab-separated columns: KEY and SUMMARY, or with NAME the columns KEY, TYPE, DEFAULT (`required`, or `-` for none), SECRET \
(`secret` or `-`), VARIABLE and DESCRIPTION.

The same is in the man page `authn-config(5)`, for editors in `authn config schema`, and on the web in docs/configuration.md.")]
pub(crate) struct Arguments {
    /// Describe this section, this provider or this option
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Print the reference of the whole configuration in Markdown
    #[arg(long, conflicts_with_all = ["name", "json"])]
    markdown: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let registry = app.providers()?;
    if arguments.markdown {
        return Ok(output::data(Reference::new(app, &registry).markdown())?);
    }
    let tables = authn::reference::describe(&registry);
    let Some(name) = &arguments.name else {
        return Ok(if arguments.json {
            let documents: Vec<_> = tables.iter().map(|table| document::of(table, app)).collect();
            output::json(&documents)
        } else {
            list(&tables, app)
        }?);
    };
    let found = find::find(app, &tables, &registry, name)?;
    if arguments.json {
        let documents: Vec<_> = found.tables.iter().map(|table| document::of(table, app)).collect();
        return Ok(output::json(&documents)?);
    }
    let Found { tables, is_option } = found;
    Ok(page::print(&tables, &registry, app, is_option)?)
}

fn list(tables: &[TableDescription], app: &App) -> std::io::Result<()> {
    let mut listed = Table::new(&["KEY", "SUMMARY"]);
    for table in tables.iter().filter(|table| !table.key.is_empty()) {
        listed.row([table.key.clone(), first_sentence(&table.doc)]);
    }
    app.output.table(&listed)
}

/// Returns the first sentence of a documentation on one line.
pub(crate) fn first_sentence(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = lines.join(" ");
    match paragraph.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => paragraph,
    }
}

/// Returns the environment variable of an option, by its full key. An option in a list has no variable of its own, so it is
/// that of the list.
pub(crate) fn variable(app: &App, key: &str) -> String {
    let key = key.split_once("[]").map_or(key, |(list, _)| list);
    if key == "default_profile" {
        return app.variable("profile").to_uppercase();
    }
    app.variable(&key.replace('.', "__").to_uppercase())
}

/// Returns the type of an option for users, with its range and its unit.
pub(crate) fn type_of(field: &Field) -> String {
    let name = field.value_type().name();
    match (field.range(), field.value_type()) {
        // What is as large as a number of TOML can be is no limit.
        (Some(range), _) if *range.end() < i64::MAX.into() => {
            format!("{name} from {} to {}", range.start(), range.end())
        }
        (Some(range), Type::Integer) if *range.start() >= 0 => {
            format!("{name} from {}", range.start())
        }
        _ => name,
    }
}

/// Returns what an option is if it is not set: `required`, or its default.
pub(crate) fn default_of(field: &Field) -> Option<String> {
    if field.is_required() {
        return Some("required".to_owned());
    }
    field.default().map(|view| view.to_string())
}

/// Returns what is known of the values of an option, with its default between quotes.
fn facts(field: &Field, quote: &str) -> String {
    let mut facts = vec![type_of(field)];
    facts.extend(default_of(field).map(|default| match &*default {
        "required" => default,
        value => format!("default {quote}{value}{quote}"),
    }));
    if field.is_shorthand() {
        facts.push("may replace the table".to_owned());
    }
    facts.join("; ")
}

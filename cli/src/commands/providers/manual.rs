//! The description of one provider: a page for a terminal, a table for a program.

use std::{fmt::Write as _, io};

use authn::{
    Entry, Registry,
    options::{Field, Kind},
};
use console::Term;

use super::variable;
use crate::{
    app::App,
    output::{self, Output},
    style::{BOLD, Table, prose, wrapped},
};

/// Longest line of an option's description, and of the last paragraph, in columns.
const WIDTHS: (usize, usize) = (76, 100);

pub(super) fn print(entry: &Entry, registry: &Registry, app: &App) -> io::Result<()> {
    if app.output.is_terminal() {
        return output::data(page(entry, registry, app));
    }
    let mut table = Table::new(&["OPTION", "TYPE", "DEFAULT", "SECRET", "VARIABLE", "DESCRIPTION"]);
    for (path, field) in entry.options() {
        let secret = if field.kind() == Kind::Secret { "secret" } else { "-" };
        table.row([
            path.clone(),
            field.value_type().name(),
            default(field).unwrap_or_else(|| "-".to_owned()),
            secret.to_owned(),
            variable(app, entry, &path),
            one_line(&field.doc()),
        ]);
    }
    app.output.table(&table)
}

fn page(entry: &Entry, registry: &Registry, app: &App) -> String {
    let (name, location) = (entry.name(), entry.location());
    let mut page = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(page, "{} ({})", app.output.styled(name, BOLD), location.package);
    let _ = writeln!(page, "\n{}\n", prose(&entry.doc(), columns()));
    let _ = writeln!(page, "Options in `[credentials.{name}]`, or in the environment:\n");
    let options = entry.options();
    for (path, field) in &options {
        option(&mut page, path, field, &app.output);
        let _ = writeln!(page, "    {}", variable(app, entry, path));
    }
    if options.iter().any(|(_, field)| field.kind() == Kind::Secret) {
        let _ = writeln!(page, "\n{}", references(registry));
    }
    let _ = writeln!(page, "\nStart with `{}`.", app.command_line(&format!("config init {name}")));
    let _ = writeln!(page, "Source: {}:{}", location.file, location.line);
    page
}

/// Returns the width of the paragraphs about the provider.
fn columns() -> usize {
    let size = Term::stdout().size_checked();
    size.map_or(WIDTHS.1, |(_, columns)| WIDTHS.1.min(columns.into()))
}

/// Returns a paragraph about references to secrets.
fn references(registry: &Registry) -> String {
    let (places, ends): (Vec<String>, Vec<String>) = registry
        .references()
        .map(|(kind, target)| {
            let is_list = target.starts_with('[');
            let target = if is_list { target.to_owned() } else { format!("\"{target}\"") };
            (format!("`{{ {kind} = {target} }}`"), format!("`__{}`", kind.to_uppercase()))
        })
        .unzip();
    let (places, ends) = (places.join(", "), ends.join(", "));
    let (ends, last) = ends.rsplit_once(", ").unwrap_or_default();
    let text = format!(
        "A secret is a string or a reference: {places}. In the environment, a reference is a variable of \
         that name with the suffix {ends} or {last}."
    );
    wrapped(&text, columns())
}

fn option(page: &mut String, path: &str, field: &Field, output: &Output) {
    let mut facts = vec![field.value_type().name()];
    facts.extend(default(field).map(|default| match &*default {
        "required" => default,
        value => format!("default {value}"),
    }));
    if field.is_shorthand() {
        facts.push("may replace the table".to_owned());
    }
    let _ = writeln!(page, "{}  {}", output.styled(path, BOLD), facts.join("; "));
    for line in wrapped(&one_line(&field.doc()), WIDTHS.0.min(columns().saturating_sub(4))).lines()
    {
        let _ = writeln!(page, "    {line}");
    }
}

fn default(field: &Field) -> Option<String> {
    if field.is_required() {
        return Some("required".to_owned());
    }
    field.default().map(|view| view.to_string())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! The description of tables and options: a page for a terminal, rows for a program.

use std::{fmt::Write as _, io};

use authn::{
    Entry, Registry,
    options::{Field, Kind},
    reference::TableDescription,
};

use super::{default_of, facts, type_of, variable};
use crate::{
    app::App,
    output::{self, Output, columns_of_data},
    style::{BOLD, Table, hanging, prose, wrapped},
};

/// Longest line of an option's description, and of the last paragraph, in columns.
const WIDTHS: (usize, usize) = (76, 100);

/// Prints tables, or one option.
pub(super) fn print(
    tables: &[TableDescription],
    registry: &Registry,
    app: &App,
    is_option: bool,
) -> io::Result<()> {
    if !app.output.is_terminal() {
        return rows(tables, app, TableDescription::key_of);
    }
    let mut page = String::new();
    for table in tables {
        if !page.is_empty() {
            page.push('\n');
        }
        // Writing to a string can't fail.
        if !is_option {
            let _ = writeln!(page, "{}\n", app.output.styled(&table.key, BOLD));
            let _ = writeln!(page, "{}", prose(&table.doc, columns()));
            if !table.options.is_empty() {
                let _ = writeln!(page, "\nOptions, and their environment variables:\n");
            }
        }
        options(&mut page, table, app, |path| table.key_of(path));
    }
    close(&mut page, tables, registry);
    output::data(page)
}

/// Prints the table of a provider.
pub(in crate::commands) fn print_provider(
    table: &TableDescription,
    entry: &Entry,
    registry: &Registry,
    app: &App,
) -> io::Result<()> {
    if !app.output.is_terminal() {
        return rows(std::slice::from_ref(table), app, |_, path| path.to_owned());
    }
    let (name, location) = (entry.name(), entry.location());
    let mut page = String::new();
    let _ = writeln!(page, "{} ({})", app.output.styled(name, BOLD), location.package);
    let _ = writeln!(page, "\n{}\n", prose(&table.doc, columns()));
    let heading = format!("Options in `[{}]`, or in the environment:", table.key);
    let _ = writeln!(page, "{}\n", wrapped(&heading, columns()));
    options(&mut page, table, app, str::to_owned);
    close(&mut page, std::slice::from_ref(table), registry);
    let _ = writeln!(page, "\nStart with `{}`.", app.command_line(&format!("config init {name}")));
    let _ = writeln!(page, "Source: {}:{}", location.file, location.line);
    output::data(page)
}

/// Prints a row for each option.
fn rows(
    tables: &[TableDescription],
    app: &App,
    shown: impl Fn(&TableDescription, &str) -> String,
) -> io::Result<()> {
    let mut rows = Table::new(&["KEY", "TYPE", "DEFAULT", "SECRET", "VARIABLE", "DESCRIPTION"]);
    for table in tables {
        for (path, field) in &table.options {
            let secret = if field.kind() == Kind::Secret { "secret" } else { "-" };
            rows.row([
                shown(table, path),
                type_of(field),
                default_of(field).unwrap_or_else(|| "-".to_owned()),
                secret.to_owned(),
                variable(app, &table.key_of(path)),
                one_line(&field.doc()),
            ]);
        }
    }
    app.output.table(&rows)
}

fn options(page: &mut String, table: &TableDescription, app: &App, shown: impl Fn(&str) -> String) {
    for (path, field) in &table.options {
        option(page, &shown(path), field, &app.output);
        let _ = writeln!(page, "    {}", variable(app, &table.key_of(path)));
    }
}

fn option(page: &mut String, key: &str, field: &Field, output: &Output) {
    let label = format!("{}  ", output.styled(key, BOLD));
    let _ = writeln!(page, "{}", hanging(&label, &facts(field, ""), columns()));
    for line in wrapped(&one_line(&field.doc()), WIDTHS.0.min(columns().saturating_sub(4))).lines()
    {
        let _ = writeln!(page, "    {line}");
    }
}

/// Adds what is common to options of some types.
fn close(page: &mut String, tables: &[TableDescription], registry: &Registry) {
    let options = || tables.iter().flat_map(|table| &table.options);
    if options().any(|(_, field)| field.kind() == Kind::Secret) {
        let _ = writeln!(page, "\n{}", wrapped(&references(registry), columns()));
    }
}

/// Returns a paragraph about references to secrets.
pub(super) fn references(registry: &Registry) -> String {
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
    format!(
        "A secret is a string or a reference: {places}. In the environment, a reference is a variable of \
         that name with the suffix {ends} or {last}."
    )
}

/// Returns the width of the paragraphs.
fn columns() -> usize {
    columns_of_data().map_or(WIDTHS.1, |columns| WIDTHS.1.min(columns))
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

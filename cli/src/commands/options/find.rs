//! Finds the tables or the option that a name means.

use authn::{Registry, config::nearest, reference::TableDescription};

use crate::{
    app::App,
    exit::{Code, Failure},
    style::visible,
};

/// What a name means.
pub(super) struct Found {
    /// The tables, each with the options that are meant.
    pub(super) tables: Vec<TableDescription>,
    /// Whether one option was named.
    pub(super) is_option: bool,
}

pub(super) fn find(
    app: &App,
    tables: &[TableDescription],
    registry: &Registry,
    name: &str,
) -> Result<Found, Failure> {
    let name = without_profile(name);
    let whole = |tables: Vec<TableDescription>| Found { tables, is_option: false };
    if let Some(table) = tables.iter().find(|table| !table.key.is_empty() && table.key == name) {
        // A section without options of its own consists of its tables.
        let below = |other: &&TableDescription| {
            table.options.is_empty() && other.key.starts_with(&format!("{name}."))
        };
        let below = tables.iter().filter(below);
        return Ok(whole(std::iter::once(table).chain(below).cloned().collect()));
    }
    if registry.get(name).is_some() {
        let key = format!("credentials.{name}");
        return Ok(whole(tables.iter().filter(|table| table.key == key).cloned().collect()));
    }
    let full = [name.to_owned(), format!("credentials.{name}")];
    for key in &full {
        if let Some(found) = option(tables, key) {
            return Ok(found);
        }
    }
    let keys = || {
        let options = tables
            .iter()
            .flat_map(|table| table.options.iter().map(|(path, _)| table.key_of(path)));
        tables.iter().map(|table| table.key.clone()).chain(options)
    };
    let end = format!(".{name}");
    let all: Vec<String> = keys().collect();
    let ending: Vec<&str> =
        all.iter().map(String::as_str).filter(|key| key.ends_with(&end)).collect();
    let options = app.command_line("options");
    let help = match (ending.as_slice(), nearest(name, all.iter().map(String::as_str))) {
        ([one], _) => format!("did you mean `{one}`?"),
        ([first, second, ..], _) => {
            format!("write the whole key, such as `{first}` or `{second}`")
        }
        ([], Some(near)) => format!("did you mean `{near}`?"),
        ([], None) => format!("run `{options}` to list all sections"),
    };
    let message = format!("there is no section, provider or option `{}`", visible(name));
    Err(Failure::new(Code::Configuration, message).with_help(help))
}

/// Returns the option with this key, and those of the tables in it.
fn option(tables: &[TableDescription], key: &str) -> Option<Found> {
    let is_meant = |own: &str| {
        own.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    tables.iter().find_map(|table| {
        let options: Vec<_> = table
            .options
            .iter()
            .filter(|(path, _)| is_meant(&table.key_of(path)))
            .cloned()
            .collect();
        let found = TableDescription { options, ..table.clone() };
        (!found.options.is_empty()).then(|| Found { tables: vec![found], is_option: true })
    })
}

/// Returns the key without the profile that it is in.
fn without_profile(key: &str) -> &str {
    let rest = key.strip_prefix("profile.").and_then(|rest| rest.split_once('.'));
    rest.map_or(key, |(_, key)| key)
}

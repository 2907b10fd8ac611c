//! `config show`: what counts, value by value, with origin and without a secret.

use authn::{
    View,
    config::{Provenance, Setting, nearest},
};

use super::{document::Document, place::Places, shown};
use crate::{
    app::App,
    commands::active,
    exit::{Code, Failure},
    output,
    style::Table,
};

/// What `config show` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A secret is `(set)` or `(not set)`; what nobody has said may be shown is `(hidden)`. What stands in a \
project's file that nobody has trusted is `(withheld)`: it is not in force.

On a terminal the columns are aligned under headings; otherwise the rows are printed alone, with a tab \
between KEY, VALUE and ORIGIN. A configuration that is wrong is shown all the same: what is wrong is \
said on standard error, and the exit code is 0.")]
pub(crate) struct Arguments {
    /// Print this key's bare value, or the rows of the keys below it
    key: Option<String>,

    /// Add a row for each value that is overridden
    #[arg(long)]
    all_layers: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let config = app.loader().read();
    let output = &app.output;
    let all = config.settings();
    let asked = arguments.key.as_deref().map_or(Ok(all.clone()), |key| find(&all, key));
    if !arguments.json {
        output.problems(config.problems());
    }
    let settings = asked?;
    if arguments.json {
        return Ok(output::json(&Document::new(&config, &settings))?);
    }
    if let ([setting], Some(key), false) =
        (settings.as_slice(), &arguments.key, arguments.all_layers)
        && setting.key == *key
    {
        return Ok(output::line(&bare(setting))?);
    }
    if arguments.key.is_none() {
        output::tell(&active(&config));
    }
    Ok(output.table(&table(&settings, &Places::new(&config), arguments.all_layers))?)
}

/// Finds the setting of a key, or the settings below it.
fn find(settings: &[Setting], key: &str) -> Result<Vec<Setting>, Failure> {
    let exactly = |setting: &&Setting| setting.key == key;
    let active = settings.iter().filter(|setting| !setting.is_withheld).find(exactly);
    if let Some(setting) = active.or_else(|| settings.iter().find(exactly)) {
        return Ok(vec![setting.clone()]);
    }
    let below =
        |setting: &Setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let found: Vec<Setting> = settings.iter().filter(|setting| below(setting)).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let help = match likely(settings, key) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`authn config show` lists the keys there are".to_owned(),
    };
    let message = format!("there is no key `{key}` here");
    Err(Failure::new(Code::Configuration, message).with_help(help))
}

/// Returns the key that was most likely meant: one that ends so, or one that is spelt alike.
fn likely<'a>(settings: &'a [Setting], key: &str) -> Option<&'a str> {
    let keys = || settings.iter().map(|setting| setting.key.as_str());
    let end = format!(".{key}");
    keys().find(|candidate| candidate.ends_with(&end)).or_else(|| nearest(key, keys()))
}

fn table(settings: &[Setting], places: &Places, all_layers: bool) -> Table {
    let mut table = Table::new(&["KEY", "VALUE", "ORIGIN"]);
    for setting in settings {
        let cells = [setting.key.clone(), shown(setting), places.of(setting, !all_layers)];
        table.row_if(setting.provenance == Provenance::Default || setting.is_withheld, cells);
        for provenance in setting.overrides.iter().filter(|_| all_layers) {
            let overridden = "(overridden)".to_owned();
            table.row_if(true, [setting.key.clone(), overridden, places.provenance(provenance)]);
        }
    }
    table
}

/// A value as a script takes it: a text as it is.
fn bare(setting: &Setting) -> String {
    match setting.shown() {
        View::Text(text) => text,
        _ => shown(setting),
    }
}

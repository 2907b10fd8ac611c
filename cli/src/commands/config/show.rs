//! `config show`: what is in force, value by value, with origin and without a secret.

use authn::{
    View,
    config::{Class, Setting, nearest},
};

use super::{document::Document, place::Places};
use crate::{
    commands::in_force,
    exit::{Code, Failure},
    output,
    session::Session,
    table::Table,
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

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let config = session.loader().read();
    let output = &session.output;
    let all = config.settings();
    let asked = arguments.key.as_deref().map_or(Ok(all.clone()), |key| find(&all, key));
    if !arguments.json {
        for problem in config.problems() {
            output.problem(problem);
        }
    }
    let settings = asked?;
    if arguments.json {
        return output::json(&Document::new(&config, &settings));
    }
    if let ([setting], Some(key), false) =
        (settings.as_slice(), &arguments.key, arguments.all_layers)
        && setting.key == *key
    {
        return output::line(&bare(setting));
    }
    if arguments.key.is_none() {
        output::tell(&in_force(&config));
    }
    output.table(&table(&settings, &Places::new(&config), arguments.all_layers))
}

/// Finds the setting of a key, or the settings below it.
fn find(settings: &[Setting], key: &str) -> Result<Vec<Setting>, Failure> {
    let exactly = |setting: &&Setting| setting.key == key;
    let in_force = settings.iter().filter(|setting| !setting.is_withheld).find(exactly);
    if let Some(setting) = in_force.or_else(|| settings.iter().find(exactly)) {
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

/// Gives the key that was most likely meant: one that ends so, or one that is spelt alike.
fn likely<'a>(settings: &'a [Setting], key: &str) -> Option<&'a str> {
    let keys = || settings.iter().map(|setting| setting.key.as_str());
    let end = format!(".{key}");
    keys().find(|candidate| candidate.ends_with(&end)).or_else(|| nearest(key, keys()))
}

fn table(settings: &[Setting], places: &Places, all_layers: bool) -> Table {
    let mut table = Table::new(&["KEY", "VALUE", "ORIGIN"]);
    for setting in settings {
        let cells = [setting.key.clone(), shown(setting), places.of(setting, !all_layers)];
        if setting.origin == authn::config::Origin::Default || setting.is_withheld {
            table.faint_row(cells);
        } else {
            table.row(cells);
        }
        for origin in setting.overrides.iter().filter(|_| all_layers) {
            let overridden = "(overridden)".to_owned();
            table.faint_row([setting.key.clone(), overridden, places.origin(origin)]);
        }
    }
    table
}

/// A value as the table shows it: a text in quotes, whatever can't be shown in brackets.
fn shown(setting: &Setting) -> String {
    match (&setting.value, setting.class) {
        _ if setting.is_withheld => "(withheld)".to_owned(),
        (_, Class::Secret) if setting.is_set => View::Set.to_string(),
        (Some(view), Class::Plain) => view.to_string(),
        (_, Class::Plain | Class::Secret) => View::NotSet.to_string(),
        _ => View::Hidden.to_string(),
    }
}

/// A value as a script takes it: a text as it is.
fn bare(setting: &Setting) -> String {
    match &setting.value {
        Some(View::Text(text)) if setting.class == Class::Plain && !setting.is_withheld => {
            text.clone()
        }
        _ => shown(setting),
    }
}

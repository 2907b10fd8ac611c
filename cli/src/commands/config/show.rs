//! `config show`: each value with its origin, without secrets.

use authn::{
    View,
    config::{Problem, ProblemCode, Provenance, Setting, nearest},
};

use super::{document::Document, place::Places, shown};
use crate::{
    app::App,
    commands::active,
    exit::{Code, Failure},
    output,
    style::Table,
};

/// The arguments of `config show`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A secret is shown as `(set)` or `(not set)`. A value that no schema allows to be shown, such as that of an \
unknown key, is `(hidden)`. A value in a project's file that you have not trusted is `(withheld)`: it has no effect.

Options that have their defaults are left out, unless `--all` or a key asks for them; the JSON always has all. On a terminal, \
the output is a table with headings; if it is too narrow, the origins are cut, or below the rows, where `default` is left out. Otherwise, each row is a line of \
tab-separated columns: KEY, VALUE and ORIGIN. An invalid configuration is shown too: its problems go to standard error, and \
the exit code is 0.

Of one KEY, the bare value is printed. If it is not set and has no default, nothing is printed, and the exit code is 1.")]
pub(crate) struct Arguments {
    /// Print the bare value of this key, or the rows of the keys below it
    key: Option<String>,

    /// Also show the options that have their defaults
    #[arg(long)]
    all: bool,

    /// Add a row for each overridden value
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
    let asked = arguments.key.as_deref().map_or(Ok(all.clone()), |key| find(app, &all, key));
    if !arguments.json {
        output.problems(config.problems());
    }
    // None of the values would be those of the profile that was asked for.
    let is_unknown = |problem: &Problem| problem.code() == ProblemCode::UnknownProfile;
    if app.global.profile.is_some() && config.problems().iter().any(is_unknown) {
        if arguments.json {
            output.problems(config.problems());
        }
        return Err(Failure::Silent(Code::Configuration));
    }
    let mut settings = asked?;
    if arguments.json {
        return Ok(output::json(&Document::new(&config, &settings))?);
    }
    if let ([setting], Some(key), false) =
        (settings.as_slice(), &arguments.key, arguments.all_layers)
        && setting.key == *key
    {
        if setting.shown() == View::NotSet {
            return Err(Failure::Silent(Code::Other));
        }
        return Ok(output::line(&bare(setting))?);
    }
    if arguments.key.is_none() {
        output::message(&active(&config));
    }
    let count = settings.len();
    if arguments.key.is_none() && !arguments.all {
        settings.retain(|setting| !is_default(setting));
    }
    output.table(&table(&settings, &Places::new(&config, output), arguments.all_layers))?;
    match count - settings.len() {
        0 => {}
        1 => output::message("1 more option has its default (`--all`)"),
        more => output::message(&format!("{more} more options have their defaults (`--all`)")),
    }
    Ok(())
}

fn is_default(setting: &Setting) -> bool {
    setting.provenance == Provenance::Default && setting.overrides.is_empty()
}

/// Returns the setting of a key, or the settings below it.
fn find(app: &App, settings: &[Setting], key: &str) -> Result<Vec<Setting>, Failure> {
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
        None => format!("run `{}` to list all keys", app.command_line("config show")),
    };
    let message = format!("there is no key `{key}`");
    Err(Failure::new(Code::Configuration, message).with_help(help))
}

/// Returns the key that was most likely meant: one with this ending, or one with a similar spelling.
fn likely<'a>(settings: &'a [Setting], key: &str) -> Option<&'a str> {
    let keys = || settings.iter().map(|setting| setting.key.as_str());
    let end = format!(".{key}");
    keys().find(|candidate| candidate.ends_with(&end)).or_else(|| nearest(key, keys()))
}

fn table(settings: &[Setting], places: &Places, all_layers: bool) -> Table {
    let headings = &["KEY", "VALUE", "ORIGIN"];
    let mut table = Table::new(headings).giving_way("ORIGIN").usually("default").breaking("VALUE");
    for setting in settings {
        let cells = [setting.key.clone(), shown(setting), places.of(setting, !all_layers)];
        table.row_if(is_default(setting) || setting.is_withheld, cells);
        for overridden in setting.overrides.iter().filter(|_| all_layers) {
            let value = format!("{} (overridden)", overridden.value);
            let place = places.full(&overridden.provenance, overridden.profile.as_deref());
            table.row_if(true, [setting.key.clone(), value, place]);
        }
    }
    table
}

/// Returns a value for a script: a text without quotes.
fn bare(setting: &Setting) -> String {
    match setting.shown() {
        View::Text(text) => text,
        _ => shown(setting),
    }
}

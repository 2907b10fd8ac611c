//! `setup`: makes other tools call this program for their tokens, and removes that again.

mod context;
mod edit;
mod files;
mod links;
mod plan;
mod record;
mod tools;
mod undo;

use clap::builder::PossibleValuesParser;

use crate::{
    app::App,
    ask,
    exit::{Code, Failure},
    output,
    style::{Table, visible},
    waiting,
};
use context::Context;
use record::Record;
use tools::Tool;
use undo::Undo;

/// The arguments of `setup`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("../setup.txt"))]
pub(crate) struct Arguments {
    /// Tool to set up; without it, the tools are listed
    #[arg(value_parser = PossibleValuesParser::new(tools::ALL.iter().map(|tool| tool.name)))]
    tool: Option<String>,

    /// Remove what was written for the tool, and nothing else
    #[arg(long, requires = "tool")]
    undo: bool,

    /// Show what would change, and change nothing
    #[arg(long, requires = "tool")]
    dry_run: bool,

    /// Change the files without asking
    #[arg(long, requires = "tool", conflicts_with = "dry_run")]
    yes: bool,

    /// Audience of the workload identity provider, for gcloud
    #[arg(long, value_name = "AUDIENCE", requires = "tool", conflicts_with = "undo")]
    audience: Option<String>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let name = arguments.tool.as_deref();
    match tools::ALL.iter().find(|tool| Some(tool.name) == name) {
        None => list(app),
        Some(tool) if arguments.undo => undo(app, tool, arguments),
        Some(tool) => set_up(app, tool, arguments),
    }
}

fn set_up(app: &App, tool: &Tool, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.audience.is_some() && tool.name != "gcloud" {
        return Err(
            Failure::new(Code::Usage, "`--audience` is for gcloud").with_help("leave it out")
        );
    }
    let (config, credentials) = waiting::load(app)?;
    let origins = credentials.origins();
    if origins.is_empty() && tool.needs_origins {
        let message =
            "the credentials are bound to no origin, so there is no host to set a tool up for";
        let help = if credentials.discovers_origins() {
            let token = app.command_line("token");
            format!("run `{token}`, which discovers them, and run the command again")
        } else {
            "set `credentials.domain` or `credentials.origins`, and run the command again"
                .to_owned()
        };
        return Err(Failure::new(Code::Configuration, message).with_help(help));
    }
    let mut context = Context::new(app, &config, origins)?;
    context.audience.clone_from(&arguments.audience);
    let mut plan = (tool.plan)(&context)?;
    let notes = std::mem::take(&mut plan.notes);
    let others = others(app, tool)?;
    let changes = plan.changes(&Record::read(app, tool.name)?, &others)?;
    if changes.is_empty() {
        output::message(&format!("{} is already set up; nothing has changed", tool.name));
        return Ok(());
    }
    output::data(changes.difference())?;
    if arguments.dry_run {
        return Ok(());
    }
    confirm(app, tool, arguments, "Write this?")?;
    changes.write(app, tool.name, &others)?;
    output::message(&format!("{} is set up", tool.name));
    for note in notes {
        output::message(&note);
    }
    Ok(())
}

fn undo(app: &App, tool: &Tool, arguments: &Arguments) -> Result<(), Failure> {
    if app.global.profile.is_some() {
        let undo = app.without_profile().command_line(&format!("setup {} --undo", tool.name));
        let message =
            "`--undo` removes what was written for all profiles, so `--profile` can't choose one";
        return Err(Failure::new(Code::Usage, message).with_help(format!("run `{undo}`")));
    }
    let record = Record::read(app, tool.name)?;
    if record.is_empty() {
        output::message(&format!("{} is not set up; nothing has changed", tool.name));
        return Ok(());
    }
    let others = others(app, tool)?;
    let undo = Undo::of(&record, &others);
    output::data(undo.difference())?;
    if arguments.dry_run {
        return Ok(());
    }
    confirm(app, tool, arguments, "Remove this?")?;
    let left = undo.carry_out()?;
    Record::default().write(app, tool.name)?;
    for path in left.0 {
        let path = visible(&path.display().to_string());
        app.output.warning(
            &format!("{path} was changed since, so a part of it was left as it is"),
            Some("look at the file, and remove the rest by hand"),
        );
    }
    output::message(&format!("{} is no longer set up", tool.name));
    Ok(())
}

fn confirm(app: &App, tool: &Tool, arguments: &Arguments, question: &str) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    if ask::can_ask() {
        if ask::confirm(question, false)? {
            return Ok(());
        }
        output::message("nothing has changed");
        return Err(Failure::Silent(Code::Other));
    }
    let undo = if arguments.undo { " --undo" } else { "" };
    let yes = app.command_line(&format!("setup {}{undo} --yes", tool.name));
    Err(Failure::new(Code::Usage, "there is no terminal to ask at")
        .with_help(format!("run `{yes}` if you agree to the change")))
}

fn list(app: &App) -> Result<(), Failure> {
    let mut table = Table::new(&["TOOL", "STATE", "USES"]).breaking("USES");
    for tool in tools::ALL {
        table.row([tool.name.into(), state(app, tool)?.into(), tool.about.into()]);
    }
    Ok(app.output.table(&table)?)
}

/// Returns whether everything is there that was written for a tool.
fn state(app: &App, tool: &Tool) -> Result<&'static str, Failure> {
    let record = Record::read(app, tool.name)?;
    if record.is_empty() {
        return Ok("-");
    }
    let is_there = |file: &record::FileRecord| {
        authn::TextFile::read(&file.path)
            .is_ok_and(|now| file.steps.iter().all(|step| step.is_in(now.text())))
    };
    let is_whole =
        record.files.iter().all(is_there) && record.links.iter().all(record::Link::is_ours);
    Ok(if is_whole { "set up" } else { "incomplete" })
}

/// Returns the records of the other tools.
fn others(app: &App, tool: &Tool) -> Result<Vec<Record>, Failure> {
    let others = tools::ALL.iter().filter(|other| other.name != tool.name);
    others.map(|other| Record::read(app, other.name)).collect()
}

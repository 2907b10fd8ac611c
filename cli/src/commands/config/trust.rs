//! `config trust`: shows what a project's file would set, asks, and records that its user trusts it.

use authn::config::{Project, SourceState};

use super::claims;
use crate::{
    app::App,
    ask,
    exit::{Code, Failure},
    output,
    style::visible,
};

/// What `config trust` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A project's file (`.authn.toml`, the nearest from the working folder up to the repository's root) comes from \
whoever wrote the project. Until you trust it, it may choose one of your profiles and nothing else: nothing is \
sent, opened or run because of it.

Trust is for the file at this path with exactly these bytes. After any change, in a copy, or behind another \
symbolic link, it is asked for anew. It is recorded in your folder for state, as \
`~/.local/state/authn/trust`; nothing in the file can grant it, nor can a variable or an option of the \
configuration.

What the file would set is shown on standard error. Exit code 1 means that you said no; 2 that there was \
nobody to ask; 3 that there is no such file, or that it can't be read.")]
pub(crate) struct Arguments {
    /// Forget that it is trusted, also if the file is gone
    #[arg(long, conflicts_with = "yes")]
    revoke: bool,

    /// Trust it without being asked: for scripts whose author has read the file
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if app.global.no_project {
        return Err(Failure::new(Code::Usage, "`--no-project` leaves nothing to trust")
            .with_help("leave it out"));
    }
    if arguments.revoke {
        return revoke(app);
    }
    let project = app.loader().project().ok_or_else(|| absent(app))?;
    let path = visible(&project.path().display().to_string());
    app.output.problems(project.problems());
    match project.state() {
        SourceState::Trusted => {
            output::tell(&format!("{path} is trusted already, as it is"));
            return Ok(());
        }
        SourceState::Failed => {
            let message = format!("{path} can't be trusted as long as it can't be read");
            let help = format!("mend it: `{}`", app.command_line("config edit --project"));
            return Err(Failure::new(Code::Configuration, message).with_help(help));
        }
        _ => {}
    }
    show(app, &project, &path);
    if !arguments.yes && !agrees(app)? {
        output::tell(&format!("{path} is not trusted"));
        return Err(Failure::Silent(Code::Other));
    }
    project.trust()?;
    let check = app.command_line("config check");
    output::tell(&format!(
        "{path} is trusted, until a byte of it changes; `{check}` tells what is wrong with it"
    ));
    Ok(())
}

/// Shows everything in the file, and after it, above the question, what it reaches for.
fn show(app: &App, project: &Project, path: &str) {
    let settings = project.settings();
    let colour = app.output.stderr_colour();
    if project.state() == SourceState::Changed {
        app.output.warning(&format!("{path} has changed since you trusted it"));
    }
    if settings.is_empty() {
        output::tell(&format!("{path} sets nothing"));
        return;
    }
    output::tell(&format!("{path} would set:\n"));
    output::tell(&claims::settings(settings).shown(colour, None));
    if let Some(named) = claims::named(settings) {
        output::tell("With that it names:\n");
        output::tell(&named.shown(colour, None));
    }
    match claims::hidden(settings) {
        0 => {}
        1 => app.output.warning("1 value is hidden, because it is not known: look at the file"),
        count => app.output.warning(&format!(
            "{count} values are hidden, because they are not known: look at the file"
        )),
    }
}

fn agrees(app: &App) -> Result<bool, Failure> {
    if ask::can_ask() {
        return ask::yes("Trust this file?", false);
    }
    let [asking, yes] = ["config trust", "config trust --yes"].map(|line| app.command_line(line));
    Err(Failure::new(Code::Usage, "there is no terminal, so nobody can be asked").with_help(
        format!("run `{asking}` in a terminal, or `{yes}` if you have read what it would set"),
    ))
}

fn revoke(app: &App) -> Result<(), Failure> {
    let revoked = app.loader().revoke_trust()?;
    for path in &revoked {
        output::tell(&format!("{} is trusted no longer", visible(&path.display().to_string())));
    }
    if revoked.is_empty() {
        output::tell(&format!("nothing was trusted: {}", looked(app)));
    }
    Ok(())
}

fn absent(app: &App) -> Failure {
    let message = format!("there is no project's file: {}", looked(app));
    let help =
        "go to the project's folder, or name any file with `--config FILE`, which needs no trust";
    Failure::new(Code::Configuration, message).with_help(help)
}

/// Says where a project's file was looked for.
fn looked(app: &App) -> String {
    let candidates = app.loader().project_candidates();
    let shown = |path: &std::path::Path| visible(&path.display().to_string());
    match candidates.as_slice() {
        [] => "there is no working folder".to_owned(),
        [one] => format!("looked for {}", shown(one)),
        [first, .., last] => {
            format!("looked for {}, and in each folder up to {}", shown(first), shown(last))
        }
    }
}

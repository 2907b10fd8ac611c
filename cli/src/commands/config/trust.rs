//! `config trust`: shows what a project's file would set, asks the user, and records the trust.

use authn::config::{Project, SourceState};

use super::claims;
use crate::{
    app::App,
    ask,
    exit::{Code, Failure},
    output,
    style::visible,
};

/// The arguments of `config trust`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A project's file is the nearest `.authn.toml` from the working folder up to the repository's root. It was written \
by the project's author. Until you trust it, it can only choose one of your profiles: nothing is sent, opened or run \
because of it.

Trust applies to the file at this path with exactly this content. After any change, in a copy, or behind another \
symbolic link, the file must be trusted again. Trust is recorded in your state directory, such as \
`~/.local/state/authn/trust`. Nothing in the file can grant trust, nor can a variable or an option of the \
configuration.

The settings of the file are shown on standard error. The exit code is 1 if you said no, 2 if there is no terminal \
to ask at, and 3 if there is no such file or it can't be read.")]
pub(crate) struct Arguments {
    /// Revoke the trust, even if the file no longer exists
    #[arg(long, conflicts_with = "yes")]
    revoke: bool,

    /// Trust the file without asking, for scripts whose author has read it
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if app.global.no_project {
        return Err(Failure::new(Code::Usage, "`config trust` can't be used with `--no-project`")
            .with_help("leave out `--no-project`"));
    }
    if arguments.revoke {
        return revoke(app);
    }
    let project = app.loader().project().ok_or_else(|| absent(app))?;
    let path = visible(&project.path().display().to_string());
    app.output.problems(project.problems());
    match project.state() {
        SourceState::Trusted => {
            output::message(&format!("{path} is already trusted"));
            return Ok(());
        }
        SourceState::Failed => {
            let message = format!("{path} can't be trusted, because it can't be read");
            let help = format!("run `{}` to fix it", app.command_line("config edit --project"));
            return Err(Failure::new(Code::Configuration, message).with_help(help));
        }
        _ => {}
    }
    show(app, &project, &path);
    if !arguments.yes && !confirm(app)? {
        output::message(&format!("{path} is not trusted"));
        return Err(Failure::Silent(Code::Other));
    }
    project.trust()?;
    let check = app.command_line("config check");
    output::message(&format!("{path} is trusted until it changes; run `{check}` to check it"));
    Ok(())
}

/// Shows all settings of the file, and after them the things that it refers to.
fn show(app: &App, project: &Project, path: &str) {
    let settings = project.settings();
    let colour = app.output.stderr_colour();
    if project.state() == SourceState::Changed {
        app.output.warning(&format!("{path} has changed since you trusted it"), None);
    }
    if settings.is_empty() {
        output::message(&format!("{path} sets nothing"));
        return;
    }
    output::message(&format!("{path} would set:\n"));
    output::message(&claims::settings(settings, project.path()).shown(colour, None));
    if let Some(named) = claims::named(settings, project.path()) {
        output::message("It refers to:\n");
        output::message(&named.shown(colour, None));
    }
    let warning = match claims::hidden(settings) {
        0 => return,
        1 => "1 value is hidden, because it is unknown or invalid".to_owned(),
        count => format!("{count} values are hidden, because they are unknown or invalid"),
    };
    app.output.warning(&warning, Some("read the file before you trust it"));
}

fn confirm(app: &App) -> Result<bool, Failure> {
    if ask::can_ask() {
        return ask::confirm("Trust this file?", false);
    }
    let [asking, yes] = ["config trust", "config trust --yes"].map(|line| app.command_line(line));
    Err(Failure::new(Code::Usage, "there is no terminal to ask at").with_help(format!(
        "run `{asking}` in a terminal, or `{yes}` if you have read the settings above"
    )))
}

fn revoke(app: &App) -> Result<(), Failure> {
    let revoked = app.loader().revoke_trust()?;
    for path in &revoked {
        output::message(&format!("{} is no longer trusted", visible(&path.display().to_string())));
    }
    if revoked.is_empty() {
        output::message(&format!("no file was trusted: {}", looked(app)));
    }
    Ok(())
}

fn absent(app: &App) -> Failure {
    let message = format!("there is no project file: {}", looked(app));
    let help = "change to the project's folder, or use `--config FILE`, which needs no trust";
    Failure::new(Code::Configuration, message).with_help(help)
}

/// Returns where the project's file was looked for.
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

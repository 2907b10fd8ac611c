//! `config edit`: opens a configuration in the user's editor, and checks it afterwards.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use authn::config::{Problem, Provenance, Severity, SourceState};

use super::{editor, init};
use crate::{
    app::App,
    ask,
    exit::{Code, Failure},
    output,
    style::visible,
};

/// What `config edit` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The file is your own, that of `--config`, or with `--project` the project's. One that is not there begins with \
a few comments, readable by you alone; if you save nothing else, it is removed again.

The editor is VISUAL, else EDITOR, else `editor`, `nano` or `vi`. The variable may have options, split as a \
shell splits words: at blanks, with '…', \"…\" and backslashes; nothing is expanded, and no shell is run. An \
editor with a window must wait until the file is closed, as with `VISUAL='code --wait'`. Without a terminal, one of \
the two variables must be set.

What is wrong is shown with its line, and in a terminal you are asked whether to edit again. What you have \
saved stays, whatever is wrong with it; the exit code is then 3. After a change, a project's file must be \
trusted anew.")]
pub(crate) struct Arguments {
    /// Open the project's file, or begin one at the repository's root
    #[arg(long)]
    project: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if !ask::can_ask() && !editor::is_named() {
        let message = "there is no terminal for an editor, and neither VISUAL nor EDITOR names one that \
                       needs none";
        return Err(Failure::new(Code::Usage, message).with_help(format!(
            "run it in a terminal, or write the file: `{}` tells where it is",
            app.command_line("config path")
        )));
    }
    let path = if arguments.project { project(app)? } else { init::target(app)? };
    let shown = visible(&path.display().to_string());
    let start = Start::make(&path, app)?;
    loop {
        let edited = editor::open(&path);
        if start.as_ref().is_some_and(|start| start.abandon(&path)) {
            output::tell("nothing was saved, so there is no file");
            return edited;
        }
        edited?;
        if !path.exists() {
            output::tell(&format!("{shown} is gone"));
            return Ok(());
        }
        let errors = check(app, &path, arguments.project);
        if errors == 0 {
            tell_end(app, &shown, arguments.project);
            return Ok(());
        }
        if !ask::can_ask() || !ask::yes("Edit it again?", true)? {
            let count =
                if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
            let message = format!("{shown} has {count}");
            let help = format!("it stays as you have saved it: `{}`", command(app, arguments));
            return Err(Failure::new(Code::Configuration, message).with_help(help));
        }
    }
}

fn command(app: &App, arguments: &Arguments) -> String {
    let line = app.command_line("config edit");
    match &app.global.config {
        _ if arguments.project => line + " --project",
        Some(path) => format!("{line} --config {}", visible(&path.display().to_string())),
        None => line,
    }
}

/// The project's file, or where it would be: at the repository's root.
fn project(app: &App) -> Result<PathBuf, Failure> {
    if app.global.no_project {
        return Err(Failure::new(Code::Usage, "`--no-project` leaves no project's file to edit")
            .with_help("leave out one of the two flags"));
    }
    let loader = app.loader();
    let path = loader.project().map(|project| project.path().to_owned());
    path.or_else(|| loader.project_candidates().pop()).ok_or_else(|| {
        Failure::new(Code::Other, "there is no working folder").with_help("go to the project's")
    })
}

/// Shows what is wrong with the file, and counts its errors.
fn check(app: &App, path: &Path, is_project: bool) -> usize {
    // What a project's file is worth while it is not trusted is another question than whether it is right.
    let problems = if is_project {
        app.loader().project().map(|project| project.problems().to_vec()).unwrap_or_default()
    } else {
        app.loader().read().problems().to_vec()
    };
    let is_here = |problem: &&Problem| matches!(problem.provenance(), Some(Provenance::File { path: place, .. }) if place == path);
    let here: Vec<&Problem> = problems.iter().filter(is_here).collect();
    app.output.problems(here.iter().copied());
    here.iter().filter(|problem| problem.severity() == Severity::Error).count()
}

fn tell_end(app: &App, path: &str, is_project: bool) {
    if !is_project {
        output::tell(&format!("{path} has no error"));
        return;
    }
    let why = match app.loader().project().map(|project| project.state()) {
        Some(SourceState::Changed) => "has changed since you trusted it",
        Some(SourceState::Withheld) => "is not trusted",
        _ => {
            output::tell(&format!("{path} can be read, and is trusted"));
            return;
        }
    };
    let trust = app.command_line("config trust");
    app.output.warning(&format!(
        "{path} {why}, so it may choose a profile and nothing else: `{trust}` shows what it would set, and asks"
    ));
}

/// A file that was begun for the user to go on with.
struct Start {
    text: String,
    /// The folders that were made for it, the deepest first.
    folders: Vec<PathBuf>,
}

impl Start {
    /// Makes the file, unless it is there.
    fn make(path: &Path, app: &App) -> Result<Option<Self>, Failure> {
        if path.exists() {
            return Ok(None);
        }
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let folders = folders.take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        let text = text(app);
        init::write(path, &text).map_err(|error| {
            let shown = visible(&path.display().to_string());
            Failure::new(Code::Other, format!("{shown} can't be created ({})", error.kind()))
                .with_help("check the path and its permissions")
        })?;
        Ok(Some(Self { text, folders }))
    }

    /// Removes the file and its folders if nothing was saved in it; tells whether that was so.
    fn abandon(&self, path: &Path) -> bool {
        let is_untouched = match fs::read(path) {
            Ok(contents) => contents == self.text.as_bytes() && fs::remove_file(path).is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_untouched {
            // One in which there is something stays.
            self.folders.iter().all(|folder| fs::remove_dir(folder).is_ok());
        }
        is_untouched
    }
}

/// What a file begins with: comments alone.
fn text(app: &App) -> String {
    let [providers, init, show] =
        ["providers", "config init NAME", "config show"].map(|command| app.command_line(command));
    format!(
        "\
# `{providers}` lists the providers, and `{init}` prints the options of one.
# `{show}` tells what is in force.

# [credentials]
# domain = \"api.example.com\"     # requests to it are authorised, and no others

# [credentials.oauth]
# issuer_url = \"https://idp.example.com\"
# client_id = \"…\"
# client_secret = {{ file = \"/run/secrets/client\" }}

# [profile.staging.credentials]    # chosen by `--profile staging`
# domain = \"staging.example.com\"
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Global;

    #[test]
    fn a_start_is_a_configuration_with_and_without_its_comments() {
        let text = text(&App::new("authn", Global::default()));
        assert!(text.parse::<toml_edit::Document<String>>().unwrap().is_empty());
        let options = text.lines().skip(3).filter_map(|line| line.strip_prefix("# "));
        let options: Vec<&str> = options.collect();
        let document = options.join("\n").parse::<toml_edit::Document<String>>().unwrap();
        assert_eq!(document["credentials"]["oauth"].as_table().unwrap().len(), 3);
    }
}

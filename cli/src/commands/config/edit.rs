//! `config edit`: opens a configuration in the user's editor, and checks it afterwards.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use authn::{
    config::{Problem, Provenance, Severity, SourceState},
    diagnostic::{limit_help, reason},
};

use super::{editor, init};
use crate::{
    app::App,
    ask,
    exit::{Code, Failure},
    output,
    style::visible,
};

/// The arguments of `config edit`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Opens your own file, that of `--config`, or with `--project` the project's. A missing file is created with a few \
comments, for you alone; it is removed again if you save no change.

The editor is VISUAL, else EDITOR, else `editor`, `nano` or `vi`. The variable may contain options. It is split \
like in a shell, at blanks, with '…', \"…\" and backslashes; nothing is expanded, and no shell is run. A \
graphical editor must wait until the file is closed, such as `VISUAL='code --wait'`. Without a terminal, one of the \
two variables must be set.

Problems are shown with their lines, and in a terminal you are asked whether to edit again. Your changes stay \
saved even if they have errors; the exit code is then 3. A changed project's file must be trusted again.")]
pub(crate) struct Arguments {
    /// Open the project's file, or create it at the repository's root
    #[arg(long)]
    project: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if !ask::can_ask() && !editor::is_named() {
        let message = "there is no terminal for an editor, and neither VISUAL nor EDITOR is set";
        return Err(Failure::new(Code::Usage, message).with_help(format!(
            "run the command in a terminal, or edit the file yourself; `{}` lists its location",
            app.command_line("config path")
        )));
    }
    let path = if arguments.project { project(app)? } else { init::target(app)? };
    let shown = visible(&path.display().to_string());
    let draft = Draft::create(&path, app)?;
    loop {
        let edited = editor::open(&path);
        if draft.as_ref().is_some_and(|draft| draft.remove_if_unchanged(&path)) {
            output::message("nothing was saved, so there is no file");
            return edited;
        }
        edited?;
        if !path.exists() {
            output::message(&format!("{shown} no longer exists"));
            return Ok(());
        }
        let errors = check(app, &path, arguments.project);
        if errors == 0 {
            report_end(app, &shown, arguments.project);
            return Ok(());
        }
        if !ask::can_ask() || !ask::confirm("Edit it again?", true)? {
            let count =
                if errors == 1 { "an error".to_owned() } else { format!("{errors} errors") };
            let message = format!("{shown} has {count}");
            let help =
                format!("your changes are saved; run `{}` to fix them", command(app, arguments));
            return Err(Failure::new(Code::Configuration, message).with_help(help));
        }
    }
}

fn command(app: &App, arguments: &Arguments) -> String {
    app.command_line(if arguments.project { "config edit --project" } else { "config edit" })
}

/// Returns the project's file, or the path for a new one at the repository's root.
pub(super) fn project(app: &App) -> Result<PathBuf, Failure> {
    if app.global.no_project {
        return Err(Failure::new(Code::Usage, "`--project` can't be used with `--no-project`")
            .with_help("leave out one of the two flags"));
    }
    let loader = app.loader();
    let path = loader.project().map(|project| project.path().to_owned());
    path.or_else(|| loader.project_candidates().pop()).ok_or_else(|| {
        Failure::new(Code::Other, "there is no working folder")
            .with_help("change to the project's folder")
    })
}

/// Shows the problems of the file, and counts its errors.
fn check(app: &App, path: &Path, is_project: bool) -> usize {
    // Whether a project's file is trusted is another question than whether it is valid.
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

fn report_end(app: &App, path: &str, is_project: bool) {
    if !is_project {
        output::message(&format!("{path} has no errors"));
        return;
    }
    if !report_trust(app, path) {
        output::message(&format!("{path} can be read, and is trusted"));
    }
}

/// Warns of a project's file that is not trusted. Returns whether that is so.
pub(super) fn report_trust(app: &App, path: &str) -> bool {
    let why = match app.loader().project().map(|project| project.state()) {
        Some(SourceState::Changed) => "has changed since you trusted it",
        Some(SourceState::Withheld) => "is not trusted",
        _ => return false,
    };
    let trust = app.command_line("config trust");
    app.output.warning(
        &format!("{path} {why}, so it can only choose a profile"),
        Some(&format!("run `{trust}` to see what it would set, and to trust it")),
    );
    true
}

/// A new file with comments, which the user edits.
struct Draft {
    text: String,
    /// The folders that were created for it, the deepest first.
    folders: Vec<PathBuf>,
}

impl Draft {
    /// Creates the file, unless it exists.
    fn create(path: &Path, app: &App) -> Result<Option<Self>, Failure> {
        if path.exists() {
            return Ok(None);
        }
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let folders = folders.take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        let text = text(app);
        init::write(path, &text).map_err(|error| {
            let shown = visible(&path.display().to_string());
            Failure::new(Code::Other, format!("{shown} can't be created ({})", reason(&error)))
                .with_help(limit_help(&error).unwrap_or("check the path and its permissions"))
        })?;
        Ok(Some(Self { text, folders }))
    }

    /// Removes the file and its new folders if nothing was saved in it. Returns whether that was so.
    fn remove_if_unchanged(&self, path: &Path) -> bool {
        let is_untouched = match fs::read(path) {
            Ok(contents) => contents == self.text.as_bytes() && fs::remove_file(path).is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_untouched {
            // A folder that is not empty stays.
            self.folders.iter().all(|folder| fs::remove_dir(folder).is_ok());
        }
        is_untouched
    }
}

/// Returns the text of a new file: comments alone.
fn text(app: &App) -> String {
    let [providers, init, show] =
        ["providers", "config init NAME", "config show"].map(|command| app.command_line(command));
    format!(
        "\
# `{providers}` lists the providers, and `{init}` prints the options of one.
# `{show}` shows the active values.

# [credentials]
# domain = \"api.example.com\"     # only requests to this host are authorised

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
    use crate::{app::Global, program::Program};

    #[test]
    fn a_draft_is_a_configuration_with_and_without_its_comments() {
        let text = text(&App::new(Program::default(), Global::default()));
        assert!(text.parse::<toml_edit::Document<String>>().unwrap().is_empty());
        let options = text.lines().skip(3).filter_map(|line| line.strip_prefix("# "));
        let options: Vec<&str> = options.collect();
        let document = options.join("\n").parse::<toml_edit::Document<String>>().unwrap();
        assert_eq!(document["credentials"]["oauth"].as_table().unwrap().len(), 3);
    }
}

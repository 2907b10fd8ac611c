//! `completions`: prints a script by which a shell completes this program's command lines. The script asks the program.

mod answer;
mod values;

use clap_complete::{Shell, env::Shells};

pub(crate) use answer::answer;

use crate::{app::App, exit::Failure, output};

/// The variable by which a script asks, with the name of its shell.
const VARIABLE: &str = "_AUTHN_COMPLETE";

/// The arguments of `completions`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("help.txt"))]
pub(crate) struct Arguments {
    /// Shell to print the script for
    shell: Shell,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let program = app.program.started_as();
    let shell = arguments.shell.to_string();
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&shell) {
        shell.write_registration(VARIABLE, &program, &program, &program, &mut script)?;
    }
    if arguments.shell == Shell::Zsh {
        // Zsh calls the file itself as the function when a command line of the program is completed for the first time.
        let function = program.replace('-', "_");
        let first = format!(
            "\n[[ $funcstack[1] != _{program} ]] || _clap_dynamic_completer_{function} \"$@\"\n"
        );
        script.extend(first.into_bytes());
    }
    Ok(output::data(script)?)
}

//! `completions`: prints a script by which a shell completes this program's command lines.

use authn::Entry;
use clap::{Arg, Command, builder::PossibleValuesParser};
use clap_complete::Shell;

use crate::{app::App, exit::Failure, output};

/// The arguments of `completions`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("completions.txt"))]
pub(crate) struct Arguments {
    /// Shell to print the script for
    shell: Shell,
}

pub(super) fn run(app: &App, arguments: &Arguments, definition: Command) -> Result<(), Failure> {
    let names: Vec<&'static str> = app.providers()?.iter().map(Entry::name).collect();
    let mut command = with_names(definition, &names);
    let program = app.program.started_as();
    // If the name of bash's function has a hyphen, clap's generator mistakes parts of it for commands.
    let is_bash = arguments.shell == Shell::Bash;
    let name = if is_bash { program.replace('-', "_") } else { program.clone() };
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, &name, &mut script);
    // Bash calls the function for the program, whose name may differ from the function's.
    let [function, program] = [name, program].map(|name| format!("default {name}\n"));
    Ok(output::data(String::from_utf8_lossy(&script).replace(&function, &program))?)
}

/// Adds the providers' names to the arguments that take one. This is for completion alone: the error for an
/// unknown provider says more than clap's.
fn with_names(command: Command, names: &[&'static str]) -> Command {
    let with_names = |argument: Arg| argument.value_parser(PossibleValuesParser::new(names));
    command
        .mut_subcommand("providers", |providers| providers.mut_arg("name", with_names))
        .mut_subcommand("config", |config| {
            config.mut_subcommand("init", |init| init.mut_arg("provider", with_names))
        })
}

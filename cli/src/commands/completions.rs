//! `completions`: what a shell completes this program's command lines by.

use authn::{Entry, Registry};
use clap::{Arg, builder::PossibleValuesParser};
use clap_complete::Shell;

use crate::{args, exit::Failure, output, session::Session};

/// The arguments that take a provider's name: the commands down to them, and what they are called.
const PROVIDERS: [(&[&str], &str); 2] =
    [(&["providers"], "name"), (&["config", "init"], "provider")];

/// What `completions` takes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Write it where the shell looks for it:
  authn completions bash > ~/.local/share/bash-completion/completions/authn
  authn completions zsh > ~/.zfunc/_authn      # and in ~/.zshrc: fpath+=~/.zfunc, before compinit
  authn completions fish > ~/.config/fish/completions/authn.fish
  authn completions powershell >> $PROFILE
  authn completions elvish >> ~/.config/elvish/rc.elv

It is for the name that this program was started by. For bash and zsh it knows the providers that the \
program is linked with: write it anew after an update.")]
pub(crate) struct Arguments {
    /// The shell to write it for
    shell: Shell,
}

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let names: Vec<&'static str> = Registry::linked()?.iter().map(Entry::name).collect();
    let mut command = args::command(&session.app);
    for (path, argument) in PROVIDERS {
        command = with_values(command, path, argument, &names);
    }
    let mut script = Vec::new();
    let program = session.program();
    if arguments.shell != Shell::Bash {
        clap_complete::generate(arguments.shell, &mut command, program, &mut script);
        return output::data(script);
    }
    clap_complete::generate(arguments.shell, &mut command, function(&program), &mut script);
    output::data(registered(&String::from_utf8_lossy(&script), &program))
}

/// Gives the name of bash's function: with a hyphen in it, clap's generator takes parts of it for commands.
fn function(program: &str) -> String {
    program.replace('-', "_")
}

/// Has bash call the function for the program, whose name is another.
fn registered(script: &str, program: &str) -> String {
    let registers = |line: &&str| line.trim_start().starts_with("complete -F ");
    let line =
        |line: &str| match line.strip_suffix(&*function(program)).filter(|_| registers(&line)) {
            Some(start) => format!("{start}{program}\n"),
            None => format!("{line}\n"),
        };
    script.lines().map(line).collect()
}

/// Says which values an argument takes. It is for completion alone, since a wrong one has an error that says
/// more than clap's.
fn with_values(
    command: clap::Command,
    path: &[&'static str],
    argument: &'static str,
    values: &[&'static str],
) -> clap::Command {
    let Some((first, rest)) = path.split_first() else {
        let parser = PossibleValuesParser::new(values);
        return command.mut_arg(argument, |argument: Arg| argument.value_parser(parser));
    };
    command.mut_subcommand(first, |below| with_values(below, rest, argument, values))
}

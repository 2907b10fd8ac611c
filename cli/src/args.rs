//! The command line: subcommands, and the global flags, which may be before or after them.

use std::{ffi::OsString, fmt::Write as _};

use authn::Loader;
use clap::{
    ArgMatches, Args as _, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser,
    ValueEnum as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{app::Global, commands::Command};

const EXIT_CODES: &str = "\
Exit codes:
  0 success               3 invalid configuration  5 provider or network error
  1 other error           4 login required         130 interrupted
  2 invalid command line

Data goes to standard output, everything else to standard error.";

/// The commands by topic, in the order in which they are needed.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Configuration", &["config", "providers", "doctor"]),
    ("Sessions", &["login", "status", "logout", "stores"]),
    ("Tokens", &["token", "header"]),
    ("Shell integration", &["completions", "man"]),
];

/// Manage logins, tokens and their configuration
#[derive(Debug, Parser)]
#[command(name = "authn", version, subcommand_required = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Reads the command line; `app` is the application unless a flag says otherwise.
pub(crate) fn parse(app: &str, arguments: &[OsString]) -> Result<(Global, Command), clap::Error> {
    let matches = command(app).try_get_matches_from(arguments).map_err(without_stray_value)?;
    Ok((global(&matches)?, Arguments::from_arg_matches(&matches)?.command))
}

/// Returns the value of `--color` in a command line that can't be parsed, for its error message.
pub(crate) fn colour(arguments: &[OsString]) -> ColorChoice {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut choice = None;
    while let Some(argument) = arguments.next() {
        choice = match argument.strip_prefix("--color") {
            Some("") => arguments.next(),
            Some(rest) => rest.strip_prefix('='),
            None => choice,
        };
    }
    choice.and_then(|choice| ColorChoice::from_str(choice, false).ok()).unwrap_or_default()
}

/// Defines the command line of an application.
pub(crate) fn command(app: &str) -> clap::Command {
    let loader = Loader::app(app);
    let [profile, config, log, option] =
        ["PROFILE", "CONFIG", "LOG", "CREDENTIALS__DOMAIN"].map(|name| loader.variable(name));
    let after = format!(
        "\
Environment variables:
  {profile}, {config}, {log}, NO_COLOR,
  and one for each option of the configuration, such as {option}

{EXIT_CODES}"
    );
    let command = with_global(Arguments::command()).after_help(after);
    let listed = listed(&command);
    command.help_template(listed)
}

/// Returns the template of the help, with the commands by topic: clap would list all of them under one heading.
fn listed(command: &clap::Command) -> String {
    let (heading, literal) =
        (command.get_styles().get_header(), command.get_styles().get_literal());
    let names = GROUPS.iter().flat_map(|(_, names)| *names);
    let width = names.map(|name| name.len()).max().unwrap_or(0);
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (title, names) in GROUPS {
        let _ = writeln!(template, "\n{heading}{title}:{heading:#}");
        for command in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let (name, about) = (command.get_name(), command.get_about().cloned());
            let about = about.unwrap_or_default();
            let _ = writeln!(template, "  {literal}{name:width$}{literal:#}  {about}");
        }
    }
    template
        + &format!(
            "\nUse `--help` with a command for more about it.\n\n{heading}Options:{heading:#}\n{{options}}{{after-help}}\n"
        )
}

/// Adds the global flags to a command and all its subcommands.
///
/// Clap's own global arguments would drop a `--set` before the subcommand if there is one after it.
fn with_global(command: clap::Command) -> clap::Command {
    Global::augment_args(command).mut_subcommands(with_global)
}

fn global(matches: &ArgMatches) -> Result<Global, clap::Error> {
    let here = Global::from_arg_matches(matches)?;
    match matches.subcommand() {
        Some((_, below)) => Ok(here.and(global(below)?)),
        None => Ok(here),
    }
}

/// Hides an unexpected argument in the message: it may be part of a secret that the shell has split.
fn without_stray_value(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && !argument.starts_with('-')
    {
        error.insert(ContextKind::InvalidArg, ContextValue::String("(hidden)".to_owned()));
    }
    error
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn parsed(line: &str) -> Result<(Global, Command), clap::Error> {
        let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
        parse("authn", &arguments)
    }

    #[test]
    fn the_definition_is_consistent() {
        command("authn").debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_on_one_line() {
        let mut command = command("authn");
        let help = command.render_help().to_string();
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let name = below.get_name();
            let groups = GROUPS.iter().filter(|(_, names)| names.contains(&name));
            assert_eq!(groups.count(), 1, "{name} must be in one of `GROUPS`");
            let about = below.get_about().unwrap().to_string();
            let lines = help.lines().filter(|line| line.ends_with(&format!("  {about}")));
            let lines: Vec<&str> = lines.collect();
            let [line] = *lines else { panic!("{name}: {lines:?}\n{help}") };
            assert!(line.starts_with(&format!("  {name} ")) && line.len() <= 80, "{line}");
        }
    }

    #[test]
    fn global_flags_work_anywhere_and_add_up() {
        let line =
            "authn --set a=1 -v -p one config --set b=2 --no-project show --set c=3 -v -p two";
        let (global, _) = parsed(line).unwrap();
        assert_eq!(global.set, ["a=1", "b=2", "c=3"]);
        assert_eq!(global.profile.as_deref(), Some("two"));
        assert_eq!(global.verbose, 2);
        assert!(global.no_project);
        assert_eq!(global.config, None);
    }

    #[test]
    fn every_command_has_the_global_flags() {
        for command in [
            "config check",
            "config path",
            "config init x",
            "config edit",
            "config trust",
            "providers",
            "token",
            "header",
            "login",
            "status",
            "logout",
            "stores",
            "doctor",
            "completions bash",
            "man",
        ] {
            let (global, _) =
                parsed(&format!("authn {command} --app fdt --config x.toml")).unwrap();
            assert_eq!(global.app.as_deref(), Some("fdt"), "{command}");
            assert_eq!(global.config, Some(PathBuf::from("x.toml")), "{command}");
        }
    }

    #[test]
    fn an_application_name_is_not_a_path() {
        for bad in ["../x", "", "a.b", "a b", "ä"] {
            let arguments = ["authn", "--app", bad, "token"].map(OsString::from);
            let error = parse("authn", &arguments).map(|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn a_stray_argument_is_not_repeated() {
        for line in ["authn token s3cr3t", "authn --set credentials.jwt = s3cr3t token"] {
            let error = parsed(line).map(|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(!error.render().to_string().contains("s3cr3t"), "{error}");
        }
        let error = parsed("authn tokne").map(|_| ()).unwrap_err();
        assert!(error.render().to_string().contains("'token'"), "{error}");
    }

    #[test]
    fn colour_is_found_in_an_invalid_command_line() {
        for (line, choice) in [
            ("authn --color never tokne", ColorChoice::Never),
            ("authn --color=always tokne", ColorChoice::Always),
            ("authn --color=always --color never", ColorChoice::Never),
            ("authn --color perhaps", ColorChoice::Auto),
            ("authn --color", ColorChoice::Auto),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(colour(&arguments), choice, "{line}");
        }
    }
}

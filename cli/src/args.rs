//! The command line: subcommands, and the global flags, which may be before or after them.

use std::{ffi::OsString, fmt::Write as _, iter};

use authn::Loader;
use clap::{
    Arg, ArgMatches, Args as _, ColorChoice, FromArgMatches as _, Subcommand as _, ValueEnum as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    app::Global,
    commands::{self, Command},
    output::columns_of_data,
    own::OwnCommand,
    program::Program,
    style::{hanging, page},
};

/// The flag for JSON.
const JSON: &str = "--json";

const ABOUT: &str = "Manage logins, tokens and their configuration";

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    other error
  2    invalid command line
  3    invalid configuration
  4    login required
  5    provider or network error
  130  interrupted

Data goes to standard output, everything else to standard error. With `--json`, where a command has it, a failure is one JSON object there.";

/// The commands by topic, in the order in which they are needed.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Configuration", &["config", "options", "providers", "explain", "doctor"]),
    ("Sessions", &["login", "status", "logout", "stores"]),
    ("Tokens", &["token", "header", "exec"]),
    ("Other tools", &["setup"]),
    (
        "Called by other tools",
        &[
            "git-credential",
            "kubernetes-exec-credential",
            "cargo-credential",
            "docker-credential",
            "bazel-credential",
            "terraform-credentials",
            "keyring",
            "gcp-executable",
            "aws-credential-process",
        ],
    ),
    ("Shell integration", &["completions", "man"]),
];

/// A command to run.
pub(crate) enum Chosen<'a> {
    BuiltIn(Command),
    Own(&'a OwnCommand, &'a ArgMatches),
}

/// Returns the global flags and the command of a command line that was parsed by [`definition`].
pub(crate) fn chosen<'a>(
    own: &'a [OwnCommand],
    matches: &'a ArgMatches,
) -> Result<(Global, Chosen<'a>), clap::Error> {
    let global = global(matches)?;
    if let Some((name, matches)) = matches.subcommand()
        && let Some(own) = own.iter().find(|own| own.definition.get_name() == name)
    {
        return Ok((global, Chosen::Own(own, matches)));
    }
    Ok((global, Chosen::BuiltIn(Command::from_arg_matches(matches)?)))
}

/// Returns the value of `--color` in a command line that can't be parsed, for its error message.
pub(crate) fn colour(arguments: &[OsString]) -> ColorChoice {
    let choice = value_of(arguments, "--color");
    choice.and_then(|choice| ColorChoice::from_str(choice, false).ok()).unwrap_or_default()
}

/// Returns the last value of a global flag in a command line that is not parsed yet.
fn value_of<'a>(arguments: &'a [OsString], flag: &str) -> Option<&'a str> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut value = None;
    while let Some(argument) = arguments.next().filter(|argument| *argument != "--") {
        value = match argument.strip_prefix(flag) {
            Some("") => arguments.next(),
            Some(rest) => rest.strip_prefix('=').or(value),
            None => value,
        };
    }
    value
}

/// Returns whether a command line that can't be parsed has the flag `--json`.
pub(crate) fn has_json_flag(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == JSON)
}

/// Returns whether the command has the flag `--json`.
pub(crate) fn wants_json(matches: &ArgMatches) -> bool {
    matches.try_get_one("json").ok().flatten().copied().unwrap_or(false)
        || matches.subcommand().is_some_and(|(_, below)| wants_json(below))
}

/// Defines the command line of a program for an application's configuration.
pub(crate) fn definition(program: &Program, own: &[OwnCommand], app: &str) -> clap::Command {
    define(program, own, app, |_| true)
}

/// Defines what is needed to parse a command line: one command, if the first argument names it. The others take most of the
/// time of a helper that finds a token.
pub(crate) fn definition_for(
    program: &Program,
    own: &[OwnCommand],
    arguments: &[OsString],
) -> clap::Command {
    let first = arguments.get(1).and_then(|argument| argument.to_str());
    let is_built_in = |name: &&str| GROUPS.iter().any(|(_, names)| names.contains(name));
    // The help names the variables of the application that is chosen.
    let app = value_of(arguments, "--app").unwrap_or(&program.app);
    match first.filter(is_built_in) {
        Some(only) => define(program, &[], app, |name| name == only),
        None => definition(program, own, app),
    }
}

fn define(
    program: &Program,
    own: &[OwnCommand],
    app: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> clap::Command {
    let loader = Loader::app(app);
    let [profile, config, log, format, option] =
        ["PROFILE", "CONFIG", "LOG", "LOG_FORMAT", "CREDENTIALS__DOMAIN"]
            .map(|name| loader.variable(name));
    let after = format!(
        "\
Environment variables:
  {profile}, {config}, {log}, {format}, NO_COLOR, and one for each option of the configuration, such as {option}

{EXIT_CODES}"
    );
    let name = program.path.last().map_or(program.name(), String::as_str).to_owned();
    let mut command = built_in(clap::Command::new(name), program, is_wanted)
        .about(program.about.as_deref().unwrap_or(ABOUT).to_owned())
        .subcommands(own.iter().map(|own| own.definition.clone()))
        .subcommand_required(true)
        .arg_required_else_help(true);
    if let Some(version) = program.version.as_ref().filter(|_| !program.is_embedded()) {
        command = command.version(version.clone());
    }
    let columns = columns_of_data().unwrap_or(usize::MAX);
    let command = with_global(command).after_help(page(&after, columns));
    let own: Vec<&str> = own.iter().map(|own| own.definition.get_name()).collect();
    let listed = listed(&command, &own);
    command.help_template(listed)
}

/// Checks that a command of the program's own differs from all others, and that its arguments differ from the global
/// flags. Returns what does not.
pub(crate) fn collision(own: &[OwnCommand], command: &clap::Command) -> Option<String> {
    let all = Command::augment_subcommands(clap::Command::new("all"));
    let taken: Vec<String> = all
        .get_subcommands()
        .chain(own.iter().map(|own| &own.definition))
        .flat_map(names)
        .chain(["help".to_owned()])
        .collect();
    let name = names(command).find(|name| taken.contains(name));
    if let Some(name) = name {
        return Some(format!("there is already a command `{name}`"));
    }
    let flags = Global::augment_args(clap::Command::new("all"));
    let reserved: Vec<&Arg> = flags.get_arguments().collect();
    colliding_argument(command, &reserved)
}

fn names(command: &clap::Command) -> impl Iterator<Item = String> {
    iter::once(command.get_name()).chain(command.get_all_aliases()).map(str::to_owned)
}

fn colliding_argument(command: &clap::Command, reserved: &[&Arg]) -> Option<String> {
    let is_taken = |argument: &Arg| {
        reserved.iter().any(|flag| {
            argument.get_id() == flag.get_id()
                || argument.get_long().is_some() && argument.get_long() == flag.get_long()
                || argument.get_short().is_some() && argument.get_short() == flag.get_short()
        })
    };
    if let Some(argument) = command.get_arguments().find(|argument| is_taken(argument)) {
        let (command, argument) = (command.get_name(), argument.get_id());
        return Some(format!(
            "the argument `{argument}` of the command `{command}` is like a global flag"
        ));
    }
    command.get_subcommands().find_map(|below| colliding_argument(below, reserved))
}

/// Adds the built-in commands, whose texts name the program.
fn built_in(
    command: clap::Command,
    program: &Program,
    is_wanted: impl Fn(&str) -> bool,
) -> clap::Command {
    let words = program.words();
    let all = Command::augment_subcommands(clap::Command::new("all"));
    let is_kept = |name: &str| {
        is_wanted(name) && !(program.is_embedded() && commands::OF_PROGRAM.contains(&name))
    };
    let kept = all.get_subcommands().filter(|below| is_kept(below.get_name()));
    command.subcommands(kept.map(|below| naming(below.clone(), &words)))
}

/// Replaces `authn` in the texts of a command and its subcommands by the words before a command of this program.
fn naming(command: clap::Command, words: &str) -> clap::Command {
    let text = command.get_after_help().map(|text| text.to_string().replace("authn", words));
    let text = text.map(|text| match columns_of_data() {
        Some(columns) => page(&text, columns),
        None => text,
    });
    let command = command.mut_subcommands(|below| naming(below, words));
    match text {
        Some(text) => command.after_help(text),
        None => command,
    }
}

/// Returns the template of the help, with the commands by topic: clap would list all of them under one heading.
fn listed(command: &clap::Command, own: &[&str]) -> String {
    let (heading, literal) =
        (command.get_styles().get_header(), command.get_styles().get_literal());
    let columns = columns_of_data().unwrap_or(usize::MAX);
    let groups = || iter::once(("Commands", own)).chain(GROUPS);
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (title, names) in groups() {
        let commands = names.iter().filter_map(|name| command.find_subcommand(name));
        let mut commands = commands.filter(|command| !command.is_hide_set()).peekable();
        let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
        if commands.peek().is_some() {
            let _ = writeln!(template, "\n{heading}{title}:{heading:#}");
        }
        for command in commands {
            let (name, about) = (command.get_name(), command.get_about().cloned());
            let about = about.unwrap_or_default().to_string();
            let label = format!("  {literal}{name:width$}{literal:#}  ");
            let _ = writeln!(template, "{}", hanging(&label, &about, columns));
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

/// Returns the global flags at all levels of a command line. Below a command of another program, such as one that clap
/// calls external, there are none.
fn global(matches: &ArgMatches) -> Result<Global, clap::Error> {
    let here = Global::from_arg_matches(matches)?;
    match matches.subcommand() {
        Some((_, below)) if below.try_contains_id("profile").is_ok() => {
            Ok(here.and(global(below)?))
        }
        _ => Ok(here),
    }
}

/// Hides an unexpected argument in the message: it may be part of a secret that the shell has split. A tip says what to do
/// with it instead.
pub(crate) fn without_stray_value(mut error: clap::Error) -> clap::Error {
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return error,
    };
    let Some(ContextValue::String(unknown)) = error.get(kind).cloned() else { return error };
    let is_mistyped = || error.get(ContextKind::SuggestedSubcommand).is_some();
    let tip = if unknown == JSON {
        "leave out `--json`, or put it after a command that has it"
    } else if is_flag(&unknown) || is_mistyped() && is_command(&unknown) {
        return error;
    } else {
        let hidden = "(not shown: it may be secret)".to_owned();
        error.insert(kind, ContextValue::String(hidden));
        "this command takes no such value: pass it with its option, and put quotes around a value with spaces"
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    error
}

/// Returns whether an argument looks like a command.
fn is_command(argument: &str) -> bool {
    argument.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Returns whether an argument looks like a flag. A token and a private key can start with dashes, too.
fn is_flag(argument: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match argument.strip_prefix("--") {
        Some(name) => {
            name.starts_with(|first: char| first.is_ascii_lowercase())
                && name.bytes().all(is_in_name)
        }
        None => argument.starts_with('-') && argument.chars().count() == 2,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn parsed(line: &str) -> Result<(Global, Command), clap::Error> {
        let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
        parse(&arguments)
    }

    fn parse(arguments: &[OsString]) -> Result<(Global, Command), clap::Error> {
        let program = Program::default();
        let matches = definition(&program, &[], "authn").try_get_matches_from(arguments);
        let matches = matches.map_err(without_stray_value)?;
        match chosen(&[], &matches)? {
            (global, Chosen::BuiltIn(command)) => Ok((global, command)),
            (_, Chosen::Own(..)) => panic!("there is none"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        definition(&Program::default(), &[], "authn").debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_on_one_line() {
        let mut command = definition(&Program::default(), &[], "authn");
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
            "config set a b",
            "config unset a",
            "config schema",
            "options",
            "providers",
            "token",
            "header",
            "login",
            "status",
            "logout",
            "stores",
            "doctor",
            "explain https://a.test",
            "setup",
            "git-credential get",
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
    fn the_flags_of_a_program_are_its_own() {
        let (global, _) = parsed("authn exec --app fdt -- terraform -v --app x").unwrap();
        assert_eq!((global.app.as_deref(), global.verbose), (Some("fdt"), 0));
        let (global, _) = parsed("authn keyring -p work get x -v").unwrap();
        assert_eq!((global.profile.as_deref(), global.verbose), (Some("work"), 0));
    }

    #[test]
    fn help_names_the_program_and_the_variables_of_the_application() {
        let program = Program { app: "corp".to_owned(), ..Program::default() };
        for (line, prefix) in [
            ("x --help", "CORP_"),
            ("x --app fdt --help", "FDT_"),
            ("x --app=fdt help", "FDT_"),
            ("x exec -- y --app fdt", "CORP_"),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
            let help = definition_for(&program, &[], &arguments).render_help().to_string();
            assert!(help.contains(&format!("{prefix}PROFILE")), "{line}\n{help}");
            assert!(help.contains("Usage: corp ") && !help.contains("authn"), "{line}\n{help}");
        }
    }

    #[test]
    fn an_application_name_is_not_a_path() {
        for bad in ["../x", "", "a.b", "a b", "ä"] {
            let arguments = ["authn", "--app", bad, "token"].map(OsString::from);
            let error = parse(&arguments).map(|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn a_stray_argument_is_not_repeated() {
        for line in [
            "authn token s3cr3t",
            "authn --set credentials.jwt = s3cr3t token",
            "authn --set credentials.jwt= s3cr3t token",
            "authn s3cr3t",
            "authn config s3cr3t",
            "authn help s3cr3t",
            "authn S.s3cr3t= token",
            "authn token --S.s3cr3t",
            "authn token -----BEGIN-s3cr3t",
            "authn token -- -s3cr3t",
        ] {
            let error = parsed(line).map(|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(!error.render().to_string().contains("s3cr3t"), "{error}");
        }
        let error = parsed("authn token s3cr3t").map(|_| ()).unwrap_err();
        assert!(error.render().to_string().contains("pass it with its option"), "{error}");
        let error = parsed("authn s3cr3t").map(|_| ()).unwrap_err();
        assert!(error.render().to_string().contains("put quotes around"), "{error}");
        let error = parsed("authn --json status").map(|_| ()).unwrap_err();
        assert!(error.render().to_string().contains("after a command that has it"), "{error}");
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
            ("authn exec -- x --color never", ColorChoice::Auto),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(colour(&arguments), choice, "{line}");
        }
    }
}

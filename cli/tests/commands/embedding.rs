//! `Cli` in a program that embeds it.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use authn::{Environment, Loader};
use authn_cli::{BoxError, Cli, Run, clap};

/// Lists what the command `probe` sees.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn cli(&self) -> Cli {
        let seen = self.clone();
        let probe = move |run: &Run<'_>, matches: &clap::ArgMatches| {
            let credentials = run.credentials()?;
            // The work needs the clock of a runtime.
            let status = run.wait(&credentials, async {
                tokio::time::timeout(Duration::from_mins(1), credentials.status())
                    .await?
                    .map_err(BoxError::from)
            })?;
            let word = matches.get_one::<String>("word").expect("it is required");
            let profile = run.loader().read().profile().unwrap_or("none").to_owned();
            let text = format!("{word} {profile} {}", status.is_authenticated());
            seen.0.lock().unwrap().push(text);
            Ok(ExitCode::from(7))
        };
        let definition = clap::Command::new("probe").arg(clap::Arg::new("word").required(true));
        Cli::new()
            .app("acme")
            .embedded("tools auth")
            .configure(|loader: Loader| loader.environment(Environment::empty()))
            .defaults("[credentials]\ndomain = \"a.example\"\n[credentials.bearer]\ntoken = \"t\"\n[profile.p]\n")
            .command(definition, probe)
    }

    /// Runs a command line of the embedding program.
    fn run(&self, arguments: &[&str]) -> ExitCode {
        let cli = self.cli();
        let tools = clap::Command::new("tools").subcommand(cli.commands());
        let program = clap::Command::new("acme").subcommand(tools);
        let matches = program.try_get_matches_from(arguments).unwrap();
        let (_, tools) = matches.subcommand().unwrap();
        let (name, auth) = tools.subcommand().unwrap();
        assert_eq!(name, "auth");
        cli.run_matches(auth)
    }

    fn probe(&self) {
        let line = ["acme", "tools", "auth", "-p", "p", "probe", "hello"];
        assert_eq!(self.run(&line), ExitCode::from(7));
        assert_eq!(self.0.lock().unwrap().split_off(0), ["hello p true"]);
    }
}

#[test]
fn a_command_runs_without_a_runtime() {
    Seen::default().probe();
}

#[tokio::test]
async fn a_command_runs_beside_a_runtime() {
    tokio::task::spawn_blocking(|| Seen::default().probe()).await.unwrap();
    // This blocks the runtime, but it is no panic.
    Seen::default().probe();
}

#[test]
fn the_exit_code_is_that_of_the_error() {
    let failing = |error: fn() -> BoxError| {
        let probe = move |_: &Run<'_>, _: &clap::ArgMatches| Err(error());
        let cli = Cli::new().command(clap::Command::new("fail"), probe);
        let matches = cli.commands().try_get_matches_from(["acme", "fail"]).unwrap();
        cli.run_matches(&matches)
    };
    assert_eq!(failing(|| authn::Error::network("no answer").into()), ExitCode::from(5));
    assert_eq!(failing(|| "the disk is full".into()), ExitCode::from(1));
}

#[test]
fn a_command_that_collides_is_refused_at_the_start() {
    let new = clap::Command::new;
    let command = || new("deploy").alias("ship").visible_alias("release");
    let with = |argument: clap::Arg| new("other").subcommand(new("below").arg(argument));
    for (definition, reason) in [
        (new("token"), Some("there is already a command `token`")),
        (new("man"), Some("there is already a command `man`")),
        (new("help"), Some("there is already a command `help`")),
        (new("other").alias("status"), Some("there is already a command `status`")),
        (new("deploy"), Some("there is already a command `deploy`")),
        (new("ship"), Some("there is already a command `ship`")),
        (new("other").alias("release"), Some("there is already a command `release`")),
        (with(clap::Arg::new("profile")), Some("the argument `profile` of the command `below`")),
        (with(clap::Arg::new("x").short('p')), Some("the argument `x` of the command `below`")),
        (with(clap::Arg::new("x").long("set")), Some("the argument `x` of the command `below`")),
        (with(clap::Arg::new("x").long("other").short('x')), None),
    ] {
        let added = panic::catch_unwind(AssertUnwindSafe(|| {
            let done = |_: &Run<'_>, _: &clap::ArgMatches| Ok(ExitCode::SUCCESS);
            let cli = Cli::new().command(command(), done).command(definition, done);
            cli.commands().debug_assert();
        }));
        let said = added.err().map(|panic| panic.downcast::<String>().unwrap());
        match reason {
            None => assert_eq!(said, None),
            Some(reason) => assert!(said.is_some_and(|said| said.contains(reason)), "{reason}"),
        }
    }
}

#[test]
fn what_a_program_adds_is_not_shown_by_debug() {
    let text = format!("{:?}", Cli::new().app("acme").defaults("key = \"s3cr3t\""));
    assert!(text.contains("acme") && !text.contains("s3cr3t"), "{text}");
}

//! The subcommands, one a file.

pub(crate) mod completions;
mod config;
mod doctor;
mod exec;
mod explain;
mod header;
mod login;
mod logout;
mod man;
pub(crate) mod options;
mod profiles;
mod providers;
mod setup;
mod status;
mod stores;
mod token;

use authn::{
    Credentials, Entry, ErrorKind, Token, View,
    config::{Config, KnownStore, Setting},
};
use clap::Subcommand;

use crate::{app::App, exit::Failure, protocols, style::plain};

/// The command to run.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show, check, create, edit and trust configuration files
    #[command(subcommand)]
    Config(config::Command),
    /// List the linked providers, or describe the options of one
    Providers(providers::Arguments),
    /// Describe the sections of the configuration, and their options
    Options(options::Arguments),
    /// Print a valid token
    Token(token::Arguments),
    /// Print the headers that authorise a request, for `curl -H @-`
    Header(header::Arguments),
    /// Run a program with a valid token in its environment
    Exec(exec::Arguments),
    /// Show what would be added to a request and why, and send nothing
    Explain(explain::Arguments),
    /// Log in as a user, and store the session
    Login(login::Arguments),
    /// Show the session of each profile, without the network
    Status(status::Arguments),
    /// Delete stored sessions
    Logout(logout::Arguments),
    /// List the token stores and their sessions
    Stores(stores::Arguments),
    /// Find problems, and show how to fix them
    Doctor(doctor::Arguments),
    /// Make git, kubectl, cargo and other tools use these tokens
    Setup(setup::Arguments),
    /// Answer git as its credential helper
    GitCredential(protocols::git::Arguments),
    /// Answer kubectl as its exec plugin
    KubernetesExecCredential(protocols::kubernetes::Arguments),
    /// Answer cargo as its credential provider
    CargoCredential(protocols::cargo::Arguments),
    /// Answer Docker or Podman as their helper
    DockerCredential(protocols::docker::Arguments),
    /// Answer Bazel as its credential helper
    BazelCredential(protocols::bazel::Arguments),
    /// Answer Terraform as its credentials helper
    TerraformCredentials(protocols::terraform::Arguments),
    /// Answer uv and pip in place of Python's keyring
    Keyring(protocols::keyring::Arguments),
    /// Answer the Google SDKs with a workload's identity
    GcpExecutable(protocols::gcp::Arguments),
    /// Answer the AWS SDKs as their `credential_process`
    AwsCredentialProcess(protocols::aws::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Print the man page, or write one for each command
    Man(man::Arguments),
}

/// The commands about the whole program. An embedding program has its own.
pub(crate) const OF_PROGRAM: [&str; 3] = ["completions", "man", "setup"];

/// Runs a command. `definition` builds the definition of the command line, for the commands that need it.
pub(crate) fn run(
    app: &App,
    command: Command,
    definition: impl FnOnce() -> clap::Command,
) -> Result<(), Failure> {
    match command {
        Command::Config(command) => config::run(app, command),
        Command::Providers(arguments) => providers::run(app, &arguments),
        Command::Options(arguments) => options::run(app, &arguments),
        Command::Token(arguments) => token::run(app, &arguments),
        Command::Header(arguments) => header::run(app, &arguments),
        Command::Exec(arguments) => exec::run(app, &arguments),
        Command::Explain(arguments) => explain::run(app, &arguments),
        Command::Login(arguments) => login::run(app, &arguments),
        Command::Status(arguments) => status::run(app, &arguments),
        Command::Logout(arguments) => logout::run(app, &arguments),
        Command::Stores(arguments) => stores::run(app, &arguments),
        Command::Doctor(arguments) => doctor::run(app, &arguments),
        Command::Setup(arguments) => setup::run(app, &arguments),
        Command::GitCredential(arguments) => protocols::git::run(app, &arguments),
        Command::KubernetesExecCredential(arguments) => protocols::kubernetes::run(app, &arguments),
        Command::CargoCredential(arguments) => protocols::cargo::run(app, &arguments),
        Command::DockerCredential(arguments) => protocols::docker::run(app, &arguments),
        Command::BazelCredential(arguments) => protocols::bazel::run(app, &arguments),
        Command::TerraformCredentials(arguments) => protocols::terraform::run(app, &arguments),
        Command::Keyring(arguments) => protocols::keyring::run(app, &arguments),
        Command::GcpExecutable(arguments) => protocols::gcp::run(app, &arguments),
        Command::AwsCredentialProcess(arguments) => protocols::aws::run(app, &arguments),
        Command::Completions(arguments) => completions::run(app, &arguments),
        Command::Man(arguments) => man::run(app, &arguments, definition()),
    }
}

/// Returns the names of the active profile and provider.
fn active(config: &Config) -> String {
    let [profile, provider] =
        [config.profile(), config.provider()].map(|name| plain(name.unwrap_or("none")));
    format!("profile: {profile}, provider: {provider}")
}

/// Returns the registry's entry of the active provider.
fn entry(config: &Config) -> Option<&Entry> {
    config.registry().get(config.provider()?)
}

/// Returns the store with a name.
fn known_store(config: &Config, name: Option<&str>) -> Option<KnownStore> {
    config.stores().into_iter().find(|known| Some(known.name()) == name)
}

/// Requests a new token, even if a valid one is stored. Returns `None` if the provider never has a token.
async fn new_token(credentials: &Credentials, is_stored: bool) -> authn::Result<Option<Token>> {
    if is_stored {
        let old = credentials.token().await?;
        credentials.invalidate(&old);
    }
    match credentials.token().await {
        Err(error) if error.kind() == ErrorKind::NoToken => Ok(None),
        token => token.map(Some),
    }
}

/// Returns the text of an option. A withheld value has no effect, so it is skipped.
fn text<'s>(settings: &'s [Setting], key: &str) -> Option<&'s str> {
    let setting = settings.iter().find(|setting| setting.key == key && !setting.is_withheld)?;
    match &setting.value {
        Some(View::Text(text)) => Some(text),
        _ => None,
    }
}

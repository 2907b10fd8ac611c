//! `whoami`: a command of the company, which asks its API with the credentials of the configuration.

use std::process::ExitCode;

use authn::Error;
use authn_cli::{
    BoxError, Run,
    clap::{ArgMatches, Command},
};

pub(crate) fn definition() -> Command {
    Command::new("whoami").about("Print who the company's API takes this machine for")
}

pub(crate) fn run(run: &Run<'_>, _: &ArgMatches) -> Result<ExitCode, BoxError> {
    let credentials = run.credentials()?;
    let Some(origin) = credentials.origins().iter().next() else {
        let help = format!("`{}` shows where it is set", run.command_line("config show"));
        return Err(Error::configuration("there is no domain to ask").with_help(help).into());
    };
    let client = authn::reqwest::Client::new(credentials.clone())?;
    let (status, answer) = run.wait(&credentials, async {
        let response = client.get(format!("{origin}/whoami")).send().await?;
        Ok((response.status(), response.text().await?))
    })?;
    if !status.is_success() {
        return Err(Error::refused(format!("the API answered with status {status}")).into());
    }
    run.print(&answer)?;
    Ok(ExitCode::SUCCESS)
}

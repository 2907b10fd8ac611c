//! The credentials helper of Terraform and `OpenTofu`, for module registries and remote operations.

use serde::Serialize;

use super::{address::Address, answer::Answer, chosen::choose, input};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The arguments of `terraform-credentials`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("terraform.txt"))]
pub(crate) struct Arguments {
    /// What Terraform wants: `get`, `store` or `forget`
    operation: String,

    /// Host that it asks about
    host: String,
}

#[derive(Serialize)]
struct Found<'a> {
    token: &'a str,
}

/// "Nothing here".
#[derive(Serialize)]
struct Nothing {}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    match arguments.operation.as_str() {
        "get" => get(app, &arguments.host),
        "store" => {
            input::all()?;
            Err(elsewhere(app, "login", "this helper stores no tokens"))
        }
        "forget" => Err(elsewhere(app, "logout", "this helper deletes no session")),
        _ => Err(Failure::new(Code::Usage, "the operation is none of `get`, `store` and `forget`")),
    }
}

fn get(app: &App, host: &str) -> Result<(), Failure> {
    let Some(chosen) = choose(app, &Address::of_host(host)?)? else {
        return Ok(output::json(&Nothing {})?);
    };
    let answer = Answer::get(&chosen)?;
    Ok(output::json(&Found { token: answer.bearer()? })?)
}

fn elsewhere(app: &App, command: &str, message: &str) -> Failure {
    Failure::new(Code::Other, message)
        .with_help(format!("run `{}` instead", app.command_line(command)))
}

//! `exec`: runs a program with a valid token in its environment.

use std::ffi::{OsStr, OsString};

use super::{
    login,
    token::{Wanted, obtained},
};
use crate::{app::App, exit::Failure, launch::replaced_by};

/// The arguments of `exec`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("exec.txt"))]
pub(crate) struct Arguments {
    /// Variable for the token [default: that of the application, such as `AUTHN_TOKEN`]
    #[arg(long, value_name = "NAME", value_parser = variable)]
    env: Option<String>,

    #[command(flatten)]
    wanted: Wanted,

    /// Program to run
    #[arg(value_hint = clap::ValueHint::CommandName)]
    program: OsString,

    /// Arguments of the program
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true, value_hint = clap::ValueHint::CommandWithArguments)]
    rest: Vec<OsString>,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    login::first(app, arguments.wanted.login, || start(app, arguments))
}

fn start(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let token = obtained(app, &arguments.wanted, false)?.token;
    let usual = app.variable("token");
    let name = arguments.env.as_deref().unwrap_or(&usual);
    let variable = (OsStr::new(name), OsStr::new(token.secret()));
    replaced_by(&arguments.program, &arguments.rest, Some(variable))
}

fn variable(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.contains(|letter: char| letter == '=' || letter.is_control()) {
        return Err("use the name of a variable, such as API_TOKEN");
    }
    Ok(name.to_owned())
}

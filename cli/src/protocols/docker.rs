//! The credential helper of Docker and Podman (`docker-credential-…`). Its errors are on the standard output.

use std::collections::BTreeMap;

use authn::private::sorted;

use serde::Serialize;

use super::{
    address::Address,
    answer::{Answer, Login, USERNAME},
    chosen::{Chosen, choose, hosts},
    input,
};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// What clients take for "nothing here", and for no failure.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The arguments of `docker-credential`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("docker.txt"))]
pub(crate) struct Arguments {
    /// What the client wants: `get`, `store`, `erase` or `list`
    operation: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Found<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: &'a str,
    secret: &'a str,
}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let failure = match answer(app, &arguments.operation) {
        Err(failure) if !matches!(failure, Failure::Silent(_)) => failure,
        done => return done,
    };
    output::line(&failure.one_line())?;
    if let Failure::Authn(error) = &failure {
        app.output.problems(error.problems());
    }
    Err(Failure::Silent(Code::Other))
}

fn answer(app: &App, operation: &str) -> Result<(), Failure> {
    match operation {
        "get" => get(app),
        "list" => list(app),
        "store" => Err(elsewhere(app, "login", "this helper stores no passwords")),
        "erase" => Err(elsewhere(app, "logout", "this helper deletes no session")),
        _ => Err(Failure::new(
            Code::Usage,
            "the operation is none of `get`, `store`, `erase` and `list`",
        )),
    }
}

fn get(app: &App) -> Result<(), Failure> {
    let server = server()?;
    let Some(chosen) = chosen(app, &server)? else { return Err(not_found()) };
    let Some(Login { username, password }) = Answer::get(&chosen)?.login()? else {
        return Err(not_found());
    };
    Ok(output::json(&Found { server_url: &server, username: &username, secret: &password })?)
}

fn list(app: &App) -> Result<(), Failure> {
    let hosts = hosts(app)?.into_iter();
    let hosts: BTreeMap<String, String> =
        sorted(hosts.map(|(host, user)| (host, user.unwrap_or_else(|| USERNAME.to_owned()))));
    Ok(output::json(&hosts)?)
}

fn server() -> Result<String, Failure> {
    let bytes = input::all()?;
    let text = str::from_utf8(&bytes).map_err(|_| input::invalid("it is not UTF-8"))?;
    match text.trim_end_matches(['\r', '\n']) {
        // The text of the official helpers.
        "" => Err(Failure::new(Code::Usage, "no credentials server URL")),
        text => Ok(text.to_owned()),
    }
}

fn chosen(app: &App, server: &str) -> Result<Option<Chosen>, Failure> {
    choose(app, &Address::of_host(server)?)
}

/// The failure of an operation that a command does instead.
fn elsewhere(app: &App, command: &str, message: &str) -> Failure {
    Failure::new(Code::Other, message)
        .with_help(format!("run `{}` instead", app.command_line(command)))
}

fn not_found() -> Failure {
    Failure::new(Code::Other, NOT_FOUND)
}

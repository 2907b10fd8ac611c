//! The command `keyring get` of Python's keyring, which uv and pip call. Calls for anything else go to the next `keyring` on
//! PATH.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    address::Address,
    answer::{Answer, Login},
    chosen::choose,
};
use crate::{
    app::App,
    exit::{Code, Failure},
    launch::replaced_by,
    output,
};

/// The name of the program that this one stands in for.
const NAME: &str = "keyring";

/// The variable with the programs that were asked already.
const PASSED_ON: &str = "AUTHN_PASSED_ON";

/// The most programs of this name that are asked.
const MOST_ASKED: usize = 16;

/// The arguments of `keyring`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("keyring.txt"))]
pub(crate) struct Arguments {
    /// Arguments of `keyring`, such as `get URL USER`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    all: Vec<OsString>,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    service: String,
    username: Option<String>,
    /// Whether the user is wanted, too.
    with_user: bool,
    is_json: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    username: Option<&'a str>,
    password: &'a str,
}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    match login(app, &arguments.all)? {
        Some((asked, login)) => print(&asked, &login),
        None => pass_on(&arguments.all),
    }
}

fn login(app: &App, arguments: &[OsString]) -> Result<Option<(Asked, Login)>, Failure> {
    let Some(asked) = Asked::parse(arguments) else { return Ok(None) };
    // Any text can be the name of a service.
    let Ok(address) = Address::of_host(&asked.service) else { return Ok(None) };
    let Some(chosen) = choose(app, &address.with_username(asked.username.as_deref()))? else {
        return Ok(None);
    };
    Ok(Answer::get(&chosen)?.login()?.map(|login| (asked, login)))
}

fn print(asked: &Asked, login: &Login) -> Result<(), Failure> {
    let username = asked.with_user.then_some(login.username.as_str());
    if asked.is_json {
        return Ok(output::json(&Found { username, password: &login.password })?);
    }
    if let Some(username) = username {
        output::line(username)?;
    }
    Ok(output::line(&login.password)?)
}

/// Runs the next `keyring` on PATH in place of this process. Without one, there is no secret here, which is an exit code
/// without a message.
fn pass_on(arguments: &[OsString]) -> Result<(), Failure> {
    let mut asked: Vec<PathBuf> =
        env::var_os(PASSED_ON).iter().flat_map(env::split_paths).take(MOST_ASKED).collect();
    asked.extend(env::current_exe().and_then(fs::canonicalize));
    if let Some(program) = next(&asked) {
        asked.extend(fs::canonicalize(&program));
        let asked = env::join_paths(asked).unwrap_or_default();
        return replaced_by(&program, arguments, Some((OsStr::new(PASSED_ON), &asked)));
    }
    if Asked::parse(arguments).is_some() {
        return Err(Failure::Silent(Code::Other));
    }
    Err(Failure::new(
        Code::Other,
        "this `keyring` only answers `get`, and there is no other on PATH",
    ))
}

/// Returns the first `keyring` on PATH that was not asked yet. Another one may be this program, too, or call it.
fn next(asked: &[PathBuf]) -> Option<PathBuf> {
    let is_other = |path: &PathBuf| {
        path.is_file() && fs::canonicalize(path).is_ok_and(|path| !asked.contains(&path))
    };
    let name = format!("{NAME}{}", env::consts::EXE_SUFFIX);
    let folders = env::split_paths(&env::var_os("PATH")?).collect::<Vec<_>>();
    // A folder with a relative path may be another user's.
    let folders = folders.iter().filter(|folder| folder.is_absolute());
    folders.map(|folder| Path::new(folder).join(&name)).find(is_other)
}

impl Asked {
    /// Reads the arguments; `None` if they are for anything else than reading a secret.
    pub(super) fn parse(arguments: &[OsString]) -> Option<Self> {
        let arguments: Option<Vec<&str>> = arguments.iter().map(|word| word.to_str()).collect();
        let mut words = arguments?.into_iter();
        let (mut with_user, mut is_json) = (false, false);
        let mut positional = Vec::new();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (word, None),
            };
            match option {
                "--mode" => {
                    with_user = chosen(value.or_else(|| words.next())?, "password", "creds")?;
                }
                "--output" => {
                    is_json = chosen(value.or_else(|| words.next())?, "plain", "json")?;
                }
                option if option.starts_with('-') => return None,
                _ => positional.push(word),
            }
        }
        match positional.as_slice() {
            ["get", service, username @ ..] if username.len() <= 1 => Some(Self {
                service: (*service).to_owned(),
                username: username.first().map(|&name| name.to_owned()),
                with_user,
                is_json,
            }),
            _ => None,
        }
    }
}

/// Returns whether an option has its second value; `None` if it has neither.
fn chosen(value: &str, first: &str, second: &str) -> Option<bool> {
    if value == second { Some(true) } else { (value == first).then_some(false) }
}

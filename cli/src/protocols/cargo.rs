//! cargo's credential providers: `cargo:token-from-stdout`, and plugins with `--cargo-plugin` (version 1 of their protocol).

use std::env;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    address::Address,
    answer::{Answer, text},
    chosen::choose,
    input,
};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The variable that names the registry for `cargo:token-from-stdout`.
const INDEX: &str = "CARGO_REGISTRY_INDEX_URL";

/// The arguments of `cargo-credential`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("cargo.txt"))]
pub(crate) struct Arguments {
    /// Speak the protocol of plugins; cargo adds it to programs called `cargo-credential-…`
    #[arg(long)]
    cargo_plugin: bool,
}

/// What a plugin says first.
#[derive(Serialize)]
struct Hello {
    v: [u8; 1],
}

/// A request of cargo.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Asked {
    v: u64,
    kind: String,
    registry: Registry,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Registry {
    index_url: String,
}

/// What a plugin answers.
#[derive(Serialize)]
enum Told<'a> {
    Ok(Get<'a>),
    Err(Refusal<'a>),
}

#[derive(Serialize)]
struct Get<'a> {
    kind: &'static str,
    token: &'a str,
    cache: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<u64>,
    operation_independent: bool,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Refusal<'a> {
    UrlNotSupported,
    OperationNotSupported,
    Other { message: &'a str },
}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.cargo_plugin {
        return print(app);
    }
    tell(&Hello { v: [1] })?;
    loop {
        match input::line() {
            Ok(None) => return Ok(()),
            Ok(Some(line)) if line.trim_ascii().is_empty() => {}
            Ok(Some(line)) => match serve(app, &line) {
                // Such as after a signal.
                Err(ended @ Failure::Silent(_)) => return Err(ended),
                Err(failure) => refuse(&failure)?,
                Ok(()) => {}
            },
            // Where the next request begins is not known.
            Err(failure) => {
                refuse(&failure)?;
                return Err(Failure::Silent(failure.code()));
            }
        }
    }
}

fn serve(app: &App, line: &[u8]) -> Result<(), Failure> {
    let asked = Asked::parse(line)?;
    if asked.kind != "get" {
        return tell(&Told::Err(Refusal::OperationNotSupported));
    }
    let Some(answer) = answer(app, &asked.registry.index_url)? else {
        return tell(&Told::Err(Refusal::UrlNotSupported));
    };
    let expiration = answer.expiry();
    tell(&Told::Ok(Get {
        kind: "get",
        token: text(answer.authorization()?)?,
        // A token whose end is not known may be replaced before the next run.
        cache: if expiration.is_some() { "expires" } else { "session" },
        expiration,
        operation_independent: true,
    }))
}

fn refuse(failure: &Failure) -> Result<(), Failure> {
    tell(&Told::Err(Refusal::Other { message: &failure.one_line() }))
}

/// Prints the value of `Authorization`.
fn print(app: &App) -> Result<(), Failure> {
    let index = env::var(INDEX).map_err(|_| {
        let message = format!("the variable {INDEX}, which cargo sets, is missing");
        Failure::new(Code::Usage, message).with_help(
            "name this command in `credential-provider` of a registry, after `cargo:token-from-stdout`",
        )
    })?;
    match answer(app, &index)? {
        Some(answer) => Ok(output::line(text(answer.authorization()?)?)?),
        None => Err(Failure::new(Code::Configuration, "no profile is for this registry")
            .with_help("add its address to `credentials.origins` of the profile")),
    }
}

fn answer(app: &App, index: &str) -> Result<Option<Answer>, Failure> {
    let Some(address) = address(index)? else { return Ok(None) };
    choose(app, &address)?.map(|chosen| Answer::get(&chosen)).transpose()
}

/// Returns the address of an index; `None` for one that is not on a server for http.
fn address(index: &str) -> Result<Option<Address>, Failure> {
    let url = ["sparse+", "registry+"].iter().find_map(|kind| index.strip_prefix(kind));
    let url = url.unwrap_or(index);
    if url.starts_with("https://") || url.starts_with("http://") {
        return Address::of_url(url).map(Some);
    }
    Ok(None)
}

impl Asked {
    pub(super) fn parse(line: &[u8]) -> Result<Self, Failure> {
        let asked: Self = input::object(line)?;
        if asked.v != 1 {
            return Err(input::invalid("its version is not 1"));
        }
        Ok(asked)
    }
}

fn tell(message: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(message).map(Zeroizing::new);
    let text = text.map_err(|_| Failure::new(Code::Other, "an answer can't be written as JSON"))?;
    Ok(output::line(&text)?)
}

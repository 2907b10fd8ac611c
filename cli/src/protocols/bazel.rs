//! The credential helper of Bazel (`credential-helper-spec` of `EngFlow`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    style::{spelt, time},
};

/// The arguments of `bazel-credential`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("bazel.txt"))]
pub(crate) struct Arguments {
    /// What Bazel wants: `get`
    operation: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    uri: String,
}

#[derive(Default, Serialize)]
struct Told {
    headers: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.operation != "get" {
        return Err(Failure::new(Code::Usage, "the operation is not `get`"));
    }
    let asked: Asked = input::object(&input::all()?)?;
    let told = match choose(app, &Address::of_url(&asked.uri)?)? {
        Some(chosen) => told(&Answer::get(&chosen)?)?,
        None => Told::default(),
    };
    Ok(output::json(&told)?)
}

fn told(answer: &Answer) -> Result<Told, Failure> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &answer.headers {
        headers.entry(spelt(name)).or_default().push(text(value)?.to_owned());
    }
    Ok(Told { headers, expires: answer.expires_at.and_then(time::rfc_3339) })
}

//! pip: passwords of the command `keyring`.

use std::path::PathBuf;

use super::{
    super::{
        context::{Context, conflict, read, variable},
        edit::{Conflict, Entry, ini},
        plan::Plan,
    },
    Tool, keyring,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool =
    Tool { name: "pip", about: "keyring-provider in pip.conf", needs_origins: true, plan };

const KEY: &str = "keyring-provider";

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let file = variable("PIP_CONFIG_FILE").unwrap_or_else(|| own_file(context));
    let text = read(&file)?;
    // The same value in another spelling would be there twice, which pip refuses.
    let is_ours =
        |text: &str| text.lines().any(|line| line.trim() == format!("{KEY} = subprocess"));
    let there = ini::values(&text, "global", KEY);
    if there.iter().any(|value| *value != "subprocess") || (!there.is_empty() && !is_ours(&text)) {
        let fault = format!("already has another value for `global.{KEY}`");
        let help = "remove that value first, if this program should take its place";
        return Err(conflict(&file, &Conflict::new(fault, help)));
    }
    let lines = vec![format!("{KEY} = subprocess")];
    let note = context.note("pip");
    plan.entry(&file, Entry::Ini { section: "global".to_owned(), lines, note });
    plan.links.push(keyring::link(context, "pip")?);
    plan.notes.push(format!("older versions of pip ask only for {}", keyring::USER));
    Ok(plan)
}

/// Returns the file that `pip config set` changes.
fn own_file(context: &Context<'_>) -> PathBuf {
    let library = context.home.join("Library/Application Support/pip");
    let folder = if cfg!(target_os = "macos") && library.is_dir() {
        library
    } else {
        context.config_folder().join("pip")
    };
    folder.join("pip.conf")
}

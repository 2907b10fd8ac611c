//! pip: passwords of the command `keyring`.

use super::{
    super::{
        context::{Context, conflict, variable},
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
    let file = variable("PIP_CONFIG_FILE");
    let file = file.unwrap_or_else(|| context.config_folder().join("pip/pip.conf"));
    let text = context.read(&file)?;
    if let Some(other) = ini::values(&text, "global", KEY).last()
        && *other != "subprocess"
    {
        let fault = format!("already has another value for `global.{KEY}`");
        let help = "remove that value first, if authn should take its place";
        return Err(conflict(&file, &Conflict::new(fault, help)));
    }
    let lines = vec![format!("{KEY} = subprocess")];
    let note = context.note("pip");
    plan.entry(&file, Entry::Ini { section: "global".to_owned(), lines, note });
    plan.links.push(keyring::link(context, "pip")?);
    plan.notes.push(format!("pip {}", keyring::USER));
    Ok(plan)
}

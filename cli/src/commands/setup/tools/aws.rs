//! The AWS tools: a profile whose keys this program prints.

use super::{
    super::{
        context::{Context, conflict, read, shell, variable},
        edit::{Conflict, Entry, ini},
        plan::Plan,
    },
    Tool,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "aws",
    about: "credential_process of a profile, for credentials with AWS keys",
    needs_origins: false,
    plan,
};

const KEY: &str = "credential_process";

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let file = variable("AWS_CONFIG_FILE").unwrap_or_else(|| context.home.join(".aws/config"));
    let name = context.name();
    let section = format!("profile {name}");
    let call = shell(&context.call_of_profile(&["aws-credential-process"]))?;
    let text = read(&file)?;
    if ini::values(&text, &section, KEY).iter().any(|there| *there != call) {
        let fault = format!("already has another `{KEY}` for the profile `{name}`");
        let help = "remove that value first, if this program should take its place";
        return Err(conflict(&file, &Conflict::new(fault, help)));
    }
    let lines = vec![format!("{KEY} = {call}")];
    plan.entry(&file, Entry::Ini { section, lines, note: context.note("aws") });
    plan.notes.push(format!("use it with `--profile {name}`, or with `AWS_PROFILE={name}`"));
    Ok(plan)
}

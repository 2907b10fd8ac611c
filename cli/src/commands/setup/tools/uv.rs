//! uv: passwords of the command `keyring`.

use super::{
    super::{
        context::{Context, variable},
        edit::Entry,
        plan::Plan,
    },
    Tool, keyring, path,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool =
    Tool { name: "uv", about: "keyring-provider in uv.toml", needs_origins: true, plan };

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let file = variable("UV_CONFIG_FILE");
    let file = file.unwrap_or_else(|| context.config_folder().join("uv/uv.toml"));
    plan.entry(&file, Entry::Toml { path: path(["keyring-provider"]), value: "subprocess".into() });
    plan.links.push(keyring::link(context, "uv")?);
    plan.notes
        .push(format!("uv asks only for {}, or with `authenticate = \"always\"`", keyring::USER));
    Ok(plan)
}

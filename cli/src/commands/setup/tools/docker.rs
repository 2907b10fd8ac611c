//! docker: a credential helper for each registry.

use std::path::Path;

use super::{
    super::{
        context::{Context, variable},
        edit::Entry,
        links,
        plan::Plan,
    },
    Tool, path,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "docker",
    about: "credHelpers in docker's configuration",
    needs_origins: true,
    plan,
};

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let folder = variable("DOCKER_CONFIG").unwrap_or_else(|| context.home.join(".docker"));
    helpers(context, "docker", &folder.join("config.json"))
}

/// Returns the plan of a file with `credHelpers`.
pub(super) fn helpers(context: &Context<'_>, tool: &str, file: &Path) -> Result<Plan, Failure> {
    context.check_no_flags(tool)?;
    let mut plan = Plan::default();
    for host in context.hosts(tool, false)? {
        let entry =
            Entry::Json { path: path(["credHelpers", &host.authority]), value: "authn".into() };
        plan.entry(file, entry);
    }
    plan.links.push(links::link(&context.program, "docker-credential-authn")?);
    Ok(plan)
}

//! Terraform and `OpenTofu`: a credentials helper, which is a plugin by its name.

use serde_json::Value as Json;

use super::{
    super::{
        context::{Context, conflict, read, variable},
        edit::{Conflict, Entry},
        plan::Plan,
        record::Link,
    },
    Tool,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "terraform",
    about: "credentials_helper in .terraformrc, also of OpenTofu",
    needs_origins: true,
    plan,
};

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    context.check_name("terraform")?;
    let mut plan = Plan::default();
    let file = variable("TF_CLI_CONFIG_FILE");
    let file = file.unwrap_or_else(|| context.home.join(".terraformrc"));
    let flags = context.call(&[]);
    let flags: Vec<String> =
        flags.iter().skip(1).map(|flag| Json::from(flag.as_str()).to_string()).collect();
    let mut lines = vec!["credentials_helper \"authn\" {".to_owned()];
    if !flags.is_empty() {
        lines.push(format!("  args = [{}]", flags.join(", ")));
    }
    lines.push("}".to_owned());
    let entry = Entry::Lines { lines, whole: true, note: context.note("terraform") };
    let text = read(&file)?;
    let is_other = text.lines().any(|line| line.trim_start().starts_with("credentials_helper"));
    if is_other && entry.remove(&text, 0).is_none() {
        let fault = "already has a credentials helper, and there can be only one";
        let help = "remove it first, if this program should take its place";
        return Err(conflict(&file, &Conflict::new(fault, help)));
    }
    plan.entry(&file, entry);
    plan.links.push(Link {
        path: context.home.join(".terraform.d/plugins/terraform-credentials-authn"),
        target: context.program.clone(),
    });
    Ok(plan)
}

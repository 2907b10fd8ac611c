//! git: a credential helper for each host, in the user's configuration.
//!
//! git asks all helpers of a host, and tells all of them to store what one has answered. So an empty helper is written
//! first, which ends the list of those before: none of them stores a token.

use std::path::PathBuf;

use super::{
    super::{
        context::{Context, shell, variable},
        edit::Entry,
        plan::Plan,
    },
    Tool,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "git",
    about: "credential.URL.helper in the user's configuration",
    needs_origins: true,
    plan,
};

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let path = file(context);
    let helper = helper(&shell(&context.call(&["git-credential"]))?);
    for host in context.hosts("git", true)? {
        let section = format!("credential \"{}\"", host.url);
        let lines = vec!["\thelper =".to_owned(), format!("\thelper = {helper}")];
        plan.entry(&path, Entry::Ini { section, lines, note: context.note("git") });
    }
    Ok(plan)
}

/// Returns the file that `git config --global` changes.
fn file(context: &Context<'_>) -> PathBuf {
    if let Some(path) = variable("GIT_CONFIG_GLOBAL") {
        return path;
    }
    let [own, shared] =
        [context.home.join(".gitconfig"), context.config_folder().join("git/config")];
    if !own.exists() && shared.exists() { shared } else { own }
}

/// Returns a line for a shell as the value of `helper`. git takes a line that starts with an absolute path as it is.
fn helper(line: &str) -> String {
    let line = if line.starts_with('/') { line.to_owned() } else { format!("!{line}") };
    if line.contains(['"', '\\', ';', '#']) {
        return format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""));
    }
    line
}

//! Bazel: a credential helper for each host. It is called without arguments of its own, so it is a small script.

use super::{
    super::{
        context::{Context, conflict, read, shell},
        edit::{Conflict, Entry},
        links,
        plan::Plan,
    },
    Tool,
};
use crate::exit::{Code, Failure};

pub(super) const TOOL: Tool =
    Tool { name: "bazel", about: "--credential_helper in .bazelrc", needs_origins: true, plan };

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let script = links::folder(&context.program)?.join("bazel-credential-authn");
    let call = shell(&context.call(&["bazel-credential"]))?;
    plan.entry(&script, Entry::Whole { text: format!("#!/bin/sh\nexec {call} \"$@\"\n") });
    let path = script.display().to_string();
    if path.contains([' ', '"', '\'', '\\', '#']) {
        let message = "Bazel needs a path without blanks and quotes for its credential helper";
        return Err(Failure::new(Code::Other, message)
            .with_help("install this program in another folder on PATH"));
    }
    plan.scripts.push(script);
    let file = context.home.join(".bazelrc");
    let text = read(&file)?;
    let mut lines: Vec<String> = Vec::new();
    for host in context.hosts("bazel", true)? {
        let line = format!("common --credential_helper={}={path}", host.host());
        let option = format!("--credential_helper={}=", host.host());
        let has_other = |there: &str| there.contains(&option) && there.trim() != line;
        if text.lines().any(|there| !there.trim_start().starts_with('#') && has_other(there)) {
            let fault = format!("already has another credential helper for {}", host.host());
            let help = "remove that line first, if this program should take its place";
            return Err(conflict(&file, &Conflict::new(fault, help)));
        }
        if !lines.contains(&line) && !text.lines().any(|there| there.trim() == line) {
            lines.push(line);
        }
    }
    if !lines.is_empty() {
        plan.entry(&file, Entry::Lines { lines, whole: false, note: context.note("bazel") });
    }
    Ok(plan)
}

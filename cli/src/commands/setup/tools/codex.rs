//! Codex: the token of each model provider of the credentials, or of a new one.

use serde_json::{Value as Json, json};

use super::{
    super::{
        context::{Context, read, variable},
        edit::{Entry, toml},
        plan::Plan,
    },
    Tool, path,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "codex",
    about: "model_providers.NAME.auth in config.toml",
    needs_origins: true,
    plan,
};

/// How long Codex uses a token before it asks again, and how long it waits for one, in milliseconds.
const INTERVAL: u32 = 60_000;
const TIMEOUT: u32 = 30_000;

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let folder = variable("CODEX_HOME").unwrap_or_else(|| context.home.join(".codex"));
    let file = folder.join("config.toml");
    let auth = |url: &str| {
        let call = context.call(&["token", "--url", url]);
        json!({
            "command": call[0],
            "args": call[1..],
            "timeout_ms": TIMEOUT,
            "refresh_interval_ms": INTERVAL,
        })
    };
    let there = toml::get(&read(&file)?, &path(["model_providers"])).unwrap_or_default();
    let ours =
        |provider: &Json| provider["base_url"].as_str().is_some_and(|url| context.allows(url));
    let there = there.as_object().into_iter().flatten();
    let url = |provider: &Json| provider["base_url"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<(String, String)> = there
        .filter(|(_, provider)| ours(provider))
        .map(|(name, provider)| (name.clone(), url(provider)))
        .collect();
    if names.is_empty() {
        let name = context.name();
        let url = format!("{}/v1", context.hosts("codex", false)?[0].url);
        for (key, value) in [
            ("name", name.clone()),
            ("base_url", url.clone()),
            ("wire_api", "responses".to_owned()),
        ] {
            let path = path(["model_providers", &name, key]);
            plan.entry(&file, Entry::Toml { path, value: value.into() });
        }
        names.push((name, url));
    }
    for (name, url) in &names {
        let path = path(["model_providers", name, "auth"]);
        plan.entry(&file, Entry::Toml { path, value: auth(url) });
    }
    plan.notes.push(format!(
        "choose it with `model_provider = \"{}\"` in {}",
        names[0].0,
        file.display()
    ));
    Ok(plan)
}

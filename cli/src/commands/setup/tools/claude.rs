//! Claude Code: the key of its API, and the headers of MCP servers, as far as the credentials are for them.

use std::env;

use serde_json::Value as Json;

use super::{
    super::{
        context::{Context, read, shell, variable},
        edit::{Entry, json},
        plan::Plan,
    },
    Tool, path,
};
use crate::{
    exit::{Code, Failure},
    style::visible,
};

pub(super) const TOOL: Tool = Tool {
    name: "claude",
    about: "apiKeyHelper in settings.json, headersHelper of MCP servers",
    needs_origins: true,
    plan,
};

const BASE_URL: &str = "ANTHROPIC_BASE_URL";

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let own = variable("CLAUDE_CONFIG_DIR");
    let settings =
        own.clone().unwrap_or_else(|| context.home.join(".claude")).join("settings.json");
    let servers = own.unwrap_or_else(|| context.home.clone()).join(".claude.json");

    let configured = json::get(&read(&settings)?, &path(["env", BASE_URL]));
    let configured = configured.as_ref().and_then(Json::as_str).map(str::to_owned);
    let api = configured.or_else(|| env::var(BASE_URL).ok());
    let api = api.as_deref().unwrap_or("https://api.anthropic.com");
    if context.allows(api) {
        let call = shell(&context.call(&["token", "--url", api]))?;
        plan.entry(&settings, Entry::Json { path: path(["apiKeyHelper"]), value: call.into() });
    }

    let there = json::get(&read(&servers)?, &path(["mcpServers"])).unwrap_or_default();
    for (name, server) in there.as_object().into_iter().flatten() {
        let Some(url) = server["url"].as_str().filter(|url| context.allows(url)) else { continue };
        let call = shell(&context.call(&["header", "--json", "--url", url]))?;
        let path = path(["mcpServers", name, "headersHelper"]);
        plan.entry(&servers, Entry::Json { path, value: call.into() });
    }
    if plan.entries.is_empty() {
        let message =
            "neither the API of Claude Code nor one of its MCP servers is for these credentials";
        let settings = visible(&settings.display().to_string());
        return Err(Failure::new(Code::Configuration, message).with_help(format!(
            "set `{BASE_URL}` in `env` of {settings}, or add the server with `claude mcp add --transport http`"
        )));
    }
    Ok(plan)
}

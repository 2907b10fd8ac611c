//! cargo: a credential provider for all registries, after those that are there. cargo asks the last one first, and the
//! next if it does not know the registry.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::{
    super::{
        context::{Context, read, variable},
        edit::{Entry, toml},
        links,
        plan::Plan,
    },
    Tool, path,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "cargo",
    about: "registry.global-credential-providers in cargo's configuration",
    needs_origins: true,
    plan,
};

const NAME: &str = "cargo-credential-authn";

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    context.check_no_flags("cargo")?;
    let mut plan = Plan::default();
    let file = file(context);
    let entry = Entry::TomlElement {
        path: path(["registry", "global-credential-providers"]),
        // What cargo uses if there is no list.
        first: vec!["cargo:token".to_owned()],
        element: NAME.to_owned(),
    };
    let registries = toml::get(&read(&file)?, &path(["registries"]));
    plan.notes = own_providers(context, registries.as_ref());
    plan.entry(&file, entry);
    plan.links.push(links::link(&context.program, NAME)?);
    Ok(plan)
}

/// Returns a note for each registry of the credentials that has a provider of its own, which comes before the list.
fn own_providers(context: &Context<'_>, registries: Option<&Json>) -> Vec<String> {
    let registries = registries.and_then(Json::as_object).into_iter().flatten();
    let own = registries.filter(|(_, registry)| {
        let index = registry["index"].as_str().unwrap_or_default();
        let url = index.strip_prefix("sparse+").unwrap_or(index);
        registry.get("credential-provider").is_some() && context.allows(url)
    });
    own.map(|(name, _)| {
        format!(
            "cargo asks another program for `registries.{name}`: remove its `credential-provider`, or set it to `{NAME}`"
        )
    })
    .collect()
}

/// Returns cargo's own file, which had a name without an ending before.
fn file(context: &Context<'_>) -> PathBuf {
    let folder = variable("CARGO_HOME").unwrap_or_else(|| context.home.join(".cargo"));
    let [old, new] = ["config", "config.toml"].map(|name| folder.join(name));
    // cargo reads the old one if both are there.
    if old.is_file() { old } else { new }
}

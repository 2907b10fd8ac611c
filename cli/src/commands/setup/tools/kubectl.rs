//! kubectl: a user that calls this program, and a context with it for each cluster of the credentials.

use std::{env, path::PathBuf};

use super::{
    super::{
        context::{Context, read},
        edit::{Entry, yaml},
        plan::Plan,
    },
    Tool,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "kubectl",
    about: "users[].user.exec in the kubeconfig",
    needs_origins: true,
    plan,
};

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let path = file(context);
    let text = read(&path)?;
    let name = context.name();
    let item = |list: &str, name: &str, lines: Vec<String>| Entry::Yaml {
        list: list.to_owned(),
        name: name.to_owned(),
        lines,
    };
    plan.entry(&path, item("users", &name, user(context, &name)));
    let mut names = Vec::new();
    for [cluster, server] in yaml::items(&text, "clusters", ["name", "server"]) {
        let (Some(cluster), Some(server)) = (cluster, server) else { continue };
        if !context.allows(&server) {
            continue;
        }
        let own = format!("{cluster}-{name}");
        let lines = [
            "context:".to_owned(),
            format!("  cluster: {}", scalar(&cluster)),
            format!("  user: {}", scalar(&name)),
            format!("name: {}", scalar(&own)),
        ];
        plan.entry(&path, item("contexts", &own, lines.to_vec()));
        names.push(own);
    }
    plan.notes.push(match names.first() {
        Some(own) => format!("use it with `kubectl config use-context {own}`"),
        None => format!(
            "no cluster of {} is for these credentials; use it with \
             `kubectl config set-context NAME --cluster=CLUSTER --user={name}`",
            path.display()
        ),
    });
    Ok(plan)
}

/// Returns the lines of a user, as kubectl writes them.
fn user(context: &Context<'_>, name: &str) -> Vec<String> {
    let call = context.call(&["kubernetes-exec-credential"]);
    let mut lines = vec![
        format!("name: {}", scalar(name)),
        "user:".to_owned(),
        "  exec:".to_owned(),
        "    apiVersion: client.authentication.k8s.io/v1".to_owned(),
        "    args:".to_owned(),
    ];
    lines.extend(call.iter().skip(1).map(|word| format!("    - {}", scalar(word))));
    lines.extend([
        format!("    command: {}", scalar(&call[0])),
        "    interactiveMode: Never".to_owned(),
        // The helper chooses the profile by the cluster's address.
        "    provideClusterInfo: true".to_owned(),
    ]);
    lines
}

/// Returns the file that kubectl changes.
fn file(context: &Context<'_>) -> PathBuf {
    let listed = env::var_os("KUBECONFIG").unwrap_or_default();
    let listed: Vec<PathBuf> =
        env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    let first = listed.iter().find(|path| path.exists()).or(listed.last());
    let first = first.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    first.unwrap_or_else(|| context.home.join(".kube/config"))
}

/// Returns a text as a scalar, with quotes only if it needs them.
fn scalar(text: &str) -> String {
    let is_plain =
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./@:+".contains(letter));
    let is_word =
        text.starts_with(|first: char| first.is_ascii_alphabetic() || "/-".contains(first));
    let is_other =
        matches!(text, "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_plain && is_word && !is_other && !text.ends_with(':') && text != "-" {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

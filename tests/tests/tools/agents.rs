//! Codex and Claude Code: what their settings say is run as they run it.

use std::fs;

use authn_tests::command::Outcome;
use serde_json::{Value, json};

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("Codex and Claude Code");

#[test]
fn the_commands_in_their_settings_print_the_token() {
    let mut scene = Scene::new();
    scene.configure(&["https://api.example.com"]);
    scene.sandbox.env("ANTHROPIC_BASE_URL", "https://api.example.com");
    let servers = scene.sandbox.home().join(".claude.json");
    let url = "https://api.example.com/mcp";
    let known = json!({ "mcpServers": {
        "things": { "type": "http", "url": url },
        "foreign": { "type": "http", "url": "https://foreign.example.com/mcp" },
    } });
    scene.sandbox.file(&servers, known.to_string());
    let outcome = SECTION.run(&scene, Tool::Present, &[]);

    let settings = fs::read_to_string(scene.sandbox.home().join(".codex/config.toml")).unwrap();
    let settings: toml_edit::DocumentMut = settings.parse().unwrap();
    let auth = &settings["model_providers"]["authn"]["auth"];
    let arguments: Vec<&str> =
        auth["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let codex = scene.sandbox.run(auth["command"].as_str().unwrap(), &arguments);
    assert_eq!(codex.success(), format!("{}\n", scene.token()));

    let read = |path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let run = |command: &Value| -> Outcome { scene.shell(command.as_str().unwrap()) };
    let settings = read(scene.sandbox.home().join(".claude/settings.json"));
    assert_eq!(run(&settings["apiKeyHelper"]).success(), format!("{}\n", scene.token()));
    let servers = read(servers);
    let headers = run(&servers["mcpServers"]["things"]["headersHelper"]).success();
    let headers: Value = serde_json::from_str(&headers).unwrap();
    assert_eq!(headers, json!({ "Authorization": format!("Bearer {}", scene.token()) }));
    assert_eq!(servers["mcpServers"]["foreign"]["headersHelper"], Value::Null);
    scene.assert_secrecy(&[&outcome]);
}

//! The guide `docs/tools.md`, whose commands the tests run.

use std::sync::LazyLock;

use authn_tests::{command::Outcome, document::Document};

use crate::{
    agents, any_program, aws, bazel, cargo, docker, gcloud, git, kubectl, pip, podman,
    scene::Scene, setup, terraform, uv,
};

static GUIDE: LazyLock<Document> = LazyLock::new(|| Document::read("docs/tools.md"));

/// The sections with commands. Each is run in the file of its tool.
const SECTIONS: [Section; 14] = [
    setup::SECTION,
    any_program::SECTION,
    git::SECTION,
    kubectl::SECTION,
    cargo::SECTION,
    docker::SECTION,
    podman::SECTION,
    uv::SECTION,
    pip::SECTION,
    terraform::SECTION,
    bazel::SECTION,
    aws::SECTION,
    gcloud::SECTION,
    agents::SECTION,
];

/// A section of the guide, by its heading.
#[derive(Clone, Copy)]
pub(crate) struct Section(pub(crate) &'static str);

/// The tool of a section.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Tool {
    /// All commands are run.
    Present,
    /// Only those of `authn` are run.
    Absent,
}

impl Section {
    /// Runs the commands of the section in one shell, with the test's own places instead of the guide's, and checks that
    /// they print what the guide shows.
    #[track_caller]
    pub(crate) fn run(self, scene: &Scene, tool: Tool, places: &[(&str, &str)]) -> Outcome {
        let replaced = |line: &str| {
            places.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
        };
        let (mut script, mut shown) = (String::new(), Vec::new());
        for line in self.lines() {
            match line.strip_prefix("$ ") {
                None => shown.push(replaced(line)),
                Some(command) if tool == Tool::Absent && !command.starts_with("authn ") => {}
                Some(command) => script += &(replaced(&agreed(command)) + "\n"),
            }
        }
        let outcome = scene.shell(&script);
        assert_eq!(outcome.code, 0, "{script}\n{}\n{}", outcome.stdout, outcome.stderr);
        let output = format!("{}{}", outcome.stdout, outcome.stderr);
        for line in shown {
            assert!(output.contains(&line), "{script}\nprints\n{output}\nand not\n{line}");
        }
        outcome
    }

    /// Returns the lines of the section's terminals.
    fn lines(self) -> Vec<&'static str> {
        let heading = format!("\n## {}\n", self.0);
        let text = GUIDE.text().split_once(&heading);
        let (_, text) = text.unwrap_or_else(|| panic!("the guide has no section {}", self.0));
        terminals(text.split("\n## ").next().unwrap())
    }
}

/// Returns a command of the guide with the consent that its user gives in the terminal.
fn agreed(command: &str) -> String {
    let asks = command.starts_with("authn setup ") && !command.contains("--dry-run");
    command.to_owned() + if asks { " --yes" } else { "" }
}

fn terminals(text: &str) -> Vec<&str> {
    let blocks = text.split("```console\n").skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap().lines()).collect()
}

#[test]
fn every_terminal_is_run() {
    let sections = GUIDE.text().split("\n## ").skip(1);
    let with_commands = sections.filter(|section| !terminals(section).is_empty());
    let headings: Vec<&str> =
        with_commands.map(|section| section.lines().next().unwrap()).collect();
    assert_eq!(headings, SECTIONS.map(|section| section.0));
}

/// Every tool that can be set up is explained.
#[test]
fn every_tool_is_in_the_guide() {
    let listed = Scene::new();
    listed.configure(&["https://git.example.com"]);
    let listed = listed.shell("authn setup").success();
    let tools: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(tools.contains(&"git"), "{listed}");
    for tool in tools {
        let command = format!("$ authn setup {tool}");
        let is_shown = SECTIONS.iter().flat_map(|section| section.lines());
        assert!(is_shown.clone().any(|line| line.starts_with(&command)), "{command}");
    }
}

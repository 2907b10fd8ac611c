//! The log of each case, as text and as JSON.

use authn_tests::{command::binary, tools::server::Server};
use serde::Deserialize;

use crate::{
    cases, normal, sandbox,
    server::{Given, Staged},
    update,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    /// What it shows.
    about: String,
    configuration: String,
    /// One after the other.
    commands: Vec<Vec<String>>,
    answers: Vec<Given>,
    /// Standard error.
    text: String,
    /// The same as JSON: the lines of the log.
    json: String,
}

impl Story {
    /// Runs the commands, and returns what is on standard error.
    fn run(&self, format: &str) -> String {
        let server = Server::start(Staged::new("http", &self.answers));
        let mut sandbox = sandbox(&self.configuration, &server.url());
        sandbox.env("AUTHN_LOG_FORMAT", format);
        let mut shown = String::new();
        for command in &self.commands {
            let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            shown += &sandbox.run(binary("authn"), &arguments).stderr;
        }
        assert_eq!(server.log().len(), self.answers.len(), "{}\n{shown}", self.about);
        for secret in ["s3cr3t", "access-", "refresh-"] {
            assert!(!shown.contains(secret), "{secret}\n{shown}");
        }
        let root = sandbox.root().display().to_string();
        let shown = shown.replace(&server.url(), "SERVER").replace(&root, "");
        shown.replace(&server.authority(), "HOST:PORT")
    }
}

#[test]
fn a_log_tells_the_story_as_text() {
    for (name, story) in cases::<Story>("stories") {
        let shown = normal::text(&story.run("text"));
        if update("stories", &name, "text", &shown) {
            continue;
        }
        assert_eq!(shown, story.text, "{name}: {}\n{shown}", story.about);
    }
}

#[test]
fn a_log_tells_the_same_story_as_json() {
    for (name, story) in cases::<Story>("stories") {
        let shown = normal::json(&story.run("json"));
        let mut lines = shown.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        lines.push('\n');
        if update("stories", &name, "json", &lines) {
            continue;
        }
        assert_eq!(lines, story.json, "{name}\n{lines}");
    }
}

#[test]
fn a_format_that_is_none_is_an_error_that_names_the_choices() {
    let mut sandbox = sandbox("", "");
    sandbox.env("AUTHN_LOG_FORMAT", "s3cr3t");
    let outcome = sandbox.run(binary("authn"), &["providers"]);
    let error = "error: AUTHN_LOG_FORMAT is not a format of the log\n\
         help: set it to `text`, `full` or `json`, or unset it\n";
    assert_eq!((outcome.code, &*outcome.stderr), (3, error));
}

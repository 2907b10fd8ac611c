//! The documents of the repository, to be checked against the code.
//!
//! A block that shows a terminal is a copy of a snapshot, whose name is in a comment before it:
//!
//! ````text
//! <!-- tests/snapshots/login-device-80.txt -->
//! ```text
//! To log in, open this link on any device:
//! ```
//! ````

use std::fs;
use std::path::{Path, PathBuf};

const BEFORE_SNAPSHOT: &str = "<!-- tests/snapshots/";
const AFTER_NAME: &str = ".txt -->\n```text\n";
const AFTER_SNAPSHOT: &str = "```\n";

/// A document in Markdown.
#[derive(Clone, Debug)]
pub struct Document {
    path: String,
    text: String,
}

impl Document {
    /// Reads a document, by its path from the root of the repository.
    pub fn read(path: &str) -> Self {
        let file = root().join(path);
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { path: path.to_owned(), text }
    }

    /// The path from the root of the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the document.
    pub fn write(&self, text: &str) {
        fs::write(root().join(&self.path), text)
            .unwrap_or_else(|error| panic!("{}: {error}", self.path));
    }

    /// The contents of the fenced blocks of a language.
    pub fn blocks(&self, language: &str) -> Vec<&str> {
        let start = format!("```{language}\n");
        let blocks = self.text.split(&*start).skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
    }

    /// The arguments of each line of a shell that runs `authn`, without what the shell does with its output.
    pub fn commands(&self) -> Vec<Vec<&str>> {
        let lines = self.blocks("sh").into_iter().flat_map(str::lines);
        let commands = lines.filter_map(|line| line.strip_prefix("authn "));
        let own = commands.map(|line| line.split(['#', '|', '>', '&']).next().unwrap_or_default());
        own.map(|line| line.split_whitespace().collect()).collect()
    }

    /// The links to files of the repository that do not exist.
    pub fn broken_links(&self) -> Vec<String> {
        let folder = root().join(&self.path).parent().expect("it is in a folder").to_owned();
        let targets = self.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
        let files = files.map(|target| target.split('#').next().unwrap_or_default());
        files.filter(|file| !folder.join(file).exists()).map(str::to_owned).collect()
    }

    /// The text with every copy of a snapshot updated, and the number of copies.
    pub fn with_current_snapshots(&self) -> (String, usize) {
        self.with_snapshots(|name| {
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("{name}.txt"));
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        })
    }

    fn with_snapshots(&self, snapshot: impl Fn(&str) -> String) -> (String, usize) {
        let mut parts = self.text.split(BEFORE_SNAPSHOT);
        let mut text = parts.next().unwrap_or_default().to_owned();
        let mut count = 0;
        for part in parts {
            let (name, rest) = part
                .split_once(AFTER_NAME)
                .unwrap_or_else(|| panic!("{}: no block follows {part:.40}", self.path));
            let (_, rest) = rest
                .split_once(AFTER_SNAPSHOT)
                .unwrap_or_else(|| panic!("{}: the block of {name} has no end", self.path));
            let content = snapshot(name);
            text += &[BEFORE_SNAPSHOT, name, AFTER_NAME, &content, AFTER_SNAPSHOT, rest].concat();
            count += 1;
        }
        (text, count)
    }
}

/// The lines that only one of the two has.
pub fn difference(found: &str, expected: &str) -> String {
    let only = |sign: char, these: &str, others: &str| -> Vec<String> {
        let missing = these.lines().filter(|line| !others.lines().any(|other| other == *line));
        missing.map(|line| format!("{sign} {line}\n")).collect()
    };
    [only('-', found, expected), only('+', expected, found)].concat().concat()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { path: "docs/it.md".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_difference_is_shown_line_by_line() {
        assert_eq!(difference("a\nb\n", "a\nc\n"), "- b\n+ c\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }

    #[test]
    fn only_the_copy_of_a_snapshot_is_changed() {
        let stale =
            "a\n<!-- tests/snapshots/x-80.txt -->\n```text\nold\n```\nb\n```text\nold\n```\n";
        let (text, count) = document(stale).with_snapshots(|name| format!("new {name}\n"));
        assert_eq!(count, 1);
        assert_eq!(text, stale.replacen("old", "new x-80", 1));
    }

    #[test]
    #[should_panic(expected = "no block follows")]
    fn a_comment_without_a_block_is_a_mistake() {
        document("<!-- tests/snapshots/x-80.txt -->\n\n```text\n```\n")
            .with_snapshots(str::to_owned);
    }

    #[test]
    fn commands_and_links_are_found() {
        let it = document(
            "```sh\nauthn token --json | jq . # x\nssh a\n```\n[a](login.md#b) [b](nowhere.md) [c](#d)",
        );
        assert_eq!(it.commands(), [["token", "--json"]]);
        assert!(it.broken_links().contains(&"nowhere.md".to_owned()), "{:?}", it.broken_links());
        assert!(!it.broken_links().contains(&"#d".to_owned()));
    }
}

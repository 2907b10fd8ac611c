//! Each public name is in an example: a compiled block of the documentation, or a program in `examples`.
//!
//! A type, trait, type alias, function or macro needs its name there. A method needs its name after `.` or `::`, on any
//! page, because an example does not show the type of a value. A method of a trait may be implemented there instead,
//! after `fn`. Only names are compared, so methods of the same name are covered together.

use std::{collections::BTreeSet, fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};

/// The names of all examples.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    names: BTreeSet<String>,
    /// The names after `.` or `::`.
    members: BTreeSet<String>,
    /// The names after `fn`.
    functions: BTreeSet<String>,
}

impl Examples {
    /// Reads the examples in the repository.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut examples = Self::default();
        for folder in ["authn/src", "authn-macros/src", "providers/src", "cli/src"] {
            for text in files(&root.join(folder), "rs") {
                for comment in comments(&text) {
                    examples.blocks(&comment, true);
                }
            }
        }
        // Rustdoc compiles these: see `authn/src/guide.rs` and `tests/src/lib.rs`.
        for text in files(&root.join("authn/guide"), "md") {
            examples.blocks(&text, true);
        }
        for name in ["README.md", "docs/login.md", "docs/testing.md"] {
            examples.blocks(&read(&root.join(name)), false);
        }
        for text in files(&root.join("examples"), "rs") {
            examples.code(&text);
        }
        examples
    }

    /// Returns the paths in a list of public names that are in no example.
    pub(crate) fn missing<'a>(&self, list: &'a str) -> BTreeSet<&'a str> {
        let covers = |line: &&str| definition(line).is_some_and(|path| !self.covers(line, path));
        list.lines().filter(covers).filter_map(definition).collect()
    }

    fn covers(&self, line: &str, path: &str) -> bool {
        let (owner, name) = path.rsplit_once("::").unwrap_or(("", path));
        let owner = owner.rsplit("::").next().unwrap_or_default();
        if !owner.starts_with(char::is_uppercase) {
            return self.names.contains(name);
        }
        self.members.contains(name)
            || (line.contains("trait fn ") || line.contains("trait async fn "))
                && self.functions.contains(name)
    }

    /// Adds the blocks of a text in Markdown that rustdoc compiles. A block without a language is Rust to rustdoc.
    fn blocks(&mut self, text: &str, unmarked_is_rust: bool) {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = line.trim();
            let length = line.len() - line.trim_start_matches('`').len();
            if length < 3 {
                continue;
            }
            let (fence, language) = line.split_at(length);
            let block = lines.by_ref().take_while(|line| line.trim() != fence);
            let block = block.map(|line| shown(line).to_owned() + "\n").collect::<String>();
            let mut words = language.split([',', ' ']).filter(|word| !word.is_empty()).peekable();
            let is_rust = words.peek().is_some() || unmarked_is_rust;
            if is_rust
                && words.all(|word| {
                    matches!(word, "rust" | "no_run" | "should_panic" | "standalone_crate")
                })
            {
                self.code(&block);
            }
        }
    }

    fn code(&mut self, text: &str) {
        match text.parse() {
            Ok(tokens) => self.tokens(tokens),
            Err(error) => panic!("an example has no Rust: {error}:\n{text}"),
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut before = String::new();
        for token in tokens {
            match &token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(name) => {
                    let name = name.to_string();
                    match &*before {
                        "." | ":" => self.members.insert(name.clone()),
                        "fn" => self.functions.insert(name.clone()),
                        _ => false,
                    };
                    self.names.insert(name);
                }
                _ => {}
            }
            before = match token {
                TokenTree::Group(_) => String::new(),
                other => other.to_string(),
            };
        }
    }
}

/// Returns the path that a line of a list defines, if it needs an example.
fn definition(line: &str) -> Option<&str> {
    let kinds = ["struct ", "enum ", "trait ", "type ", "fn ", "macro "];
    let start = ["pub ", "trait fn ", "trait async fn ", "macro "];
    // Conditions come first.
    let line = line.rsplit_once(")] ").map_or(line, |(_, rest)| rest);
    let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
    let is_call = line.starts_with("macro call ");
    if is_call || !start.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let head = line.find("authn").map(|at| line.split_at(at))?;
    let is_kind = kinds.iter().any(|kind| head.0.ends_with(kind));
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let end = head.1.find(|c| !is_name(c)).unwrap_or(head.1.len());
    is_kind.then(|| head.1[..end].trim_end_matches(':'))
}

/// Returns a line of a block, without the `#` by which rustdoc hides it.
fn shown(line: &str) -> &str {
    match line.trim_start() {
        "#" => "",
        hidden => hidden.strip_prefix("# ").unwrap_or(line),
    }
}

/// Returns the doc comments of a source.
fn comments(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines().map(str::trim_start) {
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match (comment, found.last_mut()) {
            (Some(comment), Some(last)) => last.extend([comment, "\n"]),
            (None, Some(last)) if !last.is_empty() => found.push(String::new()),
            _ => {}
        }
    }
    found
}

fn files(folder: &Path, extension: &str) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(read(&path));
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

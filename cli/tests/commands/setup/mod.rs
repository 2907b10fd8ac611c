//! `setup`: the cases of `cli/tests/setup`, and what holds for each of them.

mod cases;
mod names;
mod refusals;
mod tools;
mod variants;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::sandbox::{Outcome, Sandbox};

/// The configuration of a case that has none of its own. The token must never be seen.
const CONFIGURATION: &str = "\
[credentials]
origins = [\"https://git.example.com\", \"https://git.example.com:8443\"]
[credentials.bearer]
token = \"s3cr3t-canary\"
";

/// What `setup` itself has beside the files of a tool.
const OWN: [&str; 3] = [".config/authn", ".local/state", ".local/bin/authn"];

/// Files and links by their path in the home folder. A link is `-> ` and its target.
type Tree = BTreeMap<String, Vec<u8>>;

/// One folder of `cli/tests/setup`.
struct Case {
    name: String,
    folder: PathBuf,
    /// Such as `git`.
    arguments: Vec<String>,
    /// A part of the error, if the setup must fail.
    error: Option<String>,
}

impl Case {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/setup");
        let mut all: Vec<Self> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let folder = entry.unwrap().path();
                let read = |name| fs::read_to_string(folder.join(name)).ok();
                let arguments = read("arguments").expect("a case has a file `arguments`");
                Self {
                    name: folder.file_name().unwrap().to_string_lossy().into_owned(),
                    arguments: arguments.split_whitespace().map(str::to_owned).collect(),
                    error: read("error").map(|error| error.trim().to_owned()),
                    folder,
                }
            })
            .collect();
        assert!(all.len() >= 13);
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Returns the files of a folder of the case, with `{HOME}` replaced; none if there is no such folder.
    fn tree(&self, name: &str, home: &Home) -> Tree {
        let mut tree = Tree::new();
        read(&self.folder.join(name), &self.folder.join(name), &mut tree);
        for contents in tree.values_mut() {
            if let Ok(text) = str::from_utf8(contents) {
                *contents = text.replace("{HOME}", &home.path().display().to_string()).into();
            }
        }
        tree
    }

    fn set_up(&self, home: &Home) -> Outcome {
        home.setup(&self.arguments, &["--yes"])
    }

    fn undo(&self, home: &Home) -> Outcome {
        home.setup(&self.arguments[..1], &["--undo", "--yes"])
    }

    fn home(&self) -> Home {
        let configuration = fs::read_to_string(self.folder.join("config.toml"));
        Home::with(configuration.as_deref().unwrap_or(CONFIGURATION))
    }
}

/// A home folder in which this program is installed.
struct Home {
    sandbox: Sandbox,
}

impl Home {
    fn with(configuration: &str) -> Self {
        let sandbox = Sandbox::with(configuration);
        let bin = sandbox.path("home/.local/bin");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_authn"), bin.join("authn")).unwrap();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
        Self { sandbox: sandbox.env("PATH", path) }
    }

    fn new() -> Self {
        Self::with(CONFIGURATION)
    }

    fn path(&self) -> PathBuf {
        self.sandbox.path("home")
    }

    fn setup(&self, arguments: &[String], flags: &[&str]) -> Outcome {
        let arguments = arguments.iter().map(String::as_str);
        let all: Vec<&str> =
            ["setup"].into_iter().chain(arguments).chain(flags.iter().copied()).collect();
        let outcome = self.sandbox.run(&all);
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains("s3cr3t"), "{text}");
        }
        outcome
    }

    fn run(&self, line: &str) -> Outcome {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        self.setup(&words, &[])
    }

    fn write(&self, tree: &Tree) {
        for (path, contents) in tree {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
    }

    /// Returns all files of the home folder but this program's own.
    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        read(&self.path(), &self.path(), &mut tree);
        tree.retain(|path, _| !OWN.iter().any(|own| path.starts_with(own)));
        tree
    }

    /// Returns all folders of the home folder but this program's own.
    fn folders(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir()
                    && entry.path().file_name().unwrap() != "state"
                {
                    found.push(entry.path());
                    walk(&entry.path(), found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(), &mut found);
        found.sort();
        found
    }
}

fn read(root: &Path, folder: &Path, tree: &mut Tree) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if let Ok(target) = fs::read_link(&path) {
            tree.insert(name, format!("-> {}\n", target.display()).into());
        } else if path.is_dir() {
            read(root, &path, tree);
        } else {
            tree.insert(name, fs::read(&path).unwrap());
        }
    }
}

#[track_caller]
fn assert_same(found: &Tree, expected: &Tree, what: &str) {
    let shown = |tree: &Tree| -> String {
        let files = tree.iter().map(|(path, contents)| {
            format!("=== {path}\n{}", String::from_utf8_lossy(contents).replace('\r', "␍"))
        });
        files.collect()
    };
    assert!(
        found == expected,
        "{what}\n--- found\n{}\n--- expected\n{}",
        shown(found),
        shown(expected)
    );
}

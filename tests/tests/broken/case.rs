//! `Case`: a set-up, as a file describes it.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use authn_tests::command::Sandbox;
use serde::Deserialize;

use crate::{dns::Answer, server::Script};

/// A set-up that does not work. In its texts `{server}` stands for the server's URL, `{port}` for its port, `{closed}`
/// for an address of this machine at which no program listens, and `{work}` for the working folder, where the authority of
/// the server's certificate is `ca.pem`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What is wrong.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default = "token")]
    pub(crate) command: Vec<String>,
    pub(crate) exit: i32,
    /// Words of the message that say what to do.
    pub(crate) act: String,
    /// The user's configuration file.
    #[serde(default)]
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) files: Vec<File>,
    pub(crate) server: Option<Script>,
    /// What the resolver says, in a network of its own.
    pub(crate) dns: Option<Answer>,
}

/// A file in the working folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    path: String,
    pub(crate) text: String,
    /// Its permissions, as `chmod` takes them.
    #[serde(default = "private")]
    mode: String,
}

impl Case {
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        toml_edit::de::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

impl File {
    pub(crate) fn write(&self, sandbox: &Sandbox, text: &str) {
        let path = sandbox.file(&self.path, text);
        let mode = u32::from_str_radix(&self.mode, 8).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn token() -> Vec<String> {
    vec!["token".to_owned()]
}

fn private() -> String {
    "600".to_owned()
}

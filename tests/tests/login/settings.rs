//! Credentials of a client that logs a user in.

use std::path::{Path, PathBuf};

use authn::{
    Credentials, Environment, Loader,
    time::{Clock, ManualClock},
};
use authn_tests::rig::Rig;
use tempfile::TempDir;

pub(crate) const LOGGED_IN: &str = "You are logged in";
pub(crate) const FAILED: &str = "The login failed";

/// The options of the client `native`, and more. The server issues a refresh token after each new consent.
pub(crate) fn native(rig: &Rig, more: &str) -> String {
    client(rig, "native", more)
}

pub(crate) fn client(rig: &Rig, id: &str, more: &str) -> String {
    // A visit that fails is known after that.
    let timeout = if more.contains("login_timeout") { "" } else { "login_timeout = '1m'\n" };
    format!(
        "issuer_url = '{}'\nclient_id = '{id}'\nscope = 'openid offline_access read'\n\
         prompt = 'consent'\n{timeout}{more}",
        rig.issuer()
    )
}

/// A folder that tokens can be kept in.
pub(crate) struct Folder {
    path: PathBuf,
    /// It is removed with this.
    _parent: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        Self { path: parent.path().join("tokens"), _parent: parent }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn loader(rig: &Rig, options: &str, folder: Option<&Path>) -> Loader {
    let (origin, store) = (rig.issuer(), if folder.is_some() { "file" } else { "memory" });
    let folder = folder.map_or(String::new(), |folder| {
        format!("[stores.file]\ndirectory = '{}'\n", folder.display())
    });
    let text = format!(
        "{folder}[credentials]\norigins = ['{origin}']\n[credentials.oauth]\nstore = '{store}'\n{options}\n"
    );
    Loader::new().environment(Environment::empty()).defaults(&text)
}

pub(crate) fn load(rig: &Rig, options: &str) -> Credentials {
    load_with(rig, options, None, Clock::system())
}

/// Keeps the session in a folder.
pub(crate) fn load_in(rig: &Rig, options: &str, folder: &Path) -> Credentials {
    load_with(rig, options, Some(folder), Clock::system())
}

pub(crate) fn load_at(
    rig: &Rig,
    options: &str,
    folder: Option<&Path>,
    clock: &ManualClock,
) -> Credentials {
    load_with(rig, options, folder, Clock::custom(clock.clone()))
}

fn load_with(rig: &Rig, options: &str, folder: Option<&Path>, clock: Clock) -> Credentials {
    let loaded = loader(rig, options, folder).clock(clock).load();
    loaded.unwrap_or_else(|error| panic!("{options}\n{error}"))
}

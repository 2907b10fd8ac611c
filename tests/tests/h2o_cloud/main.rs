//! Provider `h2o_cloud` at an emulated environment: its discovery, its session, and the origins of its services.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod canary;
mod command_line;
mod discovery;
mod given;
mod origins;
mod session;

use std::{
    fs,
    path::{Path, PathBuf},
};

use authn::{Credentials, Environment, Loader};
use authn_providers as _;
use authn_tests::h2o_cloud::Cloud;
use tempfile::TempDir;

/// The variable with the refresh token of the client `platform`.
const VARIABLE: &str = "H2O_CLOUD_CLIENT_PLATFORM_TOKEN";

/// A user's folders, which outlive the credentials of a program.
struct User(TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns the environment of a program of the user.
    fn environment(&self) -> Environment {
        let below = |name: &str| self.0.path().join(name);
        Environment::empty().home(below("home")).state_directory(below("state"))
    }

    /// Returns the file of H2O's command line.
    fn file(&self) -> PathBuf {
        self.0.path().join("home/.h2oai/h2o-cli-config.toml")
    }

    /// Writes a file that only its owner can read.
    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// Returns a loader of credentials for an environment. `options` are further ones of the provider.
fn loader(cloud: &Cloud, environment: Environment, options: &str) -> Loader {
    let address = cloud.environment();
    let text = format!("[credentials.h2o_cloud]\nenvironment = '{address}'\n{options}\n");
    Loader::new().environment(environment).defaults(&text)
}

/// Loads credentials whose refresh token is in the variable, in memory.
fn load(cloud: &Cloud, options: &str) -> Credentials {
    let environment = Environment::empty().variable(VARIABLE, "first");
    let options = format!("store = 'memory'\n{options}");
    loader(cloud, environment, &options).load().unwrap()
}

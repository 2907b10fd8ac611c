//! The proof of a program on an Arc-enabled server: the agent names a file, and the program sends what is in it.
//!
//! Only members of a group can read the file. The answer that names it is not authenticated, so the rules are strict: it must
//! not make this program send another file.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use authn::{
    Error, Result,
    http::{HeaderMap, HttpResponse},
    private::{Challenge, Watched},
};
use zeroize::Zeroizing;

/// Largest key, in bytes.
const LARGEST: usize = 4096;

/// The folder of the agent's keys.
pub(super) struct KeyFolder(PathBuf);

impl Default for KeyFolder {
    fn default() -> Self {
        #[cfg(test)]
        if let Some(folder) = tests::FOLDER.take() {
            return Self(folder);
        }
        Self(PathBuf::from("/var/opt/azcmagent/tokens"))
    }
}

impl KeyFolder {
    /// Returns the value of `Authorization` that the answer of the agent asks for.
    pub(super) async fn proof(&self, answer: &HttpResponse) -> Result<Zeroizing<String>> {
        let path = self.named(answer.headers())?;
        let key = read(&path).await?;
        let key = key.text().expose();
        if key.len() > LARGEST {
            return Err(refused("is larger than 4 KiB"));
        }
        Ok(Zeroizing::new(format!("Basic {}", &*key)))
    }

    /// Returns the file that a challenge names (`Basic realm=FILE`), if it can be a key of the agent.
    fn named(&self, headers: &HeaderMap) -> Result<PathBuf> {
        let challenges = Challenge::all(headers);
        let mut basic = challenges.iter().filter(|one| one.is("Basic"));
        let realm = basic.find_map(|one| one.get("realm"));
        let path = Path::new(realm.ok_or_else(|| refused("is not named in its answer"))?);
        let is_key = path.extension().is_some_and(|extension| extension == "key");
        // As it is written: `..` would be another part.
        if !is_key || path.parent() != Some(self.0.as_path()) {
            return Err(refused("is not a `.key` in the folder of the agent"));
        }
        if self.0.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(refused("is in a folder that is a symbolic link"));
        }
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(refused("is not a regular file"));
        }
        Ok(path.to_owned())
    }
}

/// Reads a key. It is the agent that says that the file is there, so that an absent one is a failure.
async fn read(path: &Path) -> Result<Watched> {
    Watched::read(path, "the key of the agent of Azure Arc").await.map_err(|error| {
        let is_denied =
            File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        let help = match error.help() {
            _ if is_denied => {
                "add the user of this program to the group `himds`, and start a new session"
            }
            _ if error.is_not_applicable() => {
                "check whether the agent runs, such as by `azcmagent show`"
            }
            help => help.unwrap_or_default(),
        };
        Error::configuration(error.message()).with_help(help.to_owned())
    })
}

fn refused(what: &str) -> Error {
    Error::protocol(format!("the key that the agent of Azure Arc wants {what}, so it is not sent"))
        .with_help("check the variable IDENTITY_ENDPOINT, and update the agent")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{cell::Cell, fs};

    use authn::http::header;

    use super::*;

    thread_local! {
        /// The folder for the next provider that is made on this thread.
        pub(crate) static FOLDER: Cell<Option<PathBuf>> = const { Cell::new(None) };
    }

    #[test]
    fn only_a_key_of_the_agent_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder(folder.path().join("tokens"));
        fs::create_dir(&keys.0).unwrap();
        let at = |name: &str| keys.0.join(name).display().to_string();
        fs::write(at("a.key"), "k").unwrap();
        let named = |keys: &KeyFolder, challenge: Option<&str>| {
            let challenge = challenge.map(|text| (header::WWW_AUTHENTICATE, text.parse().unwrap()));
            keys.named(&challenge.into_iter().collect())
        };
        for challenge in [
            format!("Bearer x, Basic realm={}", at("a.key")),
            format!("Basic realm={}, Bearer", at("a.key")),
            format!("Negotiate, Bearer realm=\"x\", error=y, Basic realm=\"{}\"", at("a.key")),
            format!("Basic realm={}", at("a.key")),
            format!("basic realm=\"{}\"", at("a.key")),
            format!("  Basic  realm={} ", at("a.key")),
        ] {
            assert_eq!(
                named(&keys, Some(&challenge)).unwrap(),
                keys.0.join("a.key"),
                "{challenge}"
            );
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", at("link.key")).unwrap();
        fs::create_dir(at("folder.key")).unwrap();
        for challenge in [
            None,
            Some(String::new()),
            Some("Basic".to_owned()),
            Some("Basic realm=".to_owned()),
            Some(format!("Bearer realm={}", at("a.key"))),
            Some(format!("Basic other={}", at("a.key"))),
            Some(format!("Basic realm={}", at("a.txt"))),
            Some(format!("Basic realm={}", at(".key"))),
            Some(format!("Basic realm={}", at("../a.key"))),
            Some(format!("Basic realm={}", at("../tokens/a.key"))),
            Some(format!("Basic realm={}", at("deeper/a.key"))),
            Some(format!("Basic realm={}", at("folder.key"))),
            Some("Basic realm=/etc/ssl/a.key".to_owned()),
            Some("Basic realm=a.key".to_owned()),
            #[cfg(unix)]
            Some(format!("Basic realm={}", at("link.key"))),
        ] {
            let named = named(&keys, challenge.as_deref());
            assert!(named.is_err(), "{challenge:?}: {named:?}");
        }
        #[cfg(unix)]
        {
            let other = KeyFolder(folder.path().join("link"));
            std::os::unix::fs::symlink(&keys.0, &other.0).unwrap();
            let challenge = format!("Basic realm={}", other.0.join("a.key").display());
            let error = named(&other, Some(&challenge)).unwrap_err();
            assert!(error.message().contains("in a folder that is a symbolic link"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_help_fits_what_is_wrong_with_the_key() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let help = || {
            let error = crate::testing::wait(read(&path)).unwrap_err();
            assert_eq!(error.kind(), authn::ErrorKind::Configuration);
            error.help().unwrap_or_default().to_owned()
        };
        let write = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        assert!(help().contains("whether the agent runs"), "{}", help());
        write("", 0o600);
        assert_eq!(help(), "check what writes it");
        write("key", 0o644);
        assert!(help().contains("chmod"), "{}", help());
        write("key", 0o666);
        assert!(help().contains("chmod"), "{}", help());
        // Root can read it all the same.
        write("key", 0o000);
        if File::open(&path).is_err() {
            assert!(help().contains("group `himds`"), "{}", help());
        }
    }
}

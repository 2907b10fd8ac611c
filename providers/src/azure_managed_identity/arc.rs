//! The proof of a program on an Arc-enabled server: the agent names a file, and the program sends what is in it.
//!
//! Only members of a group can read the file. The answer that names it is not authenticated, so the rules are strict: it must
//! not make this program send another file.

use std::path::{Path, PathBuf};

use authn::{
    Error, Result,
    http::{HttpResponse, header},
    private::Watched,
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
        let path = self.named(answer.header(&header::WWW_AUTHENTICATE))?;
        let key = Watched::read(&path, "the key of the agent of Azure Arc").await;
        // It is the agent that says that the file is there.
        let key = key.map_err(|error| {
            Error::configuration(error.message())
                .with_help("add the user of this program to the group `himds`")
        })?;
        let key = key.text().expose();
        if key.len() > LARGEST {
            return Err(refused("is larger than 4 KiB"));
        }
        Ok(Zeroizing::new(format!("Basic {}", &*key)))
    }

    /// Returns the file that a challenge names (`Basic realm=FILE`), if it can be a key of the agent.
    fn named(&self, challenge: Option<&str>) -> Result<PathBuf> {
        let realm = challenge.and_then(|challenge| {
            let (scheme, realm) = challenge.trim().split_once(' ')?;
            let realm = realm.trim().strip_prefix("realm=")?;
            scheme.eq_ignore_ascii_case("basic").then(|| realm.trim_matches('"'))
        });
        let path = Path::new(realm.ok_or_else(|| refused("is not named in its answer"))?);
        let is_key = path.extension().is_some_and(|extension| extension == "key");
        // As it is written: `..` would be another part.
        if !is_key || path.parent() != Some(self.0.as_path()) {
            return Err(refused("is not a `.key` in the folder of the agent"));
        }
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(refused("is not a regular file"));
        }
        Ok(path.to_owned())
    }
}

fn refused(what: &str) -> Error {
    Error::protocol(format!("the key that the agent of Azure Arc wants {what}, so it is not sent"))
        .with_help("check the variable IDENTITY_ENDPOINT, and update the agent")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{cell::Cell, fs};

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
        for challenge in [
            format!("Basic realm={}", at("a.key")),
            format!("basic realm=\"{}\"", at("a.key")),
            format!("  Basic  realm={} ", at("a.key")),
        ] {
            assert_eq!(keys.named(Some(&challenge)).unwrap(), keys.0.join("a.key"), "{challenge}");
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
            let named = keys.named(challenge.as_deref());
            assert!(named.is_err(), "{challenge:?}: {named:?}");
        }
    }
}

//! `Version`: which file was read, to notice that another one is at its path.

use std::{
    fs::Metadata,
    path::Path,
    time::{Duration, SystemTime},
};

/// The coarsest time stamp of a file system, with much to spare: Linux counts in steps of up to 10 ms. A file that was changed
/// so shortly before it was read can change once more without another time stamp.
const SETTLED: Duration = Duration::from_millis(100);

/// How often an absent file is looked for.
pub(super) const MOST_LOOKS: usize = 10;

/// The file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    identity: Identity,
    /// Whether a later change gives the file another identity.
    is_settled: bool,
}

/// What differs after each change. A number of an inode is used again once its file is deleted, so that the times count, too.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    size: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: (u64, u64),
    /// Seconds and nanoseconds of the last change of the inode, which no program can set.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl Version {
    /// Returns the version of a file that was opened after `asked`.
    pub(super) fn new(metadata: &Metadata, asked: SystemTime) -> Self {
        let identity = Identity::of(metadata);
        let is_old = |time: SystemTime| asked.duration_since(time).is_ok_and(|age| age > SETTLED);
        let is_settled = identity.times().all(is_old);
        Self { identity, is_settled }
    }

    /// Returns whether it is the version of this file.
    pub(super) fn is_of(&self, metadata: &Metadata) -> bool {
        self.identity == Identity::of(metadata)
    }

    /// Returns whether the file at a path can be another one. One that is absent, or can't be looked at, is none.
    pub(crate) fn is_replaced(&self, path: &Path) -> bool {
        // The folder that a link led to can be deleted at this moment, and the link lead to another one.
        let looks = (0..MOST_LOOKS).map(|_| path.metadata());
        let found = looks.into_iter().find_map(Result::ok);
        found.is_some_and(|metadata| !self.is_settled || !self.is_of(&metadata))
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            inode: (metadata.dev(), metadata.ino()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Returns the times of the last changes.
    #[cfg(unix)]
    fn times(&self) -> impl Iterator<Item = SystemTime> {
        let (seconds, nanoseconds) = self.changed;
        let since = u64::try_from(seconds).ok().zip(u32::try_from(nanoseconds).ok());
        let since = since.map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds));
        let changed = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        self.modified.into_iter().chain(changed)
    }

    #[cfg(not(unix))]
    fn times(&self) -> impl Iterator<Item = SystemTime> {
        self.modified.into_iter()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, File};

    use super::*;

    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(10)
    }

    #[test]
    fn each_change_makes_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "one").unwrap();
        let version = || Version::new(&path.metadata().unwrap(), later());
        let first = version();
        assert!(!first.is_replaced(&path));
        // Another file of the same size and time.
        let other = folder.path().join("other");
        fs::write(&other, "two").unwrap();
        let modified = path.metadata().unwrap().modified().unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(first.is_replaced(&path));
        let second = version();
        fs::write(&path, "longer").unwrap();
        assert!(second.is_replaced(&path));
        fs::remove_file(&path).unwrap();
        assert!(!second.is_replaced(&path), "an absent file is no other one");
    }

    #[test]
    fn what_was_written_just_now_can_be_written_again_unnoticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "one").unwrap();
        let metadata = path.metadata().unwrap();
        let changed = metadata.modified().unwrap();
        for (age, is_settled) in [(0, false), (100, false), (101, true)] {
            let asked = changed + Duration::from_millis(age);
            let version = Version::new(&metadata, asked);
            assert_eq!(!version.is_replaced(&path), is_settled, "{age} ms");
        }
        let before = changed - Duration::from_secs(1);
        assert!(Version::new(&metadata, before).is_replaced(&path), "the clock was set back");
    }
}

//! Files and folders that are private to the user: reads them, and writes them whole.

use std::{
    fs::{DirBuilder, File},
    io::{self, Write as _},
    path::Path,
};

use crate::input_file::{self, Reason};
pub(crate) use crate::input_file::{Refusal, Rules, open};

/// Checks that a folder is private to the user; `Ok(false)` if there is none.
pub(crate) fn check_folder(path: &Path) -> Result<bool, Refusal> {
    if !path.is_dir() {
        return Ok(false);
    }
    let unopened = |error| Refusal::unopened(path, &error);
    let folder = File::open(path).map_err(unopened)?;
    let metadata = folder.metadata().map_err(unopened)?;
    input_file::check_access(path, &folder, &metadata, Rules::Session)?;
    Ok(true)
}

/// Creates a private folder and its missing parents, or checks the folder that is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), Refusal> {
    if check_folder(path)? {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|error| {
        let clause = format!("can't be created ({})", error.kind());
        Refusal::new(Reason::Unreadable, path, clause, "check the folder and the disk")
    })
}

/// Replaces a file with one of mode 0600: whole or not at all, and durably. Until then the new one has a name that starts
/// with `prefix`, in the same folder.
pub(crate) fn replace(path: &Path, prefix: &str, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut temporary = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Makes changes of names in a folder survive a loss of power.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_that_is_not_private_is_refused_with_the_command_that_fixes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let refusal = || open(&path, Rules::Session).expect_err("refused").to_string();
        assert!(refusal().contains("can't be read"));
        fs::write(&path, "abc").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(refusal().ends_with(&format!("`chmod 600 {}`", path.display())));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("set");
        assert!(open(&path, Rules::Session).is_ok());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o750)).expect("set");
        let refusal = check_folder(folder.path()).expect_err("refused").to_string();
        assert!(refusal.ends_with(&format!("`chmod 700 {}`", folder.path().display())));
    }
}

//! Decides whether the owner and the mode of a file fit its purpose.

use std::{fs::File, fs::Metadata, path::Path};

#[cfg(unix)]
use super::Reason;
use super::{Refusal, Rules};
#[cfg(unix)]
use crate::diagnostic::quoted;

/// Refuses a file or a folder that other users have rights to that its purpose forbids. A doubtful right is the warning
/// that is returned. Access control lists are not read.
#[cfg(unix)]
pub(crate) fn check(
    path: &Path,
    file: &File,
    metadata: &Metadata,
    rules: Rules,
) -> Result<Option<Refusal>, Refusal> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::{
        fs::{StatVfsMountFlags, fstatvfs},
        process::{getegid, geteuid},
    };

    let access = Access { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() };
    let user = User { id: geteuid().as_raw(), group: getegid().as_raw() };
    let Some(fault) = access.fault(rules, user) else { return Ok(None) };
    // No user can write to a read-only mount, nor change a mode there. It is how a container gets its files.
    if !matches!(rules, Rules::Session | Rules::SessionFolder)
        && fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
    {
        return Ok(None);
    }
    let refusal = fault.refusal(path, access, user);
    if fault == Fault::GroupWrites { Ok(Some(refusal)) } else { Err(refusal) }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn check(
    _: &Path,
    _: &File,
    _: &Metadata,
    _: Rules,
) -> Result<Option<Refusal>, Refusal> {
    Ok(None)
}

/// Returns the fault of the folder of a file, if every user can replace the file there. It is only a warning: a folder of a
/// container can be so, too, where there are no other users.
#[cfg(unix)]
pub(crate) fn fault_of_folder(path: &Path) -> Option<Refusal> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::{
        fs::{StatVfsMountFlags, statvfs},
        process::{getegid, geteuid},
    };

    const STICKY: u32 = 0o1000;
    const ALL_WRITE: u32 = 0o002;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let metadata = folder.metadata().ok()?;
    // With the sticky bit, only the owner of a file can replace it.
    let can_replace = metadata.mode() & (STICKY | ALL_WRITE) == ALL_WRITE;
    let is_read_only =
        || statvfs(folder).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY));
    if !can_replace || is_read_only() {
        return None;
    }
    let access = Access { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() };
    let user = User { id: geteuid().as_raw(), group: getegid().as_raw() };
    let Refusal { help, reason, .. } = Fault::AllWrite.refusal(folder, access, user);
    Some(Refusal::new(reason, path, "is in a folder in which every user can replace it", help))
}

#[cfg(not(unix))]
pub(crate) fn fault_of_folder(_: &Path) -> Option<Refusal> {
    None
}

/// The owner and the mode of a file.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct Access {
    owner: u32,
    group: u32,
    mode: u32,
}

/// The user of this process.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Another user owns it.
    Foreign,
    /// Other users can read or write it.
    Open,
    /// Other users, such as those of its group, can write it.
    OthersWrite,
    /// Every user can write it.
    AllWrite,
    /// The users of its group can write it.
    GroupWrites,
    /// Other users, such as those of its group, can read it.
    OthersRead,
}

#[cfg(unix)]
impl Access {
    fn fault(self, rules: Rules, user: User) -> Option<Fault> {
        let is_own = self.owner == user.id;
        let has = |bits: u32| self.mode & bits != 0;
        let fault = |is_there: bool, fault| is_there.then_some(fault);
        match rules {
            Rules::Session => fault(!is_own, Fault::Foreign).or(fault(has(0o077), Fault::Open)),
            Rules::SessionFolder => {
                fault(!is_own, Fault::Foreign).or(fault(has(0o022), Fault::OthersWrite))
            }
            Rules::Secret if is_own => fault(has(0o077), Fault::Open),
            Rules::Secret => fault(has(0o022), Fault::OthersWrite),
            // A group with the user's own number is usually the user's alone, with a umask of 002.
            Rules::Configuration => fault(!is_own && self.owner != 0, Fault::Foreign)
                .or(fault(has(0o002), Fault::AllWrite))
                .or(fault(has(0o020) && self.group != user.group, Fault::GroupWrites)),
            Rules::Secretive => fault(has(if is_own { 0o044 } else { 0o004 }), Fault::OthersRead),
            Rules::Certificates => fault(has(0o002), Fault::AllWrite),
        }
    }
}

#[cfg(unix)]
impl Fault {
    fn refusal(self, path: &Path, access: Access, user: User) -> Refusal {
        let (clause, command) = match self {
            Self::Foreign => ("belongs to another user", format!("chown {}", user.id)),
            Self::Open => ("can be accessed by other users", "chmod 600".to_owned()),
            Self::OthersWrite => ("is writable by other users", "chmod go-w".to_owned()),
            Self::AllWrite => ("is writable by every user", "chmod o-w".to_owned()),
            Self::OthersRead => ("is readable by other users", "chmod 600".to_owned()),
            Self::GroupWrites => ("is writable by its group", "chmod g-w".to_owned()),
        };
        if self == Self::Foreign && user.id == 0 {
            // To take it from its owner would not help: root has the user's `HOME`.
            let help = "run the program as the owner, or give root a `HOME` of its own, such as with `sudo -H`";
            return Refusal::new(Reason::Access, path, clause, help);
        }
        let can_change = self == Self::Foreign || access.owner == user.id || user.id == 0;
        let who = if can_change { "" } else { ", as its owner" };
        let help = format!("`{command} {}`{who}", quoted(&path.display().to_string()));
        Refusal::new(Reason::Access, path, clause, help)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ROOT: User = User { id: 0, group: 0 };
    const ANN: User = User { id: 1000, group: 1000 };

    #[test]
    fn each_purpose_has_its_own_rules() {
        use Fault::{AllWrite, Foreign, GroupWrites, Open, OthersRead, OthersWrite};
        use Rules::{Certificates, Configuration, Secret, Secretive, Session, SessionFolder};

        for (rules, user, owner, group, mode, expected) in [
            (Session, ANN, 1000, 1000, 0o600, None),
            (Session, ANN, 1000, 1000, 0o640, Some(Open)),
            (Session, ANN, 0, 0, 0o600, Some(Foreign)),
            (Session, ROOT, 1000, 1000, 0o600, Some(Foreign)),
            (SessionFolder, ANN, 1000, 1000, 0o755, None),
            (SessionFolder, ANN, 1000, 1000, 0o770, Some(OthersWrite)),
            (SessionFolder, ANN, 0, 0, 0o700, Some(Foreign)),
            (Secret, ANN, 1000, 1000, 0o400, None),
            (Secret, ANN, 1000, 1000, 0o640, Some(Open)),
            (Secret, ANN, 1000, 1000, 0o620, Some(Open)),
            // Compose, Podman and Vault.
            (Secret, ANN, 0, 0, 0o644, None),
            (Secret, ANN, 1001, 1001, 0o444, None),
            (Secret, ROOT, 1000, 1000, 0o644, None),
            (Secret, ANN, 0, 1000, 0o664, Some(OthersWrite)),
            (Secret, ANN, 0, 0, 0o646, Some(OthersWrite)),
            (Configuration, ANN, 1000, 1000, 0o644, None),
            (Configuration, ANN, 0, 0, 0o644, None),
            (Configuration, ANN, 1000, 1000, 0o664, None),
            (Configuration, ANN, 1000, 100, 0o664, Some(GroupWrites)),
            (Configuration, ANN, 0, 0, 0o664, Some(GroupWrites)),
            (Configuration, ANN, 1000, 1000, 0o666, Some(AllWrite)),
            (Configuration, ANN, 0, 0, 0o646, Some(AllWrite)),
            (Configuration, ANN, 1001, 1000, 0o644, Some(Foreign)),
            (Configuration, ROOT, 1000, 1000, 0o644, Some(Foreign)),
            (Secretive, ANN, 1000, 1000, 0o600, None),
            (Secretive, ANN, 1000, 1000, 0o640, Some(OthersRead)),
            (Secretive, ANN, 1000, 1000, 0o644, Some(OthersRead)),
            (Secretive, ANN, 0, 1000, 0o640, None),
            (Secretive, ANN, 0, 0, 0o644, Some(OthersRead)),
            (Certificates, ANN, 1001, 1001, 0o664, None),
            (Certificates, ANN, 1000, 1000, 0o646, Some(AllWrite)),
        ] {
            let access = Access { owner, group, mode: 0o100_000 | mode };
            assert_eq!(access.fault(rules, user), expected, "{rules:?} {owner}:{group} {mode:o}");
        }
    }

    #[test]
    fn a_folder_in_which_every_user_can_replace_a_file_is_a_fault() {
        use std::{fs, os::unix::fs::PermissionsExt as _};

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        for (mode, is_fault) in [(0o700, false), (0o775, false), (0o777, true), (0o1777, false)] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("set");
            let fault = fault_of_folder(&path);
            assert_eq!(fault.is_some(), is_fault, "{mode:o}");
            let command = format!("`chmod o-w {}`", folder.path().display());
            assert!(fault.is_none_or(|fault| fault.help == command));
        }
        assert!(fault_of_folder(Path::new("config.toml")).is_none());
    }

    #[test]
    fn the_help_is_the_command_that_fixes_it() {
        let help = |fault: Fault, owner, user| {
            let access = Access { owner, group: 0, mode: 0 };
            fault.refusal(Path::new("/a b"), access, user).help
        };
        assert_eq!(help(Fault::Foreign, 7, ANN), "`chown 1000 '/a b'`");
        let of_root = help(Fault::Foreign, 1000, ROOT);
        assert!(of_root.starts_with("run the program as the owner, or"), "{of_root}");
        assert_eq!(help(Fault::Open, 1000, ANN), "`chmod 600 '/a b'`");
        assert_eq!(help(Fault::OthersWrite, 0, ANN), "`chmod go-w '/a b'`, as its owner");
        assert_eq!(help(Fault::AllWrite, 1000, ROOT), "`chmod o-w '/a b'`");
        assert_eq!(help(Fault::GroupWrites, 1000, ANN), "`chmod g-w '/a b'`");
    }
}

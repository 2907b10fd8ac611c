//! What is wrong with the `file` store's folder and with the files in it, and the command that mends it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::file::{CORRUPT, NEWER, RULES};
use crate::{
    config::{Problem, quoted},
    private_file::{self, Refusal},
};

/// Looks at a folder and leaves it as it is, also if it is not there.
pub(super) fn folder(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let unreadable = |error: io::Error| {
        Problem::error("store", format!("{} can't be read ({})", folder.display(), error.kind()))
            .with_help(format!("`chmod 700 {}`, or check the disk", shown(folder)))
    };
    match opened(folder) {
        Ok(()) => {}
        Err(Found::Absent) => {
            // The nearest folder that is there is where it would be made.
            let place = folder.ancestors().skip(1).find(|place| place.exists());
            problems.extend(place.and_then(unwritable));
            return problems;
        }
        Err(Found::Refused(refusal)) => problems.push(refused(&refusal)),
        Err(Found::Failed(error)) => return vec![unreadable(error)],
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(unreadable(error));
            return problems;
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    problems.extend(paths.iter().filter_map(|path| file(path)));
    problems.extend(unwritable(folder));
    problems
}

/// Why a folder can't be used.
enum Found {
    Absent,
    Refused(Refusal),
    Failed(io::Error),
}

fn opened(folder: &Path) -> Result<(), Found> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Found::Absent,
        _ => Found::Failed(error),
    };
    let file = File::open(folder).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_dir() {
        return Err(Found::Failed(io::ErrorKind::NotADirectory.into()));
    }
    private_file::check(&file, &metadata, 0o700, false)
        .map_err(|reason| Found::Refused(Refusal::new(folder, reason)))
}

/// What is wrong with one file of the store: a session, a lock, or what was set aside.
fn file(path: &Path) -> Option<Problem> {
    let ending = path.extension()?.to_str()?;
    match ending {
        CORRUPT | NEWER => {
            let why = if ending == CORRUPT { "it was damaged" } else { "a later version wrote it" };
            let message =
                format!("{} is a session that was set aside, because {why}", path.display());
            let help = format!("`rm {}`, once nobody misses it", shown(path));
            Some(Problem::warning("store-leftover", message).with_help(help))
        }
        "json" | "lease" | "lock" => match private_file::open(path, RULES) {
            Ok(_) => None,
            Err(refusal) if refusal.is_absence() => None,
            Err(refusal) => Some(refused(&refusal)),
        },
        _ => None,
    }
}

/// Writes a file that never has a name, so that nobody sees it.
fn unwritable(folder: &Path) -> Option<Problem> {
    let written = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.write_all(b"authn")?;
        file.sync_all()
    });
    let error = written.err()?;
    let message = format!("{} can't be written to ({})", folder.display(), error.kind());
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => format!("`chmod u+rwx {}`", shown(folder)),
        _ => "free space on the disk, or set `stores.file.directory` to a folder elsewhere".into(),
    };
    Some(Problem::error("store", message).with_help(help))
}

fn refused(refusal: &Refusal) -> Problem {
    Problem::error("store", refusal.fault()).with_help(refusal.way_out())
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}

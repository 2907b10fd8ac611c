//! What is wrong with the `file` store's folder and with the files in it, and the command that mends it.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::file::{CORRUPT, NEWER, RULES};
use crate::{
    diagnostic::{Problem, quoted},
    private_file::{self, Refusal},
};

/// Looks at a folder and leaves it as it is, also if it is not there.
pub(super) fn folder(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    match private_file::check_folder(folder) {
        Ok(true) => {}
        Ok(false) => {
            // The nearest thing that is there is where it would be made.
            let place = folder.ancestors().find(|place| place.exists());
            problems.extend(place.and_then(unwritable));
            return problems;
        }
        Err(refusal) => problems.push(refused(&refusal)),
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("{} can't be read ({})", folder.display(), error.kind());
            let help = format!("`chmod 700 {}`, or check the disk", shown(folder));
            problems.push(Problem::error("store", message).with_help(help));
            return problems;
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    problems.extend(paths.iter().filter_map(|path| file(path)));
    problems.extend(unwritable(folder));
    problems
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
    quoted(&path.display().to_string()).into_owned()
}

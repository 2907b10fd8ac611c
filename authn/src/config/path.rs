//! Paths in a configuration: the folder that a relative path is relative to follows from the place of its text.

use std::path::{self, Path, PathBuf};

use super::layers::is_text;
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance},
};

/// Returns the absolute path of a text in a configuration. It is relative to the folder of the file that contains it, or
/// from a flag to the working folder. `~/` is the home.
///
/// An environment variable applies in every folder, so a relative path in it would lead to files of whichever project is
/// the current one. It is refused, and so is one in a layer without a folder.
pub(super) fn absolute(
    text: &str,
    at: &Provenance,
    environment: &Environment,
) -> Result<PathBuf, Box<Problem>> {
    if text.is_empty() {
        // It would be the folder that it is relative to.
        let problem = Problem::error(ProblemCode::InvalidValue, "the path is empty");
        return Err(Box::new(problem.with_help("write a path, or remove the option")));
    }
    let base = match at {
        Provenance::File { path, .. } if is_text(path) => None,
        // A file is opened relative to the folder of the process.
        Provenance::File { path, .. } | Provenance::Layer { file: Some(path), .. } => {
            path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned))
        }
        Provenance::Flag { .. } => environment.working().map(Path::to_owned),
        Provenance::Environment { .. }
        | Provenance::Layer { .. }
        | Provenance::Preset { .. }
        | Provenance::Code
        | Provenance::Default => None,
    };
    environment.absolute(Path::new(text), base.as_deref()).ok_or_else(|| {
        let message = match at {
            _ if text.starts_with("~/") => "there is no home folder for `~/`",
            Provenance::Environment { .. } => {
                "a relative path in a variable could lead to a file of a project that you have not trusted"
            }
            Provenance::Flag { .. } => "there is no working folder for a relative path",
            _ => "a relative path needs a file that it is relative to, and this layer is not a file",
        };
        let problem = Problem::error(ProblemCode::RelativePath, message);
        Box::new(problem.with_help("write an absolute path, or `~/…`"))
    })
}

//! The layers of a configuration: where values come from, and how they are merged.

mod file;
mod flag;
#[cfg(feature = "figment")]
mod foreign;
mod layer;
pub(super) mod merge;
pub(super) mod shorthand;
mod source;
mod variables;

use std::path::{Path, PathBuf};

#[cfg(feature = "figment")]
pub(super) use foreign::Foreign;
pub(super) use layer::Layer;
pub(super) use source::{Found, parts};
pub use source::{Source, SourceState};

use super::{Loader, project};
use crate::{
    Environment,
    diagnostic::{Origin, Problem},
};

/// The layers, low to high: this list is the order.
pub(super) fn find(
    loader: &Loader,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> (Vec<Layer>, Vec<Source>) {
    if !loader.has_fit_name() {
        let message = "an application's name becomes a part of file names and of variables' names";
        let help = "name it with letters, digits, `-` and `_`";
        problems.push(Problem::error("app-name", message).with_help(help));
        return (Vec::new(), Vec::new());
    }
    let mut found = Found { layers: Vec::new(), sources: Vec::new(), problems };
    for (name, text) in &loader.inline {
        found.text("inline", name, text.clone());
    }
    if let Some(folder) = environment.system() {
        found.file("system", &folder.join(&loader.app).join("config.toml"), false);
    }
    if let Some(folder) = environment.user() {
        found.file("user", &folder.join(&loader.app).join("config.toml"), false);
    }
    let named = named_file(loader, environment);
    // Who names the project's file has trusted it: it is not withheld and in force at once.
    let is_project = |path: &PathBuf| project::is_nearest(path, &loader.app, environment);
    if loader.project && !named.as_ref().is_some_and(|named| named.as_ref().is_ok_and(is_project)) {
        project::add(&loader.app, environment, &mut found);
    }
    match named {
        Some(Ok(path)) => found.file("file", &path, true),
        Some(Err((path, problem))) => found.refused("file", &path, problem),
        None => {}
    }
    #[cfg(feature = "figment")]
    for foreign in &loader.foreign {
        found.foreign("layer", foreign);
    }
    let variables = variables::read(&loader.prefix(), environment, found.problems);
    found.other("environment", variables);
    let flags: Vec<String> = loader.flags.iter().map(|flag| flag.to_string()).collect();
    let flags = flag::read(&flags, found.problems);
    found.other("flags", flags);
    (found.layers, found.sources)
}

/// The file that the program or its user names; refused if it depends on the working folder without having
/// been named there.
fn named_file(
    loader: &Loader,
    environment: &Environment,
) -> Option<Result<PathBuf, (PathBuf, Problem)>> {
    if let Some(path) = &loader.file {
        return Some(Ok(path.clone()));
    }
    let name = format!("{}CONFIG", loader.prefix());
    // One that begins with `~/` becomes absolute.
    let path = environment.absolute(environment.get(&name)?, Some(Path::new("")));
    if path.is_absolute() {
        return Some(Ok(path));
    }
    let message = "a variable can't name a file by a relative path: in another folder that is another \
                   file, as that of a project that you have not trusted";
    let problem = Problem::error("relative-path", message)
        .with_origin(Origin::Environment { name })
        .with_help("write the whole path, or name the file on the command line: `--config FILE`");
    Some(Err((path, problem)))
}

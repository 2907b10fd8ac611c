//! The layers of a configuration, and how they are merged.

pub(super) mod file;
mod flag;
mod layer;
pub(super) mod merge;
#[cfg(feature = "figment")]
mod program;
pub(super) mod shorthand;
mod source;
mod variables;

use std::path::{Path, PathBuf};

pub(super) use flag::split as split_flag;
pub(super) use layer::Layer;
#[cfg(feature = "figment")]
pub(super) use program::ProgramLayer;
pub(super) use source::parts;
pub use source::{LayerName, Source, SourceState};

use zeroize::Zeroizing;

use super::{Loader, project};
use crate::{
    Environment,
    diagnostic::{Problem, ProblemCode, Provenance},
};

/// Reads the texts of a program. Each has a name of its own, by which a problem finds its line: `defaults`, `defaults 2`.
fn texts(name: LayerName, texts: &[Zeroizing<String>], problems: &mut Vec<Problem>) -> Vec<Layer> {
    let read = |(index, text): (usize, &Zeroizing<String>)| {
        let number = if index == 0 { String::new() } else { format!(" {}", index + 1) };
        let path = PathBuf::from(format!("{name}{number}"));
        file::parse(name, &path, text.clone(), problems)
    };
    texts.iter().enumerate().map(read).collect()
}

/// Returns whether a path is the name of a text of the program, which is no file.
pub(super) fn is_text(path: &Path) -> bool {
    let names = [LayerName::Defaults, LayerName::Overrides].map(LayerName::as_str);
    path.to_str().and_then(|path| path.split(' ').next()).is_some_and(|name| names.contains(&name))
}

/// Finds the layers, from the lowest to the highest. This list is the order.
pub(super) fn find(
    loader: &Loader,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Vec<Layer> {
    if !loader.has_valid_name() {
        let message = "the application's name can't be a part of the names of files and variables";
        let help = "use only ASCII letters, digits, `-` and `_`";
        problems.push(Problem::error(ProblemCode::AppName, message).with_help(help));
        return Vec::new();
    }
    problems.extend(loader.own_ignored_tables());
    let ignored = loader.ignored_tables();
    let mut layers = Vec::new();
    layers.extend(texts(LayerName::Defaults, &loader.defaults, problems));
    for (name, folder) in
        [(LayerName::System, environment.system()), (LayerName::User, environment.user())]
    {
        let path = folder.map(|folder| folder.join(&loader.app).join("config.toml"));
        layers.extend(path.map(|path| read(loader, name, &path, false, problems)));
    }
    let named = named_file(loader, environment);
    // A user who names the project's file trusts it: it is read once, as the named file.
    let is_project = |path: &PathBuf| project::is_nearest(path, &loader.app, environment);
    if loader.project && !named.as_ref().is_some_and(|named| named.as_ref().is_ok_and(is_project)) {
        layers.extend(project::layer(loader, environment, problems));
    }
    match named {
        Some(Ok(path)) => layers.push(read(loader, LayerName::File, &path, true, problems)),
        Some(Err((path, problem))) => {
            problems.push(problem);
            layers.push(Layer::empty(LayerName::File, Some(&path), SourceState::Failed));
        }
        None => {}
    }
    #[cfg(feature = "figment")]
    layers.extend(loader.program_layers.iter().map(|program_layer| program_layer.layer(problems)));
    layers.push(variables::read(&loader.prefix(), environment, &ignored, problems));
    layers.push(flag::read(&loader.flags, problems));
    layers.extend(texts(LayerName::Overrides, &loader.overrides, problems));
    for layer in &mut layers {
        layer.ignore(&ignored);
    }
    layers
}

/// Reads a file, or the text that is to be written there.
fn read(
    loader: &Loader,
    name: LayerName,
    path: &Path,
    must_exist: bool,
    problems: &mut Vec<Problem>,
) -> Layer {
    match &loader.edited {
        Some((edited, text)) if edited == path => file::parse(name, path, text.clone(), problems),
        _ => file::read(name, path, must_exist, problems),
    }
}

/// Returns the file that the program or its user names. A variable with a relative path is refused, because the file would
/// depend on the working directory.
fn named_file(
    loader: &Loader,
    environment: &Environment,
) -> Option<Result<PathBuf, (PathBuf, Problem)>> {
    if let Some(path) = &loader.file {
        return Some(Ok(path.clone()));
    }
    let name = format!("{}CONFIG", loader.prefix());
    let path = environment.path(&name)?;
    if let Some(path) = environment.absolute(path, None) {
        return Some(Ok(path));
    }
    let message = "the variable has a relative path, which could lead to a file of a project that you have \
                   not trusted";
    let problem = Problem::error(ProblemCode::RelativePath, message)
        .with_provenance(Provenance::Environment { name })
        .with_help("write an absolute path, or name the file with `--config FILE`");
    Some(Err((path.to_owned(), problem)))
}

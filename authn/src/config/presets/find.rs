//! `Presets`: finds a preset by its name, among the user's own and the linked ones.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Environment, Error, Registry, Result,
    config::layers::file,
    diagnostic::{Problem, ProblemCode, Provenance, Severity, SourceText, nearest, shortened},
    registry::{Preset, PresetDocument, is_preset_name},
    sorted::sorted,
};

/// The folder of the user's own presets, beside the user's configuration.
const FOLDER: &str = "presets";

/// The presets that a configuration can name.
pub(crate) struct Presets<'a> {
    pub(super) registry: &'a Registry,
    /// The folder of the user's own.
    folder: Option<PathBuf>,
    /// The command that lists them.
    command: String,
}

/// A preset, and the text of the user's file that it is from.
type Found = (PresetDocument, Option<Arc<SourceText>>);

impl<'a> Presets<'a> {
    /// Returns the presets of a registry and the user's own of an application.
    pub(crate) fn of(
        registry: &'a Registry,
        app: &str,
        environment: &Environment,
        command: String,
    ) -> Self {
        let folder = environment.user().map(|user| user.join(app).join(FOLDER));
        Self { registry, folder, command }
    }

    /// Returns only the presets of a registry, for what is built in code.
    pub(crate) fn linked(registry: &'a Registry) -> Self {
        Self { registry, folder: None, command: String::new() }
    }

    /// Returns the path of a preset of the user's own.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        // The name may be in a project's file, and must not lead to another folder.
        let folder = self.folder.as_ref().filter(|_| is_preset_name(name))?;
        Some(folder.join(format!("{name}.toml")))
    }

    /// Finds a preset: the user's own, with the text of its file, or else the linked one. `None` after a failure. A
    /// problem without a provenance is one of the name.
    pub(super) fn find(&self, name: &str, problems: &mut Vec<Problem>) -> Option<Found> {
        match self.path(name).map(|path| (file::text(&path, problems), path)) {
            Some((Ok(Some(text)), path)) => {
                file::check_folder(&path, problems);
                let text = Arc::new(SourceText::new(path, text));
                let entries = file::document(&text, problems)?;
                let start = text.provenance(0);
                return Some((PresetDocument::read(name, start, entries, problems)?, Some(text)));
            }
            Some((Err(problem), _)) => {
                problems.push(*problem);
                return None;
            }
            Some((Ok(None), _)) | None => {}
        }
        let Some(entry) = self.registry.preset(name) else {
            problems.push(self.unknown(name));
            return None;
        };
        Some((entry.read(problems)?, None))
    }

    fn unknown(&self, name: &str) -> Problem {
        let (names, _) = self.names();
        let near = nearest(name, names.iter().map(String::as_str))
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let all = if names.is_empty() {
            "no crate with presets is linked".to_owned()
        } else {
            format!("the presets are {}", shortened(&list))
        };
        let own = self.folder.as_ref().map_or_else(String::new, |folder| {
            let folder = folder.display();
            format!("; one of your own is a file in {folder}; `{}` lists all", self.command)
        });
        Problem::error(ProblemCode::UnknownPreset, "there is no preset of this name")
            .with_help(format!("{near}{all}{own}"))
    }

    /// Returns the names of all presets, in alphabetical order, and the problem of a folder that can't be read.
    fn names(&self) -> (BTreeSet<String>, Option<Problem>) {
        let mut names: BTreeSet<String> =
            sorted(self.registry.presets().map(|entry| entry.name().to_owned()));
        let Some(folder) = &self.folder else { return (names, None) };
        match fs::read_dir(folder) {
            Ok(files) => {
                let files = files.filter_map(|file| Some(file.ok()?.file_name()));
                let own = files.filter_map(|file| {
                    Some(Path::new(&file).to_str()?.strip_suffix(".toml")?.to_owned())
                });
                names.extend(own.filter(|name| is_preset_name(name)));
                (names, None)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (names, None),
            Err(error) => {
                let why = crate::diagnostic::reason(&error);
                let message = format!("the folder of presets can't be read ({why})");
                let problem = Problem::error(ProblemCode::Unreadable, message)
                    .with_provenance(Provenance::file(folder))
                    .with_help("make it readable, or remove it");
                (names, Some(problem))
            }
        }
    }

    /// Returns all presets of the registry's providers, in alphabetical order; one error with all problems.
    pub(crate) fn all(&self) -> Result<Vec<Preset>> {
        let (presets, problems) = self.readable();
        match problems.len() {
            0 => Ok(presets),
            1 => Err(Error::problems_found("a preset can't be read".to_owned(), problems)),
            _ => Err(Error::problems_found("presets can't be read".to_owned(), problems)),
        }
    }

    /// Returns the presets that can be read, and the problems of the others.
    pub(crate) fn readable(&self) -> (Vec<Preset>, Vec<Problem>) {
        let (names, problem) = self.names();
        let mut problems: Vec<Problem> = problem.into_iter().collect();
        let mut presets = Vec::new();
        for name in names {
            let found = self.find(&name, &mut problems).map(|(document, _)| document.preset);
            presets.extend(found.filter(|preset| self.registry.get(&preset.provider).is_some()));
        }
        problems.retain(|problem| problem.severity() == Severity::Error);
        (presets, problems)
    }
}

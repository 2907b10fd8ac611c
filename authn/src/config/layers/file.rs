//! The layer of a TOML file, whose values have a line and a column.

use std::{ops::Range, path::Path, sync::Arc};

use toml_edit::Document;
use zeroize::Zeroizing;

use super::{Layer, LayerName, SourceState, layer::too_deep};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, syntax_problem},
    input_file::{self, Contents, Reason, Refusal, Rules},
    options::{
        Entries,
        toml::{self, TooDeep},
    },
};

/// Reads the layer of a file, which is empty if there is no file. Problems are added to `problems`.
pub(crate) fn read(
    name: LayerName,
    path: &Path,
    must_exist: bool,
    problems: &mut Vec<Problem>,
) -> Layer {
    let state = match text(path, problems) {
        Ok(Some(text)) => {
            // Trust in a project's file is bound to its contents, so that another file is not trusted.
            if name != LayerName::Project {
                check_folder(path, problems);
            }
            return parse(name, path, text, problems);
        }
        Ok(None) => {
            let message = format!("{} does not exist", path.display());
            let problem = Problem::error(ProblemCode::NoSuchFile, message);
            let help = "check the path after `--config`, or in the variable that names the file";
            let problem = problem.with_provenance(Provenance::file(path)).with_help(help);
            problems.extend(must_exist.then_some(problem));
            SourceState::Absent
        }
        Err(problem) => {
            problems.push(*problem);
            SourceState::Failed
        }
    };
    Layer::empty(name, Some(path), state)
}

/// Reads the text of a file; `Ok(None)` if there is no file. Rights of other users that are only doubtful are added to
/// `problems`, and any other failure is the error.
pub(crate) fn text(
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<Option<Zeroizing<String>>, Box<Problem>> {
    let Contents { bytes, warning, .. } = match input_file::read(path, Rules::Configuration) {
        Ok(contents) => contents,
        Err(refusal) if refusal.is_absence() => return Ok(None),
        Err(refusal) => return Err(Box::new(problem(path, &refusal, Problem::error))),
    };
    problems.extend(warning.map(|refusal| problem(path, &refusal, Problem::warning)));
    input_file::into_text(bytes).map(Some).map_err(|good| {
        let at = good.len();
        let problem = Problem::error(ProblemCode::NotUtf8, "the file is not UTF-8 text");
        let provenance = SourceText::new(path.to_owned(), good).provenance(at);
        Box::new(problem.with_provenance(provenance).with_help("save it as UTF-8"))
    })
}

/// Adds a warning to `problems` if every user can replace the file.
pub(crate) fn check_folder(path: &Path, problems: &mut Vec<Problem>) {
    let fault = input_file::fault_of_folder(path);
    problems.extend(fault.map(|refusal| problem(path, &refusal, Problem::warning)));
}

/// Returns the problem of a file that is refused.
fn problem(path: &Path, refusal: &Refusal, of: fn(ProblemCode, String) -> Problem) -> Problem {
    let code = match refusal.reason {
        Reason::Absent | Reason::Unreadable => ProblemCode::Unreadable,
        Reason::NotAFile => ProblemCode::NotAFile,
        Reason::TooLarge => ProblemCode::TooLarge,
        Reason::NotUtf8 => ProblemCode::NotUtf8,
        Reason::Access => ProblemCode::UnsafeFile,
    };
    let subject = if code == ProblemCode::NotAFile { "this" } else { "the file" };
    of(code, format!("{subject} {}", refusal.clause))
        .with_provenance(Provenance::file(path))
        .with_help(&*refusal.help)
}

/// Parses the text of a file. If it is not valid TOML, a problem is added and the layer is empty.
pub(crate) fn parse(
    name: LayerName,
    path: &Path,
    text: Zeroizing<String>,
    problems: &mut Vec<Problem>,
) -> Layer {
    let before = problems.len();
    let mut layer = Layer::empty(name, Some(path), SourceState::Read);
    let source = Arc::new(SourceText::new(path.to_owned(), text));
    if let Some(values) = document(&source, problems) {
        layer.fill(values, problems);
    }
    if problems.len() > before && layer.is_empty() {
        layer.source.state = SourceState::Failed;
    }
    layer.text = Some(source);
    layer
}

/// Returns the values in a text. If it is not valid TOML, a problem is added.
pub(crate) fn document(source: &SourceText, problems: &mut Vec<Problem>) -> Option<Entries> {
    match Document::parse(source.text.as_str()) {
        Ok(document) => {
            let place = |span: Option<Range<usize>>| {
                (source.provenance(span.as_ref().map_or(0, |span| span.start)), span)
            };
            match toml::entries(document.as_table(), &place) {
                Ok(values) => return Some(values),
                Err(TooDeep(at)) => problems.push(too_deep(source.provenance(at))),
            }
        }
        Err(error) if toml::is_too_deep(&error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.push(too_deep(source.provenance(at)));
        }
        Err(error) => problems.push(syntax_problem(source, &error)),
    }
    None
}

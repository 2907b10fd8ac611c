//! The layer of a TOML file, whose values have a line and a column.

use std::{fs, io, ops::Range, path::Path, sync::Arc};

use toml_edit::Document;
use zeroize::Zeroizing;

use super::{Layer, LayerName, SourceState, layer::too_deep};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, quoted, syntax_excerpt},
    options::toml::{self, TooDeep},
};

/// Size in bytes of the largest configuration file that is read.
const MAX_SIZE: u64 = 1024 * 1024;

/// Reads the layer of a file, which is empty if there is no file. Problems are added to `problems`.
pub(crate) fn read(
    name: LayerName,
    path: &Path,
    must_exist: bool,
    problems: &mut Vec<Problem>,
) -> Layer {
    let state = match text(path) {
        Ok(Some(text)) => return parse(name, path, text, problems),
        Ok(None) => {
            let problem = Problem::error(ProblemCode::NoSuchFile, "there is no such file");
            let problem =
                problem.with_provenance(Provenance::file(path)).with_help("check the path");
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

/// Reads a file; `Ok(None)` if there is no file. Every other failure is a problem.
fn text(path: &Path) -> Result<Option<Zeroizing<String>>, Box<Problem>> {
    let fail = |code, message: &str, help: &str| {
        Box::new(
            Problem::error(code, message).with_provenance(Provenance::file(path)).with_help(help),
        )
    };
    let unreadable = |error: io::Error| {
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => &*format!(
                "make it readable with `chmod u+r {}`",
                quoted(&path.display().to_string())
            ),
            _ => "check the path and the file system",
        };
        fail(ProblemCode::Unreadable, &format!("the file can't be read ({})", error.kind()), help)
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if metadata.is_dir() {
        let help = "name a TOML file, or remove the folder";
        return Err(fail(ProblemCode::NotAFile, "this is a folder", help));
    }
    if !metadata.is_file() {
        return Err(fail(ProblemCode::NotAFile, "this is not a regular file", "name a TOML file"));
    }
    if metadata.len() > MAX_SIZE {
        let help = "check that this is the right file";
        return Err(fail(ProblemCode::TooLarge, "the file is larger than 1 MiB", help));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let at = good.len();
            let provenance = SourceText::new(path.to_owned(), Zeroizing::new(good)).provenance(at);
            let problem =
                fail(ProblemCode::NotUtf8, "the file is not UTF-8 text", "save it as UTF-8");
            Err(Box::new(problem.with_provenance(provenance)))
        }
    }
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
    match Document::parse(source.text.as_str()) {
        Ok(document) => {
            let place = |span: Option<Range<usize>>| {
                (source.provenance(span.as_ref().map_or(0, |span| span.start)), span)
            };
            match toml::entries(document.as_table(), &place) {
                Ok(values) => layer.fill(values, problems),
                Err(TooDeep(at)) => problems.push(too_deep(source.provenance(at))),
            }
        }
        Err(error) if toml::is_too_deep(&error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.push(too_deep(source.provenance(at)));
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let help = "put a text in quotes, `key = \"text\"`, and start a table with `[name]`";
            // The parser's own message may quote a value.
            let problem = Problem::error(ProblemCode::Syntax, "this is not valid TOML")
                .with_provenance(source.provenance(at))
                .with_excerpt(syntax_excerpt(&source.text, at));
            problems.push(problem.with_help(help));
        }
    }
    if problems.len() > before && layer.is_empty() {
        layer.source.state = SourceState::Failed;
    }
    layer.text = Some(source);
    layer
}

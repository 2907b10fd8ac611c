//! The layer of a TOML file: values with line and column.

use std::{fs, io, ops::Range, path::Path, sync::Arc};

use toml_edit::Document;
use zeroize::Zeroizing;

use super::{Layer, LayerName, SourceState};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, syntax_excerpt},
    options::toml,
};

/// Largest configuration file that is read.
const MAX_SIZE: u64 = 1024 * 1024;

/// Reads the layer of a file, which is empty if there is none. What is wrong is noted.
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

/// Reads a file. `Ok(None)` if there is none; every other failure is a problem that says what is wrong.
fn text(path: &Path) -> Result<Option<Zeroizing<String>>, Box<Problem>> {
    let fail = |code, message: &str, help: &str| {
        Box::new(
            Problem::error(code, message).with_provenance(Provenance::file(path)).with_help(help),
        )
    };
    let unreadable = |error: io::Error| {
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                &*format!("make it readable for yourself: `chmod u+r {}`", path.display())
            }
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
        let help = "a configuration is a file: name the file, or remove the folder";
        return Err(fail(ProblemCode::NotAFile, "this is a folder", help));
    }
    if !metadata.is_file() {
        return Err(fail(ProblemCode::NotAFile, "this is not a regular file", "name a TOML file"));
    }
    if metadata.len() > MAX_SIZE {
        let help = "a configuration has at most 1 MiB: is it the right file?";
        return Err(fail(ProblemCode::TooLarge, "the file is too large", help));
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

/// Parses the text of a file. What is wrong with it is noted, and leaves the layer empty.
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
            layer.fill(toml::entries(document.as_table(), &place), problems);
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let help =
                "a text stands in quotes, `key = \"text\"`, and a table begins with `[name]`";
            // The parser's own message may quote what stands there.
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

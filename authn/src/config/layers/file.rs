//! The layer of a TOML file: values with line and column.

use std::{fs, io, ops::Range, path::Path, sync::Arc};

use toml_edit::Document;
use zeroize::Zeroizing;

use super::Layer;
use crate::{
    diagnostic::{Origin, Position, Positions, Problem, SourceText, syntax_excerpt},
    options::toml,
};

/// Largest configuration file that is read.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file. `Ok(None)` if there is none; every other failure is a problem that says what is wrong.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Box<Problem>> {
    let fail = |code, message: &str, help: String| {
        let origin = Origin::File { path: path.to_owned(), line: 1, column: 1 };
        Box::new(Problem::error(code, message).with_origin(Some(origin)).with_help(help))
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error, fail)),
    };
    if metadata.is_dir() {
        let help = "a configuration is a file: name the file, or remove the folder".to_owned();
        return Err(fail("not-a-file", "this is a folder", help));
    }
    if !metadata.is_file() {
        return Err(fail(
            "not-a-file",
            "this is not a regular file",
            "name a TOML file".to_owned(),
        ));
    }
    if metadata.len() > LARGEST {
        let help = "a configuration has at most 1 MiB: is it the right file?".to_owned();
        return Err(fail("too-large", "the file is too large", help));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(|error| unreadable(path, &error, fail))?);
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let Position { line, column } = Positions::of(&good).at(&good, good.len());
            let origin = Origin::File { path: path.to_owned(), line, column };
            let problem = Problem::error("not-utf-8", "the file is not UTF-8 text")
                .with_origin(Some(origin))
                .with_help("save it as UTF-8");
            Err(Box::new(problem))
        }
    }
}

fn unreadable(
    path: &Path,
    error: &io::Error,
    fail: impl Fn(&'static str, &str, String) -> Box<Problem>,
) -> Box<Problem> {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("make it readable for yourself: `chmod u+r {}`", path.display())
        }
        _ => "check the path and the file system".to_owned(),
    };
    fail("unreadable", &format!("the file can't be read ({})", error.kind()), help)
}

/// Parses the text of a file. What is wrong with it is noted, and leaves the layer empty.
pub(crate) fn parse(path: &Path, text: Zeroizing<String>, problems: &mut Vec<Problem>) -> Layer {
    let source = Arc::new(SourceText::new(path.to_owned(), text));
    let mut layer = match Document::parse(source.text.as_str()) {
        Ok(document) => {
            let place = |span: Option<Range<usize>>| {
                let start = span.as_ref().map_or(0, |span| span.start);
                let Position { line, column } = source.position(start);
                (Origin::File { path: source.path.clone(), line, column }, span)
            };
            Layer::new(toml::entries(document.as_table(), &place), problems)
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let Position { line, column } = source.position(at);
            let origin = Origin::File { path: path.to_owned(), line, column };
            // The parser's own message may quote what stands there.
            let problem = Problem::error("syntax", "this is not valid TOML")
                .with_origin(Some(origin))
                .with_excerpt(Some(syntax_excerpt(&source.text, at)))
                .with_help(
                    "a text stands in quotes, `key = \"text\"`, and a table begins with `[name]`",
                );
            problems.push(problem);
            Layer::default()
        }
    };
    layer.text = Some(source);
    layer
}

//! `SourceText`: the text of a file that was read, and the lines and columns of its bytes.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Provenance;

/// The text of a file that was read.
pub(crate) struct SourceText {
    pub(crate) path: PathBuf,
    pub(crate) text: Zeroizing<String>,
    positions: Positions,
}

impl SourceText {
    pub(crate) fn new(path: PathBuf, text: Zeroizing<String>) -> Self {
        let positions = Positions::of(&text);
        Self { path, text, positions }
    }

    /// Returns the place of a byte.
    pub(crate) fn provenance(&self, at: usize) -> Provenance {
        let Position { line, column } = self.positions.at(&self.text, at);
        Provenance::File { path: self.path.clone(), line, column }
    }
}

/// A line and a column in a text, both counted from 1, the column in characters.
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The distance in bytes between two marks within a long line.
const STRIDE: usize = 512;

/// Marks in a text, at the start of each line and within long lines. Every value of a file has a position, and counting
/// starts at the nearest mark instead of the start of the text.
pub(crate) struct Positions {
    /// The byte, line and column of each mark, in ascending order. The first mark is the start of the text.
    marks: Vec<(usize, usize, usize)>,
}

impl Positions {
    pub(crate) fn of(text: &str) -> Self {
        let (mut line, mut column) = (1, 1);
        let mut marks = vec![(0, line, column)];
        let mut last = 0;
        for (at, character) in text.char_indices() {
            if at - last >= STRIDE {
                marks.push((at, line, column));
                last = at;
            }
            column += 1;
            if character == '\n' {
                (line, column, last) = (line + 1, 1, at + 1);
                marks.push((last, line, column));
            }
        }
        Self { marks }
    }

    /// Returns the position of a byte. `text` must be the text that the marks were made for.
    pub(crate) fn at(&self, text: &str, at: usize) -> Position {
        let at = at.min(text.len());
        let (from, line, column) = self.mark(at);
        let characters = text.get(from..at).map_or(0, |between| between.chars().count());
        Position { line, column: column + characters }
    }

    /// Returns the last mark at or before a byte.
    fn mark(&self, at: usize) -> (usize, usize, usize) {
        let behind = self.marks.partition_point(|(mark, ..)| *mark <= at);
        behind.checked_sub(1).and_then(|index| self.marks.get(index)).copied().unwrap_or((0, 1, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\nä = 1";
        let position = Positions::of(text).at(text, "a\nä = ".len());
        assert_eq!((position.line, position.column), (2, 5));
    }

    #[test]
    fn counting_starts_at_the_nearest_mark() {
        let long = "ä = 1, ".repeat(1000);
        for text in [format!("a\n{long}\r\n\n{long}ä"), "\n".repeat(3000), long, String::new()] {
            let positions = Positions::of(&text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
                let position = positions.at(&text, at);
                assert_eq!((position.line, position.column), (line, column), "{at}");
                let (mark, ..) = positions.mark(at);
                assert!(at - mark < STRIDE + 4, "{at} is counted from {mark}");
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
        }
    }
}

//! Tables: aligned for a terminal, tab-separated for a program.

use std::io::Write as _;

use clap::builder::styling::Style;
use tabwriter::TabWriter;
use unicode_width::UnicodeWidthStr as _;

use super::{BOLD, FAINT, plain, styled};

/// Rows of cells under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: &'static [&'static str],
    /// Tab-separated cells, and their style.
    rows: Vec<(String, Style)>,
    in_blocks: bool,
}

impl Table {
    pub(crate) fn new(headings: &'static [&'static str]) -> Self {
        Self { headings, rows: Vec::new(), in_blocks: false }
    }

    /// Shows a block for each row, with a line for each cell, if the terminal is too narrow for the columns.
    #[must_use]
    pub(crate) fn in_blocks_if_narrow(mut self) -> Self {
        self.in_blocks = true;
        self
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.row_if(false, cells);
    }

    /// Adds a row, faint if it is less important.
    pub(crate) fn row_if<const N: usize>(&mut self, faint: bool, cells: [String; N]) {
        let style = if faint { FAINT } else { Style::new() };
        self.rows.push((cells.map(|cell| plain(&cell)).join("\t"), style));
    }

    /// Returns the rows without headings, as tab-separated cells.
    pub(crate) fn tabbed(&self) -> String {
        self.rows.iter().map(|(cells, _)| cells.clone() + "\n").collect()
    }

    /// Returns the rows for a terminal of `width` columns, if that is known.
    pub(crate) fn shown(&self, colour: bool, width: Option<usize>) -> String {
        let is_too_wide = |line: &str| width.is_some_and(|width| line.width() > width);
        if self.in_blocks && self.aligned(false).lines().any(is_too_wide) {
            return self.blocks(colour);
        }
        self.aligned(colour)
    }

    /// Returns a block for each row, with a line for each cell.
    fn blocks(&self, colour: bool) -> String {
        let block = |(cells, style): &(String, Style)| {
            let line = |(heading, cell): (&&str, &str)| {
                let cell = styled(cell, *style, colour);
                format!("{}\t{cell}\n", styled(heading, BOLD, colour))
            };
            let lines: String = self.headings.iter().zip(cells.split('\t')).map(line).collect();
            in_columns(&lines).join("\n") + "\n"
        };
        self.rows.iter().map(block).collect::<Vec<String>>().join("\n")
    }

    /// Returns the rows in columns under headings.
    pub(crate) fn aligned(&self, colour: bool) -> String {
        let lines = in_columns(&format!("{}\n{}", self.headings.join("\t"), self.tabbed()));
        let styles = [BOLD].into_iter().chain(self.rows.iter().map(|(_, style)| *style));
        lines.iter().zip(styles).map(|(line, style)| styled(line, style, colour) + "\n").collect()
    }
}

/// Returns lines with their tabs replaced by spaces, so that the cells form columns.
fn in_columns(text: &str) -> Vec<String> {
    let mut writer = TabWriter::new(Vec::new()).minwidth(0);
    // Writing to memory can't fail.
    let _ = writer.write_all(text.as_bytes());
    let aligned = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&aligned).lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["KEY", "VALUE"]);
        table.row(["a".into(), "\"ä\"".into()]);
        table.row_if(true, ["long.key".into(), String::new()]);
        table
    }

    #[test]
    fn a_terminal_shows_columns() {
        assert_eq!(table().aligned(false), "KEY       VALUE\na         \"ä\"\nlong.key\n");
    }

    #[test]
    fn a_narrow_terminal_shows_blocks_if_the_table_allows_it() {
        let columns = table().aligned(false);
        for (width, expected) in [
            (Some(15), &*columns),
            (None, &*columns),
            (Some(14), "KEY    a\nVALUE  \"ä\"\n\nKEY    long.key\nVALUE\n"),
        ] {
            assert_eq!(table().in_blocks_if_narrow().shown(false, width), expected);
            assert_eq!(table().shown(false, width), columns);
        }
    }

    #[test]
    fn a_program_gets_tabs_and_no_heading() {
        assert_eq!(table().tabbed(), "a\t\"ä\"\nlong.key\t\n");
    }

    #[test]
    fn colour_does_not_move_columns() {
        let coloured = table().aligned(true);
        let mut stripped = anstream::StripStream::new(Vec::new());
        stripped.write_all(coloured.as_bytes()).unwrap();
        assert_ne!(coloured, table().aligned(false));
        assert_eq!(String::from_utf8(stripped.into_inner()).unwrap(), table().aligned(false));
    }

    #[test]
    fn width_is_counted_in_columns_not_characters() {
        let mut table = Table::new(&["NAME", "X"]);
        table.row(["日本語".into(), "1".into()]);
        table.row(["e\u{301}".into(), "2".into()]);
        assert_eq!(table.aligned(false), "NAME    X\n日本語  1\ne\u{301}       2\n");
        assert!(table.in_blocks_if_narrow().shown(false, Some(8)).starts_with("NAME  日本語\n"));
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        let mut table = Table::new(&["PATH"]);
        table.row(["/tmp/a\tb\n\u{1b}[31m\u{9b}c".into()]);
        assert_eq!(table.tabbed(), "/tmp/a\\tb\\n\\u{1b}[31m\\u{9b}c\n");
    }
}

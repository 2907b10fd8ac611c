//! Rows of cells: aligned for a person, with tabs for a program.

use std::iter::repeat_n;

use unicode_width::UnicodeWidthStr as _;

use super::{BOLD, FAINT, plain, styled};

/// Rows of cells under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: &'static [&'static str],
    rows: Vec<Row>,
    in_blocks: bool,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    faint: bool,
}

impl Table {
    pub(crate) fn new(headings: &'static [&'static str]) -> Self {
        Self { headings, rows: Vec::new(), in_blocks: false }
    }

    /// Says that a terminal too narrow for the columns shows a block for each row, a line for each cell.
    #[must_use]
    pub(crate) fn in_blocks_if_narrow(mut self) -> Self {
        self.in_blocks = true;
        self
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.row_if(false, cells);
    }

    /// Adds a row, which is faint if it matters less.
    pub(crate) fn row_if<const N: usize>(&mut self, faint: bool, cells: [String; N]) {
        self.rows.push(Row { cells: cells.map(|cell| plain(&cell)).into(), faint });
    }

    /// Returns the rows alone, with a tab between cells.
    pub(crate) fn tabbed(&self) -> String {
        self.rows.iter().map(|row| row.cells.join("\t") + "\n").collect()
    }

    /// Returns the rows for a terminal of so many columns, if that is known.
    pub(crate) fn shown(&self, colour: bool, width: Option<usize>) -> String {
        let is_too_wide = |line: &str| width.is_some_and(|width| line.width() > width);
        if self.in_blocks && self.aligned(false).lines().any(is_too_wide) {
            return self.blocks(colour);
        }
        self.aligned(colour)
    }

    /// Returns a block for each row, a line for each cell.
    fn blocks(&self, colour: bool) -> String {
        let width = self.headings.iter().map(|heading| heading.len()).max().unwrap_or(0);
        let block = |row: &Row| {
            let cells = self.headings.iter().zip(&row.cells);
            let lines = cells.map(|(heading, cell)| {
                let space = if cell.is_empty() { 0 } else { width + 2 - heading.len() };
                let heading = styled(heading, BOLD, colour);
                let cell = styled(cell, FAINT, colour && row.faint);
                format!("{heading}{:space$}{cell}\n", "")
            });
            lines.collect::<String>()
        };
        self.rows.iter().map(block).collect::<Vec<String>>().join("\n")
    }

    /// Returns the rows in columns under headings.
    pub(crate) fn aligned(&self, colour: bool) -> String {
        let columns = self.headings.len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
            let widths = cells.map(|cell| cell.width());
            widths.chain([self.headings[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for (cell, width) in cells.zip(&widths) {
                line += cell;
                line.extend(repeat_n(' ', width + 2 - cell.width()));
            }
            line.trim_end().to_owned()
        };
        let heading = line(&mut self.headings.iter().copied());
        let mut text = styled(&heading, BOLD, colour) + "\n";
        for row in &self.rows {
            let line = line(&mut row.cells.iter().map(String::as_str));
            text += &styled(&line, FAINT, colour && row.faint);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["KEY", "VALUE"]);
        table.row(["a".into(), "\"ä\"".into()]);
        table.row_if(true, ["long.key".into(), String::new()]);
        table
    }

    #[test]
    fn a_person_sees_columns() {
        assert_eq!(table().aligned(false), "KEY       VALUE\na         \"ä\"\nlong.key\n");
    }

    #[test]
    fn a_narrow_terminal_shows_blocks_where_a_table_is_made_for_it() {
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
    fn columns_are_counted_and_not_characters() {
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

//! Tables: aligned for a terminal, tab-separated for a program.

use clap::builder::styling::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use super::{BOLD, FAINT, paragraph::NARROWEST, plain, styled, wrapped};

/// The space between two columns.
const GAP: usize = 2;
/// The width to which a cell is cut at most: it shows the name of a file and a line.
const SHORTEST: usize = 20;
/// Replaces what is left out of a cell.
const CUT: char = '…';

/// Rows of cells under headings.
///
/// A terminal shows columns. If they are too wide, a column [gives way](Self::giving_way), then the lines of another one
/// [break](Self::breaking). If that is not enough, each cell of the column that gives way is a line below its row, and at
/// last, each row is a block with a line for each cell. No cell is left out.
#[derive(Debug)]
pub(crate) struct Table {
    headings: &'static [&'static str],
    rows: Vec<(Vec<String>, Style)>,
    /// The columns that only programs see.
    hidden: &'static [&'static str],
    gives_way: Option<&'static str>,
    /// The cell of that column that gets no line of its own.
    usual: Option<&'static str>,
    breaks: Option<&'static str>,
}

impl Table {
    pub(crate) fn new(headings: &'static [&'static str]) -> Self {
        Self { headings, rows: Vec::new(), hidden: &[], gives_way: None, usual: None, breaks: None }
    }

    /// Leaves columns out on a terminal.
    #[must_use]
    pub(crate) fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// Cuts the cells of a column, or puts each below its row, on a terminal that is too narrow.
    #[must_use]
    pub(crate) fn giving_way(self, heading: &'static str) -> Self {
        Self { gives_way: Some(heading), ..self }
    }

    /// Leaves this cell of the column that gives way out where it would get a line of its own.
    #[must_use]
    pub(crate) fn usually(self, cell: &'static str) -> Self {
        Self { usual: Some(cell), ..self }
    }

    /// Breaks the cells of a column between words on a terminal that is too narrow.
    #[must_use]
    pub(crate) fn breaking(self, heading: &'static str) -> Self {
        Self { breaks: Some(heading), ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.row_if(false, cells);
    }

    /// Adds a row, faint if it is less important.
    pub(crate) fn row_if<const N: usize>(&mut self, faint: bool, cells: [String; N]) {
        let style = if faint { FAINT } else { Style::new() };
        self.rows.push((cells.map(|cell| plain(&cell)).into(), style));
    }

    /// Returns the rows without headings, as tab-separated cells.
    pub(crate) fn tabbed(&self) -> String {
        self.rows.iter().map(|(cells, _)| cells.join("\t") + "\n").collect()
    }

    /// Returns the rows for a terminal of `width` columns, if that is known.
    pub(crate) fn shown(&self, colour: bool, width: Option<usize>) -> String {
        let columns = self.columns();
        let styles = self.styles();
        let Some(width) = width else { return aligned(&columns, &[], &styles, colour) };
        let cut = self.cut(&columns, width);
        let broken = self.broken(&self.cut(&columns, 0), width);
        let (without, below) = self.without(&columns, width);
        let broken_without = self.broken(&without, width);
        let beside: &[String] = &[];
        let ways = [
            (columns, beside),
            (cut, beside),
            (broken, beside),
            (without, &below),
            (broken_without, &below),
        ];
        match ways.iter().find(|(columns, _)| total(columns) <= width) {
            Some((columns, below)) => aligned(columns, below, &styles, colour),
            None => self.blocks(colour, width),
        }
    }

    /// Returns the columns with the cells of the one that gives way cut, but not shorter than they can be read.
    fn cut(&self, columns: &[Vec<String>], width: usize) -> Vec<Vec<String>> {
        let mut columns = columns.to_vec();
        if let Some(at) = index(&columns, self.gives_way) {
            let room = room(&columns, at, width).max(SHORTEST);
            columns[at].iter_mut().for_each(|cell| *cell = cut(cell, room));
        }
        columns
    }

    /// Returns the columns without the one that gives way, and the cells of that, each cut to a line of its own.
    fn without(&self, columns: &[Vec<String>], width: usize) -> (Vec<Vec<String>>, Vec<String>) {
        let mut columns = columns.to_vec();
        let cells = index(&columns, self.gives_way).map(|at| columns.remove(at));
        let room = width.saturating_sub(GAP).max(SHORTEST);
        let below = cells.iter().flatten();
        let below = below.map(|cell| if self.is_usual(cell) { "" } else { cell });
        let below = below.map(|cell| cut(cell, room)).collect();
        (columns, below)
    }

    fn is_usual(&self, cell: &str) -> bool {
        self.usual == Some(cell)
    }

    /// Returns the columns with the lines of one broken.
    fn broken(&self, columns: &[Vec<String>], width: usize) -> Vec<Vec<String>> {
        let mut columns = columns.to_vec();
        if let Some(at) = index(&columns, self.breaks) {
            let room = room(&columns, at, width);
            if room >= NARROWEST {
                columns[at].iter_mut().for_each(|cell| *cell = wrapped(cell, room));
            }
        }
        columns
    }

    /// Returns the cells of each column that a terminal shows, below its heading.
    fn columns(&self) -> Vec<Vec<String>> {
        let of = |at: usize| self.rows.iter().map(move |(cells, _)| cells[at].clone());
        let all = self.headings.iter().enumerate();
        let shown = all.filter(|(_, heading)| !self.hidden.contains(heading));
        shown
            .map(|(at, heading)| std::iter::once((*heading).to_owned()).chain(of(at)).collect())
            .collect()
    }

    /// Returns the styles of the heading and of each row.
    fn styles(&self) -> Vec<Style> {
        std::iter::once(BOLD).chain(self.rows.iter().map(|(_, style)| *style)).collect()
    }

    /// Returns a block for each row, with a line for each cell.
    fn blocks(&self, colour: bool, width: usize) -> String {
        let columns = self.columns();
        let margin = columns.iter().map(|cells| cells[0].width()).max().unwrap_or(0);
        let room = width.saturating_sub(margin + GAP).max(NARROWEST);
        let block = |(row, (_, style)): (usize, &(Vec<String>, Style))| {
            let line = |cells: &Vec<String>| {
                let heading = styled(&padded(&cells[0], margin), BOLD, colour);
                let indent = format!("\n{}", " ".repeat(margin + GAP));
                let gives_way = Some(&*cells[0]) == self.gives_way;
                let cell = &cells[row + 1];
                let cell = wrapped(cell, room);
                // A path has no spaces to break it at.
                let fitted = |line: &str| if gives_way { cut(line, room) } else { line.to_owned() };
                let lines: Vec<String> =
                    cell.lines().map(|line| styled(&fitted(line), *style, colour)).collect();
                let line = format!("{heading}{}{}", " ".repeat(GAP), lines.join(&indent));
                line.trim_end().to_owned() + "\n"
            };
            let is_line = |cells: &&Vec<String>| {
                Some(&*cells[0]) != self.gives_way || !self.is_usual(&cells[row + 1])
            };
            columns.iter().filter(is_line).map(line).collect::<String>()
        };
        self.rows.iter().enumerate().map(block).collect::<Vec<String>>().join("\n")
    }
}

/// Returns the column with a heading.
fn index(columns: &[Vec<String>], heading: Option<&str>) -> Option<usize> {
    columns.iter().position(|cells| Some(&*cells[0]) == heading)
}

/// Returns the width of a column.
fn width(cells: &[String]) -> usize {
    cells.iter().flat_map(|cell| cell.lines()).map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// Returns the width of all columns and the space between them.
fn total(columns: &[Vec<String>]) -> usize {
    let widths: usize = columns.iter().map(|cells| width(cells)).sum();
    widths + GAP * columns.len().saturating_sub(1)
}

/// Returns the width that the others leave to a column.
fn room(columns: &[Vec<String>], at: usize, of: usize) -> usize {
    of.saturating_sub(total(columns) - width(&columns[at]))
}

/// Returns a cell that is at most this wide. Of a path, the end is kept, which tells the file.
fn cut(cell: &str, room: usize) -> String {
    if cell.width() <= room {
        return cell.to_owned();
    }
    let mut used = 1;
    let mut fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used <= room
    };
    if cell.contains('/') && !cell.contains(' ') {
        let kept: Vec<char> = cell.chars().rev().take_while(&mut fits).collect();
        return std::iter::once(CUT).chain(kept.into_iter().rev()).collect();
    }
    cell.chars().take_while(fits).chain([CUT]).collect()
}

/// Returns a text with spaces up to a width.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Returns the rows of columns, each with its cell of `below`, if there is one. A cell may have several lines.
fn aligned(columns: &[Vec<String>], below: &[String], styles: &[Style], colour: bool) -> String {
    let widths: Vec<usize> = columns.iter().map(|cells| width(cells)).collect();
    let mut shown = String::new();
    for (row, style) in styles.iter().enumerate() {
        let cells: Vec<Vec<&str>> =
            columns.iter().map(|cells| cells[row].lines().collect()).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let cells = cells.iter().zip(&widths);
            let cells = cells.map(|(lines, width)| padded(lines.get(at).unwrap_or(&""), *width));
            let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
            shown += &(styled(line.trim_end(), *style, colour) + "\n");
        }
        if let Some(cell) = below.get(row).filter(|cell| !matches!(&***cell, "" | "-")) {
            shown += &(" ".repeat(GAP) + &styled(cell, *style, colour) + "\n");
        }
    }
    shown
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

    fn wide() -> Table {
        let mut table =
            Table::new(&["KEY", "VALUE", "ORIGIN"]).giving_way("ORIGIN").breaking("VALUE");
        table.row(["a.key".into(), "one two three four".into(), "~/authn/config.toml:1:2".into()]);
        table.row(["b".into(), "日本 語".into(), "variable AUTHN_PROFILE".into()]);
        table
    }

    #[test]
    fn a_terminal_shows_columns() {
        assert_eq!(table().shown(false, None), "KEY       VALUE\na         \"ä\"\nlong.key\n");
    }

    #[test]
    fn a_narrow_terminal_shows_blocks() {
        let columns = table().shown(false, None);
        for (width, expected) in
            [(15, &*columns), (14, "KEY    a\nVALUE  \"ä\"\n\nKEY    long.key\nVALUE\n")]
        {
            assert_eq!(table().shown(false, Some(width)), expected);
        }
    }

    #[test]
    fn one_column_gives_way_first_and_then_the_lines_of_another_break() {
        let blocks = "KEY     a.key\nVALUE   one two three\n        four\nORIGIN  …config.toml:1:2\n\n\
                      KEY     b\nVALUE   日本 語\nORIGIN  variable\n        AUTHN_PROFILE\n";
        for (width, expected) in [
            (
                50,
                "KEY    VALUE               ORIGIN\n\
                 a.key  one two three four  ~/authn/config.toml:1:2\n\
                 b      日本 語             variable AUTHN_PROFILE\n",
            ),
            (
                47,
                "KEY    VALUE               ORIGIN\n\
                 a.key  one two three four  …thn/config.toml:1:2\n\
                 b      日本 語             variable AUTHN_PROF…\n",
            ),
            (
                45,
                "KEY    VALUE          ORIGIN\n\
                 a.key  one two three  …thn/config.toml:1:2\n       four\n\
                 b      日本 語        variable AUTHN_PROF…\n",
            ),
            (
                42,
                "KEY    VALUE\n  ORIGIN\n\
                 a.key  one two three four\n  ~/authn/config.toml:1:2\n\
                 b      日本 語\n  variable AUTHN_PROFILE\n",
            ),
            (
                23,
                "KEY    VALUE\n  ORIGIN\n\
                 a.key  one two three\n       four\n  …uthn/config.toml:1:2\n\
                 b      日本 語\n  variable AUTHN_PROFI…\n",
            ),
            (22, blocks),
        ] {
            assert_eq!(wide().shown(false, Some(width)), expected, "{width}");
        }
    }

    #[test]
    fn what_is_usual_gets_no_line_of_its_own() {
        let mut table = wide().usually("default");
        table.row(["c".into(), "日".into(), "default".into()]);
        for (width, expected) in [
            (50, "c      日                  default\n"),
            (42, "  variable AUTHN_PROFILE\nc      日\n"),
            (22, "        AUTHN_PROFILE\n\nKEY     c\nVALUE   日\n"),
        ] {
            let shown = table.shown(false, Some(width));
            assert!(shown.ends_with(expected), "{width}: {shown}");
        }
        assert!(table.tabbed().ends_with("c\t日\tdefault\n"));
    }

    #[test]
    fn a_column_for_programs_is_not_shown_to_people() {
        let table = wide().hiding(&["VALUE", "ORIGIN"]);
        assert_eq!(table.shown(false, Some(20)), "KEY\na.key\nb\n");
        assert_eq!(table.tabbed(), wide().tabbed());
    }

    #[test]
    fn a_program_gets_tabs_and_no_heading() {
        assert_eq!(table().tabbed(), "a\t\"ä\"\nlong.key\t\n");
    }

    #[test]
    fn colour_does_not_move_columns() {
        for width in [None, Some(8), Some(30)] {
            let coloured = wide().shown(true, width);
            let mut stripped = anstream::StripStream::new(Vec::new());
            stripped.write_all(coloured.as_bytes()).unwrap();
            let plain = wide().shown(false, width);
            assert_ne!(coloured, plain);
            assert_eq!(String::from_utf8(stripped.into_inner()).unwrap(), plain);
        }
    }

    #[test]
    fn width_is_counted_in_columns_not_characters() {
        let mut table = Table::new(&["NAME", "X"]);
        table.row(["日本語".into(), "1".into()]);
        table.row(["e\u{301}".into(), "2".into()]);
        assert_eq!(table.shown(false, None), "NAME    X\n日本語  1\ne\u{301}       2\n");
        assert!(table.shown(false, Some(8)).starts_with("NAME  日本語\n"));
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        let mut table = Table::new(&["PATH"]);
        table.row(["/tmp/a\tb\n\u{1b}[31m\u{9b}c".into()]);
        assert_eq!(table.tabbed(), "/tmp/a\\tb\\n\\u{1b}[31m\\u{9b}c\n");
    }
}

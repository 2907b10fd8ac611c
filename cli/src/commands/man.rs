//! `man`: man pages, generated from the same definitions as `--help`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, ValueHint};
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use crate::{app::App, exit::Failure, output};

const EXIT_STATUS: &str = include_str!("man/exit_status.roff");
/// Contains `{app}` for the application, and `{PREFIX}` for the prefix of its variables.
const ENVIRONMENT_AND_FILES: &str = include_str!("man/environment_and_files.roff");

/// The arguments of `man`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Read the page with `authn man | man -l -`. With `--out`, a page for each command is written into the folder, such \
as `authn-config-show.1`. If the folder is named `man1` and is below a folder in MANPATH, `man authn-config-show` \
finds it.")]
pub(crate) struct Arguments {
    /// Write a page for each command into this folder, creating it if needed
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

pub(super) fn run(app: &App, arguments: &Arguments, definition: Command) -> Result<(), Failure> {
    let program = app.program.started_as();
    let mut command =
        definition.disable_help_subcommand(true).bin_name(&program).display_name(&program);
    command.build();
    let Some(folder) = &arguments.out else {
        let page = page(&command, app);
        return Ok(output::data(page.map_err(|error| Failure::unwritten("the page", &error))?)?);
    };
    write(folder, &command, app).map_err(|error| Failure::unwritten(folder.display(), &error))?;
    output::message(&format!("wrote the pages to {}", folder.display()));
    Ok(())
}

fn write(folder: &Path, command: &Command, app: &App) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let man = Man::new(command.clone());
    fs::write(folder.join(man.get_filename()), page(command, app)?)?;
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        write(folder, command, app)?;
    }
    Ok(())
}

/// Returns the page of one command.
fn page(command: &Command, app: &App) -> io::Result<Vec<u8>> {
    let program = app.program.started_as();
    let is_whole = command.get_display_name() == Some(&program);
    let version = app.program.version.iter().map(|version| format!(" {version}"));
    let source = program.clone() + &version.collect::<String>();
    let man = Man::new(command.clone()).source(source);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    // The text of the whole program repeats the sections below.
    if !is_whole && let Some(text) = command.get_after_help() {
        section("NOTES", &text.to_string()).to_writer(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    page.extend_from_slice(EXIT_STATUS.as_bytes());
    if is_whole {
        let name = app.name.replace('-', "\\-");
        let text =
            ENVIRONMENT_AND_FILES.replace("{app}", &name).replace("{PREFIX}", &app.variable(""));
        page.extend_from_slice(text.as_bytes());
    } else {
        section("SEE ALSO", &format!("{program}(1)")).to_writer(&mut page)?;
    }
    Ok(ascii(&String::from_utf8_lossy(&page)))
}

/// Replaces characters that are not ASCII by escapes, which formatters read in any encoding.
fn ascii(page: &str) -> Vec<u8> {
    let spelt = |character: char| match character {
        '\0'..='\x7f' => character.to_string(),
        other => format!("\\[u{:04X}]", u32::from(other)),
    };
    page.chars().map(spelt).collect::<String>().into_bytes()
}

/// Returns a section of paragraphs. Indented lines are kept unchanged.
fn section(heading: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    let lines: Vec<&str> = text.lines().collect();
    for lines in lines.chunk_by(|one, next| one.starts_with(' ') == next.starts_with(' ')) {
        let is_literal = lines[0].starts_with(' ');
        if is_literal {
            roff.control("nf", []);
        }
        for line in lines {
            match *line {
                "" => roff.control("PP", []),
                line => roff.text([roman(line)]),
            };
        }
        if is_literal {
            roff.control("fi", []);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_ascii() {
        assert_eq!(ascii("a… ü\u{1f511}\n"), b"a\\[u2026] \\[u00FC]\\[u1F511]\n");
    }

    #[test]
    fn indented_lines_are_kept() {
        let roff = section("NOTES", "One.\n  .two  three\n\nFour.").render();
        let (_, text) = roff.split_once(".SH NOTES\n").unwrap();
        assert_eq!(text, "One.\n.nf\n  .two  three\n.fi\n.PP\nFour.\n");
    }
}

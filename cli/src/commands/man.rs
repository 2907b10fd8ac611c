//! `man`: man pages, generated from the same definitions as `--help` and from the description of all options.

mod notes;
mod synopsis;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, ValueHint};
use clap_mangen::{Man, roff::Roff};

use super::options::Reference;
use crate::{app::App, exit::Failure, output};
use notes::section;

const EXIT_STATUS: &str = include_str!("man/exit_status.roff");
/// Contains `{app}` for the application, and `{PREFIX}` for the prefix of its variables.
const ENVIRONMENT_AND_FILES: &str = include_str!("man/environment_and_files.roff");

/// The arguments of `man`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Read the page with `authn man | man -l -`. With `--out`, a page for each command is written into the folder, such \
as `authn-config-show.1`. If the folder is named `man1` and is below a folder in MANPATH, `man authn-config-show` \
finds it. The page `authn-config.5` belongs into a folder named `man5`; it is about the configuration's format.")]
pub(crate) struct Arguments {
    /// Print the page about the configuration's format
    #[arg(long, conflicts_with = "out")]
    format: bool,

    /// Write a page for each command into this folder, creating it if needed
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

pub(super) fn run(app: &App, arguments: &Arguments, definition: Command) -> Result<(), Failure> {
    let program = app.program.started_as();
    let mut command =
        definition.disable_help_subcommand(true).bin_name(&program).display_name(&program);
    command.build();
    if arguments.format {
        let page = format(app)?;
        return Ok(output::data(page)?);
    }
    let Some(folder) = &arguments.out else {
        let page = page(&command, app);
        return Ok(output::data(page.map_err(|error| Failure::unwritten("the page", &error))?)?);
    };
    let unwritten = |error| Failure::unwritten(folder.display(), &error);
    write(folder, &command, app).map_err(unwritten)?;
    fs::write(folder.join(format!("{program}-config.5")), format(app)?).map_err(unwritten)?;
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
    synopsis::section(command).to_writer(&mut page)?;
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
        section("SEE ALSO", &format!("{program}-config(5)")).to_writer(&mut page)?;
    } else {
        section("SEE ALSO", &format!("{program}(1), {program}-config(5)")).to_writer(&mut page)?;
    }
    Ok(ascii(&String::from_utf8_lossy(&page)))
}

/// Returns the page about the format of the configuration.
fn format(app: &App) -> Result<Vec<u8>, Failure> {
    let program = app.program.started_as();
    let name = format!("{program}-config");
    let mut title = Roff::new();
    title.control("TH", [&*name, "5", "", &*program, ""]);
    let mut page = title.render();
    page += &section("NAME", &format!("{name} - format of the configuration")).render();
    let files =
        format!("  /etc/{0}/config.toml\n  ~/.config/{0}/config.toml\n  .{0}.toml", app.name);
    page += &section("SYNOPSIS", &files).render();
    page += &Reference::new(app, &app.providers()?).roff();
    page += &section("SEE ALSO", &format!("{program}(1)")).render();
    Ok(ascii(&page))
}

/// Replaces characters that are not ASCII by escapes, which formatters read in any encoding.
fn ascii(page: &str) -> Vec<u8> {
    let spelt = |character: char| match character {
        '\0'..='\x7f' => character.to_string(),
        other => format!("\\[u{:04X}]", u32::from(other)),
    };
    page.chars().map(spelt).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_ascii() {
        assert_eq!(ascii("a… ü\u{1f511}\n"), b"a\\[u2026] \\[u00FC]\\[u1F511]\n");
    }
}

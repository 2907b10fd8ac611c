//! `man`: the pages match the help, and a formatter accepts them.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::sandbox::{Outcome, Sandbox};

/// Returns the commands and subcommands that the help lists.
fn commands(sandbox: &Sandbox) -> BTreeSet<String> {
    let below = |arguments: &[&str]| -> Vec<String> {
        let help = sandbox.run(arguments).done();
        let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
        let names = lines.filter_map(|line| line.split_once("  ").map(|(name, _)| name.to_owned()));
        let is_name =
            |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        names
            .filter(|name| {
                !name.is_empty() && !name.starts_with('-') && is_name(name) && name != "help"
            })
            .collect()
    };
    let mut all = BTreeSet::from(["authn".to_owned()]);
    for command in below(&["--help"]) {
        if command == "config" {
            all.extend(
                below(&["config", "--help"]).iter().map(|name| format!("authn-config-{name}")),
            );
        }
        all.insert(format!("authn-{command}"));
    }
    all
}

#[test]
fn every_command_has_a_page_with_its_sections() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&["man", "--out", "pages/man1"]);
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
    let pages = fs::read_dir(sandbox.path("repo/pages/man1")).unwrap();
    let mut pages: Vec<_> = pages.map(|entry| entry.unwrap().path()).collect();
    let format = sandbox.path("repo/pages/man1/authn-config.5");
    formats(&format);
    pages.retain(|page| *page != format);
    let names: BTreeSet<String> =
        pages.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let commands = commands(&sandbox);
    assert!(commands.len() > 14 && commands.contains("authn-config-check"), "{commands:?}");
    assert_eq!(names, commands);
    for path in &pages {
        let text = fs::read_to_string(path).unwrap();
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"GLOBAL OPTIONS\"", "\"EXIT STATUS\""]
        {
            assert!(text.contains(&format!("\n.SH {section}\n")), "{section}: {}", path.display());
        }
        formats(path);
    }
    let check = fs::read_to_string(sandbox.path("repo/pages/man1/authn-config-check.1")).unwrap();
    assert!(check.contains("\n.SH NOTES\n") && check.contains("\\-\\-network"), "{check}");
    let page = |name: &str| fs::read_to_string(sandbox.path("repo/pages/man1").join(name)).unwrap();
    // The synopsis names what is to be written, and a list is broken by the formatter.
    let synopsis = "\n.SH SYNOPSIS\n\\fBauthn config set\\fR [\\fIglobal options\\fR] [\\fB\\-\\-project\\fR] [\\fB\\-\\-new\\-profile\\fR] \\fIKEY\\fR \\fIVALUE\\fR\n";
    assert!(page("authn-config-set.1").contains(synopsis), "{}", page("authn-config-set.1"));
    assert!(page("authn-explain.1").contains("\n.TP\n\\fBrequest\\fR\nthe method, and"));
    assert!(
        page("authn-config.5")
            .contains("\n.TP\n\\fBtimeout\\fR  duration; default \\fB\"30s\"\\fR\n")
    );
}

#[test]
fn the_programs_page_has_files_and_variables_of_the_application() {
    let sandbox = Sandbox::new();
    for (arguments, app) in [(&["man"][..], "authn"), (&["man", "--app", "fdt"], "fdt")] {
        let page = sandbox.run(arguments).done();
        let words = [
            ".SH ENVIRONMENT".to_owned(),
            format!("{}_PROFILE", app.to_uppercase()),
            ".SH FILES".to_owned(),
            format!("/etc/{app}/config.toml"),
        ];
        for word in words {
            assert!(page.contains(&word), "{word}\n{page}");
        }
        formats(&sandbox.file("page.1", page));
    }
}

#[test]
fn a_folder_that_can_not_be_created_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.file("repo/file", "");
    let outcome = sandbox.run(&["man", "--out", "file/below"]);
    assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: file/below can't be written"), "{}", outcome.stderr);
}

/// Checks a page with the first available formatter.
#[track_caller]
fn formats(path: &Path) {
    let formatters = [
        ("mandoc", &["-T", "lint", "-W", "error"][..]),
        ("groff", &["-man", "-Tutf8", "-ww", "-z"]),
    ];
    let run = |(name, arguments): (&str, &[&str])| {
        Command::new(name).args(arguments).arg(path).stdin(Stdio::null()).output().ok()
    };
    // Without a formatter, only the sections are checked.
    let Some(output) = formatters.into_iter().find_map(run) else { return };
    let outcome = Outcome::of(output);
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "{}: {}", path.display(), outcome.stdout);
}

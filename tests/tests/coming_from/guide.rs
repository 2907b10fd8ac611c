//! `docs/coming-from.md`: its programs are excerpts of the examples, and it stays short.

use authn_tests::document::Document;

const LONGEST: usize = 230;
const WIDEST: usize = 120;
/// Where an excerpt leaves lines out.
const LEFT_OUT: &str = "// …\n";

/// Lines without the indentation that all of them have.
fn flush(text: &str) -> String {
    let indented = text.lines().filter(|line| !line.trim().is_empty());
    let indentation = indented.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = text.lines().map(|line| line.get(indentation..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns whether a program has these lines, one after the other, with any indentation.
fn contains(program: &str, excerpt: &str) -> bool {
    let (excerpt, lines) = (flush(excerpt), program.lines().collect::<Vec<_>>());
    let length = excerpt.lines().count();
    lines.windows(length).any(|window| flush(&window.join("\n")) == excerpt)
}

#[test]
fn each_program_is_an_excerpt_of_its_example() {
    let guide = Document::read("docs/coming-from.md");
    let mut programs = Vec::new();
    for section in guide.text().split("\n## ").skip(1) {
        let Some((_, rest)) = section.split_once("../examples/coming-from/src/bin/") else {
            continue;
        };
        let name = rest.split(')').next().unwrap();
        let program = Document::read(&format!("examples/coming-from/src/bin/{name}"));
        let excerpts: Vec<&str> = section.split("```rust,ignore\n").skip(1).collect();
        assert!(!excerpts.is_empty(), "{name} is not shown");
        for excerpt in excerpts {
            let excerpt = excerpt.split("```").next().unwrap();
            for part in excerpt.split(LEFT_OUT) {
                assert!(contains(program.text(), part), "{name} does not have\n{part}");
            }
        }
        programs.push(name.to_owned());
    }
    assert_eq!(programs, ["h2o.rs", "foundry.rs", "bitfount.rs", "cwt.rs", "authlib.rs"]);
}

#[test]
fn it_is_short() {
    let guide = Document::read("docs/coming-from.md");
    assert!(guide.text().lines().count() <= LONGEST, "it has more than {LONGEST} lines");
    for line in guide.text().lines() {
        assert!(line.chars().count() <= WIDEST, "{line}");
    }
}

#[test]
fn an_excerpt_is_found_by_its_lines() {
    let program = "fn f() {\n    a();\n    if b {\n        c();\n    }\n}\n";
    assert!(contains(program, "a();\nif b {\n    c();\n}\n"));
    assert!(!contains(program, "a();\nif b {\nc();\n}\n"));
    assert!(!contains(program, "a();\nc();\n"));
}

//! The maximum length of a folder.

use std::{fs, process::Command};

/// The configuration is one concept: if it gets longer than this, it contains another concept.
const CONFIGURATION: usize = 4_050;

/// Returns how many lines of code a folder has, by the script that counts them, and what the script says.
fn count(folder: &str) -> (usize, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lines");
    let output = Command::new(script).args(["--folder", folder]).output();
    let output = output.expect("python3 is there: `tests/run` installs it");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let count = said.split_whitespace().next().and_then(|count| count.parse().ok());
    (count.expect("a number of lines"), said)
}

#[test]
fn the_configuration_stays_small() {
    let (count, said) = count("authn/src/config");
    assert!(
        count <= CONFIGURATION,
        "authn/src/config has {count} lines that are neither blank nor comment, and may have {CONFIGURATION}: move \
         what is not about layers, profiles and projects to the module that it configures\n{said}"
    );
}

#[test]
fn blank_lines_comments_and_tests_are_not_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    // Each line with `1` counts.
    write(
        "lib.rs",
        r##"//! What it is.

#![allow(one)] // 1
mod one; // 1
#[cfg(test)]
#[path = "x"]
mod seen;
/* no
   /* code */ here */
/// An item.
fn f<'a>(x: &'a str) -> &'a str { // 1
    #[cfg(test)]
    g(",;}", '}', '\'');
    let x = "// 1 /*";
    let x = r#"1 " {
        }} // 1
    "#; // 1

    #[cfg(all(test, unix))]
    let x = [1, 2];
    x // 1
} // 1
struct S { // 1
    #[cfg(test)]
    a: Vec<u8>,
    b: u8, // 1
} // 1
#[cfg(any(test, fuzzing))] // 1
fn fuzzed() {} // 1
#[cfg(not(test))] // 1
pub(crate) use a::{b, c}; // 1
#[cfg(test)]
pub(crate) use a::{
    b, c,
};
#[cfg(test)]
const fn h(a: u8, b: u8) -> [u8; 2] {
    [a, b]
}
const LAST: u8 = 1;
#[cfg(test)]
mod tests {
    fn f() {}
}
"##,
    );
    write("one.rs", "fn f() {} // 1\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod other;\n");
    for test in ["seen.rs", "one/tests.rs", "one/other/mod.rs", "one/other/deep.rs", "tests/x.rs"] {
        write(test, "fn f() {}\n");
    }
    let text = fs::read_to_string(folder.path().join("lib.rs")).expect("a file");
    let expected =
        text.lines().filter(|line| line.contains('1') && !line.contains("[1, 2]")).count();
    assert_eq!(count(folder.path().to_str().expect("a path")).0, expected + 1);
}

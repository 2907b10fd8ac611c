//! The tools read what was written for them.

use std::{fs, process::Command};

use super::Home;

impl Home {
    /// Returns standard output and standard error of a tool in this home folder.
    fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        let path =
            format!("{}:/usr/local/bin:/usr/bin:/bin", self.path().join(".local/bin").display());
        command.args(arguments).env_clear().env("HOME", self.path()).env("PATH", path);
        let output = command.current_dir(self.path()).output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    }
}

#[test]
fn git_has_the_helper_for_the_host_alone() {
    let home = Home::new();
    fs::write(home.path().join(".gitconfig"), "[credential]\n\thelper = store\n").unwrap();
    home.run("git --yes").done();
    let helper = format!("{} git-credential\n", home.path().join(".local/bin/authn").display());
    let all =
        |url: &str| home.tool("git", &["config", "--get-all", &format!("credential.{url}.helper")]);
    assert_eq!(all("https://git.example.com"), format!("\n{helper}"));
    assert_eq!(all("https://git.example.com:8443"), format!("\n{helper}"));
    let matched =
        |url: &str| home.tool("git", &["config", "--get-urlmatch", "credential.helper", url]);
    assert_eq!(matched("https://git.example.com/a/b"), helper);
    assert_eq!(matched("https://other.example.com/a"), "store\n");
}

#[test]
fn git_changes_its_own_file_and_the_undo_keeps_that() {
    let home = Home::new();
    fs::write(home.path().join(".gitconfig"), "[user]\n\tname = Ann\n").unwrap();
    home.run("git --yes").done();
    home.tool("git", &["config", "--global", "credential.https://git.example.com.username", "ann"]);
    home.tool("git", &["config", "--global", "core.editor", "vi"]);
    home.run("git --undo --yes").done();
    let list = home.tool("git", &["config", "--global", "--list"]);
    assert_eq!(
        list,
        "user.name=Ann\ncredential.https://git.example.com.username=ann\ncore.editor=vi\n"
    );
}

#[test]
fn cargo_asks_the_provider() {
    let home = Home::new();
    let config = home.path().join(".cargo/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "[registries.things]\nindex = \"sparse+https://git.example.com/index/\"\n")
        .unwrap();
    home.run("cargo --yes").done();
    let cargo = std::env::var("CARGO").unwrap();
    let output = home.tool(&cargo, &["logout", "--registry", "things"]);
    assert!(output.contains("cargo-credential-authn"), "{output}");
}

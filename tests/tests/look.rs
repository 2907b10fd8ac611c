//! What commands look like in terminals of three widths: no line is longer than the terminal, except for a word that is.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use authn_tests::command::{Sandbox, binary};
use authn_tests::snapshot::Snapshot;
use authn_tests::terminal::Terminal;

const WIDTHS: [u16; 3] = [50, 80, 120];

/// The commands, each with the name of its snapshots.
const COMMANDS: [(&str, &[&str]); 13] = [
    ("help", &["--help"]),
    ("help-status", &["status", "--help"]),
    ("config-show", &["config", "show"]),
    ("config-show-all", &["config", "show", "--all"]),
    ("config-path", &["config", "path"]),
    ("config-check", &["--set", "credentials.domian=x", "config", "check"]),
    ("providers", &["providers"]),
    ("providers-one", &["providers", "jwt"]),
    ("stores", &["stores"]),
    ("status", &["status"]),
    ("status-whole", &["-v", "status"]),
    ("doctor", &["doctor", "--offline"]),
    ("usage", &["token", "unexpected"]),
];

const CONFIGURATION: &str = r#"[credentials]
domain = "api.example.com"

[credentials.oauth]
issuer_url = "https://login.example.com/realms/staff"
client_id = "command-line"
scope = ["openid", "profile", "things.read", "things.write", "reports.read", "reports.write"]
grant_type = "device_code"
store = "file"

[profile.production.credentials]
domain = "api.production.example.com"
"#;

/// A session of options that are no longer configured, as the program stores it.
const SESSION: &str = r#"{"version":1,"revision":1,"session":1,"username":"ann@example.com",
"key":"oauth-production-0123456789abcdef0123456789abcdef",
"owner":{"profile":"production","provider":"oauth","server":"https://old.example.com/realms/staff","client":"old-cli"},
"refresh_token":"r1","tokens":{}}"#;

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    // As on most machines, so that paths begin with the home folder.
    let [config, state] = [".config", ".local/state"].map(|folder| sandbox.home().join(folder));
    sandbox.env("XDG_CONFIG_HOME", &config).env("XDG_STATE_HOME", &state);
    let file = |path: std::path::PathBuf, text: &str| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    };
    file(config.join("authn/config.toml"), CONFIGURATION);
    let folder = state.join("authn/tokens");
    file(folder.join("oauth-production-0123456789abcdef0123456789abcdef.json"), SESSION);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    sandbox
}

#[test]
fn lines_fit_into_terminals_of_each_width() {
    let program = binary("authn").display().to_string();
    for (name, arguments) in COMMANDS {
        for columns in WIDTHS {
            let sandbox = sandbox();
            let command = [&[&*program], arguments].concat();
            let terminal = Terminal::start(&sandbox, (columns, 400), &command, &[]);
            terminal.wait_for_end();
            let whole = terminal.whole_lines();
            // A line of the log is one line, whatever its width.
            let lines = whole.lines().filter(|line| !line.starts_with("info: "));
            for line in lines.filter(|line| line.chars().count() > columns.into()) {
                let longest = line.split(' ').map(|word| word.chars().count()).max();
                let room = usize::from(columns) - 24;
                assert!(longest > Some(room), "{name} at {columns} columns: {line:?}\n{whole}");
            }
            Snapshot::new(&format!("look/{name}-{columns}"))
                .hide(env!("CARGO_PKG_VERSION"), "0.0.0")
                .check_screen(&terminal);
        }
    }
}

#[test]
fn an_error_has_one_colour_wherever_it_is_from() {
    let program = binary("authn").display().to_string();
    for arguments in [
        &["token", "unexpected"][..],
        &["--set", "credentials.domian=x", "token"],
        &["token", "--url", "nonsense"],
    ] {
        let command = [&[&*program], arguments].concat();
        let terminal = Terminal::start(&sandbox(), (80, 60), &command, &[]);
        terminal.wait_for_end();
        let screen = terminal.screen_with_colours();
        let labels = screen.split("error").skip(1).count();
        let red = screen.matches("\u{1b}[0;1;31merror").count();
        assert!(labels > 0 && red > 0, "{screen}");
        assert!(!screen.contains("91m"), "{screen}");
    }
}

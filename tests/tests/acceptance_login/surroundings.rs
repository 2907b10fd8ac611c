//! The automatic choice of the way: over SSH, with `BROWSER`, without a display, on WSL.

use std::{fs, os::unix::fs::PermissionsExt as _};

use authn_tests::browser::Browser;

use crate::scene::{Scene, is_logged_in, link};

const SSH: (&str, &str) = ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
const CODE: &str = "waiting for the code";
const PASTE: &str = "or the code: >";

#[test]
fn the_way_depends_on_the_environment() {
    let code = "grant_type = 'authorization_code'";
    for (variables, more, shows) in [
        // There is no browser, and the server offers codes.
        (&[SSH][..], "", CODE),
        (&[SSH, ("DISPLAY", ":0")], "", CODE),
        (&[], "", CODE),
        (&[SSH], code, PASTE),
        (&[], code, PASTE),
        (&[("DISPLAY", ":0")], "grant_type = 'device_code'", CODE),
    ] {
        // This client may use either grant.
        let scene = Scene::new("id-missing", more);
        let terminal = scene.login_within(variables, &[]);
        terminal.wait_for(shows);
        terminal.press("C-c");
        assert_eq!(terminal.wait_for_end(), 130, "{variables:?} {more}");
    }
}

#[test]
fn a_flag_overrides_the_environment() {
    let scene = Scene::new("native", "");
    let terminal = scene.login_within(&[SSH], &["--browser"]);
    let opened = link(&terminal);
    let shown = terminal.screen();
    assert!(!shown.contains("If it does not open"), "nothing was started: {shown}");
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&terminal, "alice");
}

#[test]
fn a_terminal_with_colours_gets_a_log_too() {
    let scene = Scene::new("native", "");
    let terminal = scene.login(&["--no-browser", "-v"]);
    assert_eq!(Browser::fake().open(&link(&terminal))["status"], 200);
    is_logged_in(&terminal, "alice");
}

#[test]
fn the_variable_browser_is_used_over_ssh_too() {
    let scene = Scene::new("native", "");
    let browser = Browser::fake();
    let program = browser.program();
    let program = program.to_str().expect("a path in UTF-8");
    let terminal = scene.login_within(&[SSH, ("BROWSER", program)], &[]);
    is_logged_in(&terminal, "alice");
    assert_eq!(browser.report()["status"], 200);
}

#[test]
fn a_variable_browser_that_fails_leaves_the_link() {
    let scene = Scene::new("native", "");
    let terminal = scene.login_within(&[("BROWSER", "/nowhere/browser")], &[]);
    let opened = link(&terminal);
    terminal.wait_for("`BROWSER` can't be started");
    assert_eq!(Browser::fake().open(&opened)["status"], 200);
    is_logged_in(&terminal, "alice");
}

#[test]
fn the_browser_of_the_windows_beside_is_started() {
    let scene = Scene::new("native", "");
    let browser = Browser::fake();
    // `xdg-open` of the Linux itself is not what is meant.
    let folder = scene.sandbox.home().join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let started = format!("#!/bin/sh\nexec '{}' \"$@\"\n", browser.program().display());
    for (name, script) in [("wslview", &*started), ("xdg-open", "#!/bin/sh\nexit 1\n")] {
        fs::write(folder.join(name), script).expect("a script");
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755))
            .expect("its mode");
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display());
    let variables = [("WSL_DISTRO_NAME", "Debian"), ("PATH", &*path)];
    let terminal = scene.login_within(&variables, &[]);
    is_logged_in(&terminal, "alice");
    assert_eq!(browser.report()["status"], 200);
}

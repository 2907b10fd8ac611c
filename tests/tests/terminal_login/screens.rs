//! The screens, as files. With `UPDATE_SNAPSHOTS=1` in the environment they are written instead: look at
//! what changed before you commit it.
//!
//! They are also read by people, so only values that differ each time are replaced, by values of the same form.

use std::{fs, path::Path};

use authn_tests::terminal::Terminal;

use crate::scene::Scene;

/// Links as a server sends them, with values that are used once.
const LINK: &str = "https://idp.example.com/authorize?response_type=code&client_id=cli\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A41234%2Fcallback&scope=openid+offline_access\
    &state=Zt0yqRkW3y8hQ0mVtTnq2g&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
    &code_challenge_method=S256";
const CODE: &str = "WDJB-MJHT https://idp.example.com/device \
    https://idp.example.com/device?user_code=WDJB-MJHT";
const PAGE: &str = "https://idp.example.com/clients";
const PASTE: &str = "address that the browser ends at, even if it can't open it, or the code";

/// The sizes of the windows.
const SIZES: [(u16, u16); 2] = [(80, 24), (50, 32)];

#[test]
fn a_browser_is_waited_for() {
    let link = format!("browser {LINK}");
    let steps = [&link, "opened", "waiting 298", "gate", "exchanging", "exchange"];
    in_each_window("browser", "user = 'alice'", &steps, |scene, terminal, check| {
        let gate = scene.at_the_gate();
        terminal.wait_for("waiting for the browser");
        check("");
        drop(gate);
        let gate = scene.at_the_gate();
        terminal.wait_for("asking the server for the tokens");
        drop(gate);
        assert_eq!(terminal.wait_for_end(), 0);
        check("-end");
    });
}

#[test]
fn a_code_is_typed_in_elsewhere() {
    let code = format!("code {CODE}");
    let steps = [&code, "waiting 298", "gate"];
    in_each_window("device", "user = 'alice'", &steps, |scene, terminal, check| {
        let gate = scene.at_the_gate();
        terminal.wait_for("waiting for the code");
        check("");
        drop(gate);
        assert_eq!(terminal.wait_for_end(), 0);
    });
}

#[test]
fn an_address_is_pasted() {
    let (link, ask) = (format!("link {LINK}"), format!("ask {PASTE}"));
    let steps = [&link, "waiting 298", &ask, "exchanging"];
    in_each_window("console", "user = 'alice'", &steps, |_, terminal, check| {
        terminal.wait_for(PASTE.trim_start_matches("address "));
        terminal.send("http://127.0.0.1:41234/callback?code=SplxlOBeZQQYbYS6WxSbIA");
        terminal.wait_for("SplxlOBeZQQYbYS6WxSbIA");
        check("");
        terminal.press("Enter");
        assert_eq!(terminal.wait_for_end(), 0);
        check("-end");
    });
}

#[test]
fn missing_values_are_asked_for_and_a_secret_is_not_shown() {
    let id = format!("ask client ID @ {PAGE}");
    let steps = [&id, "secret client secret", "exchanging"];
    in_each_window("questions", "user = 'alice'", &steps, |_, terminal, check| {
        terminal.wait_for("Client ID:");
        terminal.send("my-client\n");
        terminal.wait_for("Client secret (not shown):");
        terminal.send("s3cr3t");
        check("");
        terminal.press("Enter");
        assert_eq!(terminal.wait_for_end(), 0);
        assert!(!terminal.transcript().contains("s3cr3t"), "{}", terminal.transcript());
    });
}

#[test]
fn failures_are_shown() {
    let link = format!("browser {LINK}");
    let steps = [
        &*link,
        "failed the browser could not be started (it does not exist)",
        "waiting 298",
        "notice the server can't be reached just now, and is asked again",
        "refused the server refused the login (access_denied); ask the operator of the server",
    ];
    in_each_window("failure", "", &steps, |_, terminal, check| {
        assert_eq!(terminal.wait_for_end(), 5);
        check("");
    });
}

/// Plays a scene in each window, with and without colour.
fn in_each_window(
    name: &str,
    options: &str,
    steps: &[&str],
    play: impl Fn(&Scene, &Terminal, &dyn Fn(&str)),
) {
    for size in SIZES {
        for (colour, suffix) in [("never", ""), ("always", "-colour")] {
            let scene = Scene::with(options, steps);
            let terminal = scene.login(size, &["--color", colour]);
            let check = |moment: &str| {
                let name = format!("login-{name}{moment}-{}{suffix}", size.0);
                let screen = match suffix {
                    "" => terminal.screen(),
                    _ => terminal.screen_with_colours().replace('\u{1b}', "\\e"),
                };
                is_snapshot(&name, &screen);
            };
            play(&scene, &terminal, &check);
        }
    }
}

/// Compares a screen with its file. The time left and the spinner are normalised.
#[track_caller]
fn is_snapshot(name: &str, screen: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{name}.txt"));
    let spinner = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
    let screen = frozen(&screen.replace(spinner, "⠋"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for snapshots");
        fs::write(&file, screen).expect("a snapshot");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let file = file.display();
    assert!(screen == expected, "{file} is not what is shown:\n{screen}\nbut\n{expected}");
}

/// Normalises the time left.
fn frozen(screen: &str) -> String {
    let mut parts = screen.split(" left").peekable();
    let mut frozen = String::new();
    while let Some(part) = parts.next() {
        let time = |letter: char| letter.is_ascii_digit() || " ms".contains(letter);
        match parts.peek() {
            Some(_) => frozen.extend([part.trim_end_matches(time), "4m 58s left"]),
            None => frozen.push_str(part),
        }
    }
    frozen
}

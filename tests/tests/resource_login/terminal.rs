//! `authn login URL` as a user sees it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use authn_tests::rig;
use serde_json::Value;

use crate::scene::{PROFILE, Scene};

#[test]
fn from_an_empty_home_to_an_answer_of_the_resource() {
    let scene = Scene::new();
    let (resource, issuer) = (scene.resource(), scene.rig.issuer().to_owned());
    let terminal = scene.start(&["login", &resource]);
    let shown = terminal.wait_for("Name of the profile [127-0-0-1]:");
    for (label, value) in [
        ("resource", &*resource),
        ("calls itself", "The rig"),
        ("authorization server", &*issuer),
        ("scopes", "read"),
        ("client", "the server is asked to register one"),
    ] {
        let line = shown.lines().find(|line| line.trim_start().starts_with(label));
        assert!(line.is_some_and(|line| line.contains(value)), "{label}\n{shown}");
    }
    terminal.press("Enter");
    let shown = terminal.wait_for("save this profile? [y/N]");
    let lines = [
        format!("+[profile.{PROFILE}.credentials]"),
        format!("+origins = [\"{issuer}\"]"),
        format!("+[profile.{PROFILE}.credentials.oauth]"),
        format!("+resource_url = \"{resource}\""),
        format!("+issuer = \"{issuer}\""),
        "+client_registration = \"dynamic\"".to_owned(),
        "+scope = [\"read\"]".to_owned(),
    ];
    for line in &lines {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert_eq!(scene.rig.count(&[]), 0, "nothing was sent before the user agreed");
    assert!(!scene.config().exists());
    terminal.send("y\n");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(
        shown.contains(&format!("`authn token --profile {PROFILE}` prints a token")),
        "{shown}"
    );

    let written = fs::read_to_string(scene.config()).unwrap();
    let added: Vec<_> = lines.iter().map(|line| line.trim_start_matches('+')).collect();
    let own: Vec<_> = written.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(own, added);
    assert_eq!(scene.config().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(scene.status(), 200);
    scene.authn(&["-p", PROFILE, "config", "check"]).success();

    // Both requests name the resource (RFC 8707).
    let log = scene.rig.log();
    let named = |entry: &&Value| entry["params"]["resource"] == *resource;
    let paths: Vec<_> =
        log.iter().filter(named).filter_map(|entry| entry["path"].as_str()).collect();
    for start in ["/auth?", "/token"] {
        assert!(paths.iter().any(|path| path.starts_with(start)), "{paths:?}");
    }
    // What the server has issued for later requests about the client is in the store alone.
    let stored = scene.stored();
    let (_, rest) = stored.split_once("registration_access_token\\\":\\\"").unwrap();
    let (secret, _) = rest.split_once('\\').unwrap();
    assert!(secret.len() > 20 && !shown.contains(secret) && !written.contains(secret));
}

#[test]
fn what_is_given_up_leaves_nothing() {
    let scene = Scene::new();
    let resource = scene.resource();
    let nothing_is_left = || {
        assert!(!scene.config().exists());
        assert!(!scene.stored().contains("refresh_token"));
    };
    let at = |steps: &[(&str, &str)], end: &str, browser: &str| {
        let terminal = scene.start_with(&["login", &resource], browser);
        for (shown, answer) in steps {
            terminal.wait_for(shown);
            terminal.send(answer);
        }
        terminal.wait_for(end);
        terminal
    };
    let name = ("Name of the profile", "\n");
    let save = "save this profile? [y/N]";

    for answer in ["\n", "n\n", "yesterday\n"] {
        let terminal = at(&[name], save, "true");
        terminal.send(answer);
        assert_eq!(terminal.wait_for_end(), 130, "{}", terminal.transcript());
        assert!(terminal.transcript().contains("nothing was saved"), "{}", terminal.transcript());
        nothing_is_left();
    }
    for (steps, end) in
        [(&[][..], name.0), (&[name], save), (&[name, (save, "y\n")], "waiting for the browser")]
    {
        let terminal = at(steps, end, "true");
        terminal.press("C-c");
        assert_eq!(terminal.wait_for_end(), 130, "{}", terminal.transcript());
        nothing_is_left();
    }
    // A mistyped name is asked for again, twice.
    let terminal = at(&[], name.0, "true");
    for bad in ["a b", "\u{e4}", ".."] {
        terminal.send(&format!("{bad}\n"));
        terminal.wait_for(&format!("`{bad}` can't be the name of a profile"));
    }
    assert_eq!(terminal.wait_for_end(), 2, "{}", terminal.transcript());
    nothing_is_left();
    let terminal = at(&[], name.0, "true");
    terminal.send("-x\n");
    terminal.wait_for("`-x` can't be the name of a profile");
    terminal.send("x\n");
    terminal.wait_for("+[profile.x.credentials]");
    terminal.press("C-c");
    assert_eq!(terminal.wait_for_end(), 130, "{}", terminal.transcript());
}

#[test]
fn without_a_terminal_or_a_resource_nothing_is_sent() {
    let scene = Scene::new();
    let resource = scene.resource();
    let outcome = scene.authn(&["login", &resource]);
    assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{outcome:?}");
    for said in ["needs a terminal", &format!("run `authn login {resource}` in a terminal")] {
        assert!(outcome.stderr.contains(said), "{outcome:?}");
    }
    for (url, code, said) in [
        ("api.example.com", 2, "not the address of an API"),
        ("https://ann:s3cr3t@api.example.com/", 2, "without a user"),
        ("ftp://127.0.0.1/mcp", 2, "not the address of an API"),
        ("http://api.example.com/mcp", 3, "without encryption"),
        (
            &*scene.rig.resource_url("/rs/bearer"),
            5,
            "127.0.0.1: the resource names no authorization server",
        ),
        (&*scene.rig.resource_url("/rs/bearer"), 5, "`authn config init oauth`"),
        ("http://127.0.0.1:9/", 5, "can't be reached"),
    ] {
        let terminal = scene.start(&["login", url]);
        assert_eq!(terminal.wait_for_end(), code, "{url}\n{}", terminal.transcript());
        let shown = terminal.transcript();
        assert!(shown.contains(said) && shown.contains("help:"), "{url}\n{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    assert_eq!(scene.rig.count(&[]), 0);
    assert!(!scene.config().exists());
}

#[test]
fn a_profile_that_has_the_resource_is_used_and_others_are_left_alone() {
    let scene = Scene::new();
    let text = "# mine\n[profile.other.credentials]\ndomain = 'a.test' # keep\n\
                [profile.127-0-0-1.credentials]\ndomain = 'b.test'\n# the end\n";
    scene.sandbox.file(scene.config(), text);
    let resource = scene.resource();
    let terminal = scene.start(&["login", "--profile", "other", &resource]);
    assert_eq!(terminal.wait_for_end(), 2, "{}", terminal.transcript());
    let terminal = scene.start(&["login", &resource]);
    terminal.wait_for("Name of the profile [127-0-0-1-2]:");
    terminal.send("mcp\n");
    terminal.wait_for("[y/N]");
    terminal.send("y\n");
    assert_eq!(terminal.wait_for_end(), 0, "{}", terminal.transcript());
    let written = fs::read_to_string(scene.config()).unwrap();
    assert!(
        written.starts_with(text) && written.contains("[profile.mcp.credentials]"),
        "{written}"
    );

    let again = scene.log_in_again().transcript();
    assert!(again.contains("The profile `mcp` has this resource"), "{again}");
    assert_eq!(fs::read_to_string(scene.config()).unwrap(), written);
    assert_eq!(scene.registrations(), 1);
    let token = scene.authn(&["-p", "mcp", "token"]).success();
    let request = rig::agent().get(&resource);
    let request = request.header("authorization", format!("Bearer {}", token.trim_end()));
    assert_eq!(request.call().unwrap().status(), 200);
}

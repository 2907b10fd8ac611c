//! The end of a login: the state of the terminal, and logins without a terminal.

use std::fs;

use authn_tests::command::binary;

use crate::scene::Scene;

#[test]
fn ctrl_c_cancels_at_once() {
    for steps in [&["browser x", "waiting 298", "gate"][..], &["other", "gate"], &["ask the name"]]
    {
        let scene = Scene::new(steps);
        let terminal = scene.login((80, 24), &[]);
        let held = steps.contains(&"gate").then(|| scene.at_the_gate());
        terminal.wait_for(if held.is_some() { "Ctrl-C to cancel" } else { "The name:" });
        terminal.press("C-c");
        assert_eq!(terminal.wait_for_end(), 130);
        let screen = terminal.screen();
        assert!(screen.ends_with("error: the login was cancelled\n"), "{screen}");
        assert!(!screen.contains("Ctrl-C to cancel"), "the spinner is gone\n{screen}");
        assert_eq!(scene.status()["has_token"], false);
    }
}

#[test]
fn the_terminal_is_restored_after_a_secret_was_cancelled() {
    let login = "\"$1\" login; echo code $?; stty -a >after";
    // A typed Ctrl-C is read with the secret; the other interrupt is a signal from outside.
    let child = "sh -c 'echo $$ >pid; exec \"$0\" login' \"$1\"; echo code $?; stty -a >after";
    for (script, keys) in [(login, Some("C-c")), (login, Some("C-d")), (child, None)] {
        let scene = Scene::new(&["secret the password"]);
        let terminal = scene.script(&format!("stty -a >before\n{script}"));
        terminal.wait_for("The password (not shown):");
        if let Some(keys) = keys {
            terminal.send("s3cr3t");
            // Ctrl-D only ends an empty line.
            terminal.press("C-u");
            terminal.press(keys);
        } else {
            let read = |name| fs::read_to_string(scene.sandbox.work().join(name));
            let pid = read("pid").expect("the number of the process");
            scene.sandbox.run("kill", &["-INT", pid.trim()]).success();
        }
        terminal.wait_for("code 130");
        assert_eq!(terminal.wait_for_end(), 0);
        let [before, after] = ["before", "after"]
            .map(|name| fs::read_to_string(scene.sandbox.work().join(name)).expect("the modes"));
        assert!(before.contains(" echo "), "{before}");
        assert_eq!(before, after);
        let screen = terminal.screen();
        assert!(!screen.contains("s3cr3t"), "{screen}");
        assert!(screen.contains("\nerror: the login was cancelled\n"), "{screen}");
    }
}

#[test]
fn a_running_program_keeps_its_terminal_after_a_secret_was_cancelled() {
    let scene = Scene::new(&["unheard the password", "gate"]);
    let terminal = scene.login((80, 24), &[]);
    let gate = scene.at_the_gate();
    terminal.wait_for("The password (not shown):");
    drop(gate);
    let _gate = scene.at_the_gate();
    // The reading thread takes the first line. After it, the terminal is restored.
    for typed in ["first", "second", "third"] {
        terminal.send(typed);
        terminal.press("Enter");
        terminal.wait_for(typed);
    }
}

#[test]
fn an_exchange_is_completed_after_ctrl_c() {
    let scene = Scene::new(&["link x", "exchanging", "exchange"]);
    let terminal = scene.login((80, 24), &[]);
    let gate = scene.at_the_gate();
    terminal.wait_for("asking the server for the tokens");
    terminal.press("C-c");
    terminal.wait_for("interrupted: waiting for the token request in progress");
    drop(gate);
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(scene.status()["has_token"], true);
}

#[test]
fn a_second_ctrl_c_stops_the_exchange() {
    let scene = Scene::new(&["exchanging", "exchange"]);
    let terminal = scene.login((80, 24), &[]);
    let _gate = scene.at_the_gate();
    terminal.wait_for("asking the server for the tokens");
    terminal.press("C-c");
    terminal.wait_for("interrupted: waiting for the token request in progress");
    terminal.press("C-c");
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(scene.status()["has_token"], false);
}

#[test]
fn the_end_of_the_input_cancels() {
    let scene = Scene::new(&["ask the name"]);
    let terminal = scene.login((80, 24), &[]);
    terminal.wait_for("The name:");
    terminal.press("C-d");
    assert_eq!(terminal.wait_for_end(), 130);
    assert_eq!(terminal.screen(), "The name:\nerror: the login was cancelled\n");
}

#[test]
fn of_two_logins_one_asks() {
    let scene = Scene::new(&["ask the name", "gate"]);
    let one = scene.login((80, 24), &[]);
    one.wait_for("The name:");
    let other = scene.login((80, 24), &[]);
    other.wait_for("waiting for another login (Ctrl-C to cancel)");
    one.press("Enter");
    drop(scene.at_the_gate());
    assert_eq!(one.wait_for_end(), 0);
    assert_eq!(other.wait_for_end(), 0);
    assert_eq!(
        other.screen(),
        "Another process has logged in as alice.\n\
         Tokens are kept in the file store (~/.local/state/authn/tokens).\n"
    );
}

#[test]
fn no_question_is_asked_if_the_configuration_is_enough() {
    for store in ["file", "memory"] {
        let scene = Scene::with(&format!("store = '{store}'"), &["none"]);
        let terminal = scene.login((80, 24), &[]);
        assert_eq!(terminal.wait_for_end(), 0);
        let screen = terminal.screen();
        assert!(screen.starts_with("No login is needed: "), "{screen}");
        assert!(screen.contains("`staged token` prints one."), "{screen}");
    }
}

#[test]
fn no_question_is_asked_for_a_session_that_is_not_stored() {
    for step in ["link x", "code A x", "ask the name"] {
        let scene = Scene::with("store = 'memory'", &[step, "gate"]);
        let terminal = scene.login((100, 24), &[]);
        assert_eq!(terminal.wait_for_end(), 3);
        assert_eq!(
            terminal.screen(),
            "error: with `store = \"memory\"` the login would be lost when this command ends\n\
             help: set `credentials.staged.store` to `file`, or to another store that `staged stores` lists\n"
        );
    }
}

#[test]
fn a_simple_terminal_gets_no_control_character() {
    let simple = "TERM=dumb script -qec '\"$0\" login' typescript";
    let logged = "script -qec '\"$0\" -vvv --color never login' typescript";
    for command in [simple, logged] {
        let scene = Scene::new(&[
            "browser https://idp.example.com/authorize",
            "waiting 298",
            "waiting 297",
            "exchanging",
            "gate",
        ]);
        // `script` runs the command by a shell without arguments.
        let program = binary("staged");
        let command = command.replace("$0", program.to_str().expect("a path in UTF-8"));
        let terminal = scene.script(&command);
        drop(scene.at_the_gate());
        assert_eq!(terminal.wait_for_end(), 0);
        let written = fs::read_to_string(scene.sandbox.work().join("typescript")).expect("it");
        let written = written.replace("\r\n", "\n");
        let is_control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!written.contains(is_control), "{written:?}");
        assert_eq!(written.matches("waiting for the browser").count(), 1, "{written}");
        for line in ["asking the server for the tokens", "Logged in as alice."] {
            assert!(written.contains(&format!("\n{line}")), "{written}");
        }
    }
}

#[test]
fn standard_output_stays_empty() {
    let scene = Scene::new(&["browser x", "waiting 298", "ask the name", "exchanging"]);
    let terminal = scene.script("\"$1\" login >stdout");
    terminal.wait_for("The name:");
    terminal.press("Enter");
    terminal.wait_for("Logged in as alice.");
    assert_eq!(terminal.wait_for_end(), 0);
    let stdout = fs::read_to_string(scene.sandbox.work().join("stdout")).expect("a file");
    assert_eq!(stdout, "");
}

#[test]
fn without_a_terminal_it_fails_at_once() {
    let scene = Scene::new(&["gate"]);
    let outcome = scene.run(&["-p", "work", "login", "--browser"]);
    assert_eq!((outcome.code, &*outcome.stdout), (4, ""));
    assert!(outcome.stderr.contains("`staged login --profile work --browser`"), "{outcome:?}");
    let terminal = scene.script("\"$1\" login </dev/null; echo code $?; \"$1\" login 2>said");
    terminal.wait_for("standard input is not one");
    assert_eq!(terminal.wait_for_end(), 4);
    assert!(terminal.screen().contains("\ncode 4\n"), "{}", terminal.screen());
    let said = fs::read_to_string(scene.sandbox.work().join("said")).expect("a file");
    assert!(said.contains("standard error is not one"), "{said}");
    assert!(scene.gate.accept().is_err(), "no login was started");
}

#[test]
fn a_missing_login_is_reported_with_the_exact_command() {
    let scene = Scene::new(&[]);
    for (arguments, command) in [
        (&["token"][..], "staged login"),
        (&["-p", "work", "header", "--url", "https://a.example/"], "staged login --profile work"),
        (&["token", "--no-project", "--min-ttl", "1m"], "staged login --no-project"),
    ] {
        let outcome = scene.run(arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (4, ""), "{outcome:?}");
        let said = format!("error: no user is logged in\nhelp: log in with `{command}`\n");
        assert_eq!(outcome.stderr, said);
    }
}

#[test]
fn a_token_and_headers_are_printed_after_the_login_that_a_flag_asks_for() {
    for command in ["token --login", "header --login --url https://api.example.com/"] {
        let scene = Scene::new(&["ask the name"]);
        let terminal = scene.script(&format!("\"$1\" {command} >out; echo code $?"));
        terminal.wait_for("The name:");
        terminal.send("x");
        terminal.press("Enter");
        terminal.wait_for("code 0");
        let screen = terminal.screen();
        assert!(screen.contains("Logged in as alice."), "{screen}");
        let out = fs::read_to_string(scene.sandbox.work().join("out")).expect("the output");
        assert_eq!(out.lines().count(), 1, "{out}");
        // The user is logged in now, so nothing is asked.
        let again = scene.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((again.code, again.stdout, again.stderr.as_str()), (0, out, ""));
    }
}

#[test]
fn the_flag_needs_a_terminal_as_the_login_does() {
    let scene = Scene::new(&["link x"]);
    for (arguments, words) in [
        (&["token"][..], "no user is logged in"),
        (&["token", "--login"], "a login needs a terminal"),
        (&["header", "--login", "--url", "https://a.test/"], "a login needs a terminal"),
    ] {
        let outcome = scene.run(arguments);
        assert_eq!(outcome.code, 4, "{arguments:?}");
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.stderr);
    }
}

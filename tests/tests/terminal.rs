//! The terminal of the harness itself: what other tests rely on when they type and look at screens.

#![cfg(unix)]

use authn_tests::command::Sandbox;
use authn_tests::snapshot::Snapshot;
use authn_tests::terminal::Terminal;

/// A shell script in a terminal, and the folders it runs in.
fn shell(size: (u16, u16), script: &str) -> (Terminal, Sandbox) {
    let sandbox = Sandbox::new();
    (Terminal::start(&sandbox, size, &["sh", "-c", script], &[]), sandbox)
}

#[test]
fn the_screen_of_a_program_that_has_ended_stays() {
    let (terminal, _sandbox) = shell((80, 24), "echo to stdout; echo to stderr >&2; exit 3");
    assert_eq!(terminal.wait_for_end(), 3);
    assert_eq!(terminal.screen(), "to stdout\nto stderr\n");
}

#[test]
fn a_program_sees_a_terminal_of_that_size() {
    for size in [(80, 24), (50, 40)] {
        let (terminal, _sandbox) = shell(size, "stty size; test -t 0 && test -t 1 && test -t 2");
        assert_eq!(terminal.wait_for_end(), 0);
        assert_eq!(terminal.screen(), format!("{} {}\n", size.1, size.0));
        assert_eq!(terminal.size(), size);
    }
}

#[test]
fn a_program_sees_the_sandbox_and_nothing_else() {
    let mut sandbox = Sandbox::new();
    sandbox.env("AUTHN_PROFILE", "from the test");
    let listed = sandbox.run("env", &[]).success();
    let terminal = Terminal::start(&sandbox, (200, 24), &["env"], &[("NO_COLOR", "1")]);
    assert_eq!(terminal.wait_for_end(), 0);
    let screen = terminal.screen();
    let sorted = |text: &str, more: &[&str]| {
        let mut lines: Vec<_> =
            text.lines().chain(more.iter().copied()).map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&screen, &[]), sorted(&listed, &["TERM=tmux-256color", "NO_COLOR=1"]));
}

#[test]
fn keys_reach_the_program() {
    let (terminal, _sandbox) =
        shell((80, 24), "printf 'Name: '; read -r name; echo \"Hello, $name.\"; cat");
    terminal.wait_for("Name:");
    terminal.send("Zoë; $HOME -x");
    terminal.press("Enter");
    let screen = terminal.wait_for("Hello,");
    assert_eq!(screen, "Name: Zoë; $HOME -x\nHello, Zoë; $HOME -x.\n");
    terminal.press("C-c");
    assert_eq!(terminal.wait_for_end(), 130, "an interrupt ended it");
}

#[test]
fn a_password_is_not_shown() {
    let script =
        "stty -echo; printf 'Password: '; read -r word; stty echo; echo; echo \"${#word} letters\"";
    let (terminal, _sandbox) = shell((80, 24), script);
    terminal.wait_for("Password:");
    terminal.send("wonderland");
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(terminal.transcript(), "Password:\n10 letters\n");
}

#[test]
fn the_screen_is_what_is_left_and_the_transcript_is_all() {
    let (terminal, _sandbox) = shell((40, 5), "seq 9; printf 'half\\rwh'");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(terminal.screen(), "6\n7\n8\n9\nwhlf\n");
    assert_eq!(terminal.transcript(), "1\n2\n3\n4\n5\n6\n7\n8\n9\nwhlf\n");
}

#[test]
fn colours_are_there_when_asked_for() {
    let (terminal, _sandbox) = shell((40, 5), "printf 'plain \\033[1;31mred\\033[0m █▀ plain\\n'");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(terminal.screen(), "plain red █▀ plain\n");
    assert_eq!(terminal.screen_with_colours(), "plain \u{1b}[0;1;31mred\u{1b}[0m █▀ plain\n");
}

#[test]
fn a_text_is_found_wherever_lines_are_broken() {
    let (terminal, _sandbox) = shell(
        (10, 10),
        "echo 'https://login.test/a/long/path'; echo ' Open the'; echo 'link'; cat",
    );
    let screen = terminal.wait_for("https://login.test/a/long/path Open the link");
    assert_eq!(screen, "https://lo\ngin.test/a\n/long/path\n Open the\nlink\n");
}

#[test]
#[should_panic(expected = "no \"Password:\" before the end with code 2")]
fn a_text_that_can_no_longer_come_is_not_waited_for() {
    let (terminal, _sandbox) = shell((80, 24), "echo all is lost; exit 2");
    terminal.wait_for("Password:");
}

#[test]
fn a_program_that_is_missing_says_so() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::start(&sandbox, (80, 24), &["there-is-no-such-program"], &[]);
    assert_eq!(terminal.wait_for_end(), 127);
    assert!(terminal.screen().contains("No such file"), "{}", terminal.screen());
}

#[test]
fn a_surviving_child_does_not_block_the_terminal() {
    let (terminal, _sandbox) = shell((80, 24), "sleep 1000 & echo started");
    assert_eq!(terminal.wait_for_end(), 0);
    assert_eq!(terminal.screen(), "started\n");
}

#[test]
fn a_program_ends_with_its_terminal() {
    let sandbox = Sandbox::new();
    let script =
        "trap 'echo hung up > ended; exit' HUP; echo ready; while :; do read -r line; done";
    let terminal = Terminal::start(&sandbox, (80, 24), &["sh", "-c", script], &[]);
    terminal.wait_for("ready");
    drop(terminal);
    let ended = sandbox.work().join("ended");
    authn_tests::waiting::until("the program's end", || ended.exists().then_some(()));
}

#[test]
fn a_screen_is_compared_with_a_file() {
    for columns in [80, 50] {
        let script = "printf 'Open this \\033[1mlink\\033[0m:\\n\\n'
            echo \"  http://127.0.0.1:$1/device?user_code=$2&state=$3\"
            printf '\\n⠙ \\033[33m%s\\033[0m left' $4";
        // Two runs that differ in all that may differ are the same.
        for values in [
            ["40123", "BCDF-GHJK", "oX3zqs_4f_CLIgNprOYxCA", "9:59"],
            ["60999", "ZZZZ-WWWW", "ALIgNprOYxCAoX3zqs_4f-", "10:00"],
        ] {
            let sandbox = Sandbox::new();
            let command = [&["sh", "-c", script, "sh"], &values[..]].concat();
            let terminal = Terminal::start(&sandbox, (columns, 24), &command, &[]);
            assert_eq!(terminal.wait_for_end(), 0);
            Snapshot::new(&format!("terminal-{columns}")).check_screen(&terminal);
            Snapshot::new(&format!("terminal-{columns}-colours")).check_colours(&terminal);
        }
    }
}

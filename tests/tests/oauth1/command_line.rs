//! `authn` and curl, as a user runs them.

use authn_tests::{
    command::{Sandbox, binary},
    rig::agent,
    terminal::Terminal,
};

use crate::server::Server;

fn sandbox(server: &Server, options: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let text = format!(
        "[credentials]\norigins = ['{}']\n[credentials.oauth1]\n{options}\n",
        server.ready("url")
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text);
    sandbox
}

/// Prints the header by `authn header`, and sends a request with it by curl. Returns the status.
fn curl(sandbox: &Sandbox, header: &[&str], curl: &[&str]) -> String {
    let header = [&["header"], header].concat();
    let printed = sandbox.run(binary("authn"), &header).success();
    assert!(printed.starts_with("Authorization: OAuth oauth_consumer_key=\"client\""), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    let arguments = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "@-"];
    let arguments = [&arguments, curl].concat();
    sandbox.run_with_input("curl", &arguments, printed.as_bytes()).success()
}

#[test]
fn the_header_is_for_the_request_that_the_arguments_describe() {
    let server = Server::start();
    let sandbox =
        sandbox(&server, &format!("{}{}body_hash = true", server.client(), server.token()));
    sandbox.file("order.json", "{\"a\": 1}\n");
    let url = server.url("/api/a?b=c%20d");
    let json = "application/json";
    for (header, arguments, expected) in [
        (&["--url", &url][..], &[&*url][..], "200"),
        (&["--url", &url], &[&format!("{url}&e=f")], "401"),
        (
            &["--url", &url, "--method", "DELETE", "--data", ""],
            &["-X", "DELETE", "-d", "", &url],
            "200",
        ),
        (&["--url", &url, "--data", "item=1+2&x"], &["--data", "item=1+2&x", &url], "200"),
        (&["--url", &url, "--data", "item=1+2&x"], &["--data", "item=2", &url], "401"),
        (
            &["--url", &url, "--data", "@order.json", "--content-type", json],
            &["-H", "Content-Type: application/json", "--data", "@order.json", &url],
            "200",
        ),
    ] {
        assert_eq!(curl(&sandbox, header, arguments), expected, "{header:?} {arguments:?}");
    }
    let listed = sandbox.run(binary("authn"), &["providers", "oauth1"]).success();
    for (option, is_listed) in [
        ("placement", true),
        ("override", true),
        ("header_prefix", false),
        ("query_parameter", false),
    ] {
        assert_eq!(listed.contains(option), is_listed, "{option}: {listed}");
    }
}

#[test]
fn a_user_logs_in_once_and_logs_out() {
    let server = Server::start();
    let sandbox = sandbox(&server, &server.login());
    let url = server.url("/api/a");
    let header = ["header", "--url", &url];
    let outcome = sandbox.run(binary("authn"), &header);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("log in with `authn login`"), "{}", outcome.stderr);

    let authn = binary("authn");
    // A code of another login, or one that was not copied as a whole.
    let console = [authn.to_str().unwrap(), "login", "--console"];
    let terminal = Terminal::start(&sandbox, (200, 50), &console, &[]);
    terminal.wait_for("or the code");
    terminal.send("wrong");
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 5, "{}", terminal.transcript());
    let shown = terminal.transcript();
    assert!(shown.contains("with the code that was pasted"), "{shown}");

    let terminal =
        Terminal::start(&sandbox, (200, 50), &[authn.to_str().unwrap(), "login", "--console"], &[]);
    let screen = terminal.wait_for("/authorize?oauth_token=");
    let link = screen.split_whitespace().find(|word| word.contains("/authorize?")).unwrap();
    let link = &link[link.find("http").unwrap()..];
    let mut page = agent().get(link).call().unwrap();
    let body = page.body_mut().read_to_string().unwrap();
    let verifier = body.split('&').find_map(|pair| pair.strip_prefix("oauth_verifier=")).unwrap();
    terminal.wait_for("or the code");
    terminal.send(verifier);
    terminal.press("Enter");
    assert_eq!(terminal.wait_for_end(), 0);

    assert_eq!(curl(&sandbox, &["--url", &url], &[&url]), "200");
    let status = sandbox.run(binary("authn"), &["status"]).success();
    assert!(status.contains("oauth1") && status.contains("\tvalid\t"), "{status}");
    let token = sandbox.run(binary("authn"), &["token"]);
    assert_eq!((token.code, &*token.stdout), (2, ""), "{}", token.stderr);
    assert!(token.stderr.contains("`authn header`"), "{}", token.stderr);
    sandbox.run(binary("authn"), &["logout"]).success();
    assert_eq!(sandbox.run(binary("authn"), &header).code, 4);
}

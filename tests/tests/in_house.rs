//! An in-house provider: linked by naming its crate, chosen by configuration, and redacted like the built-in ones.
//!
//! Which providers a program has is decided by the linker, so everything here is tried in both profiles.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::{fs, thread};

use authn::conformance::Canary;
use authn_tests::command::{self, Sandbox};
use serde_json::Value;

macro_rules! in_both_profiles {
    ($($test:ident),* $(,)?) => {
        mod debug_profile {
            $(#[test] fn $test() { super::$test(super::command::binary); })*
        }
        mod release_profile {
            $(#[test] fn $test() { super::$test(super::command::release_binary); })*
        }
    };
}

in_both_profiles! {
    its_own_command_line_lists_it,
    a_file_configures_it,
    the_environment_configures_it,
    a_program_that_links_it_authorises_requests,
    its_secret_is_redacted,
    a_program_that_does_not_link_it_says_how,
    two_providers_of_one_name_are_refused,
}

/// Returns the path of a program.
type Find = fn(&str) -> PathBuf;

fn its_own_command_line_lists_it(find: Find) {
    let sandbox = Sandbox::new();
    let providers = |program: &str| -> Vec<(String, String)> {
        let listed = sandbox.run(find(program), &["providers", "--json"]).success();
        let entries: Vec<Value> = serde_json::from_str(&listed).expect("a list");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        entries.iter().map(|entry| (text(&entry["name"]), text(&entry["crate"]))).collect()
    };
    let built_in = providers("authn");
    let mut all = providers("corp-cli");
    assert!(built_in.iter().any(|(name, _)| name == "oauth"), "{built_in:?}");
    let ours = all.iter().position(|(name, _)| name == "corp_sts").expect("it is linked");
    assert_eq!(all.remove(ours).1, "corp-sts");
    assert_eq!(all, built_in);

    let options = sandbox.run(find("corp-cli"), &["providers", "corp_sts"]).success();
    // `authn` does not know this provider: the commands that help are this program's.
    let template = sandbox.run(find("corp-cli"), &["config", "init", "corp_sts"]).success();
    assert!(template.starts_with("# `corp-cli config show` shows"), "{template}");
    assert!(options.contains("Address of the STS."), "{options}");
    assert!(options.contains("AUTHN_CREDENTIALS__CORP_STS__KEY"), "{options}");
}

fn a_file_configures_it(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    configure(&sandbox, &server, &format!("key = \"{KEY}\"\nregion = \"eu\""));
    let token = sandbox.run(find("corp-cli"), &["token"]).success();
    assert_eq!(token, "minted-in-eu\n");
}

fn the_environment_configures_it(find: Find) {
    let server = Server::start();
    let mut sandbox = Sandbox::new();
    sandbox
        .env("AUTHN_CREDENTIALS__DOMAIN", &server.host)
        .env("AUTHN_CREDENTIALS__SCHEME", "http")
        .env("AUTHN_CREDENTIALS__CORP_STS__URL", server.url("/token"))
        .env("AUTHN_CREDENTIALS__CORP_STS__KEY", KEY);
    let header = sandbox.run(find("corp-cli"), &["header"]).success();
    assert_eq!(header, "Authorization: Bearer minted-in-nearest\n");
}

fn a_program_that_links_it_authorises_requests(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    let answer = sandbox.run(find("corp-program"), &[&server.url("/things")]).success();
    assert_eq!(answer, "200 OK\nthings for minted-in-nearest\n");

    let elsewhere = Server::start();
    let refused = sandbox.run(find("corp-program"), &[&elsewhere.url("/things")]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("these credentials are not for"), "{}", refused.stderr);
}

fn its_secret_is_redacted(find: Find) {
    let server = Server::start();
    let canary = Canary::new();
    let sandbox = Sandbox::new();
    let file = configure(&sandbox, &server, &format!("key = \"{}\"", canary.as_str()));
    for arguments in [
        ["config", "show"].as_slice(),
        &["config", "show", "--json"],
        &["config", "show", "credentials.corp_sts.key"],
        &["config", "check"],
        &["-vvv", "token"],
    ] {
        let outcome = sandbox.run(find("corp-cli"), arguments);
        assert_eq!(canary.find_in(outcome.stdout.as_bytes()), None, "{arguments:?}");
        assert_eq!(canary.find_in(outcome.stderr.as_bytes()), None, "{arguments:?}");
        if arguments.contains(&"token") {
            assert!(outcome.stderr.contains("register the machine"), "{}", outcome.stderr);
            assert_eq!(outcome.code, 5, "the STS does not know this key");
        } else {
            assert_eq!(outcome.code, 0, "{arguments:?}\n{}", outcome.stderr);
        }
    }
    let shown = sandbox.run(find("corp-cli"), &["config", "show"]).success();
    let row = format!("credentials.corp_sts.key\t(set)\t{}:7:7\n", file.display());
    assert!(shown.contains(&row), "{row:?} is missing in\n{shown}");
    assert!(!shown.contains("requests"), "internal fields are not shown\n{shown}");
}

fn a_program_that_does_not_link_it_says_how(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    let outcome = sandbox.run(find("authn"), &["token"]);
    assert_eq!(outcome.code, 3);
    assert_eq!(outcome.stdout, "");
    for part in [
        "no provider `corp_sts` is linked",
        "jwt, jwt_bearer, oauth",
        "add the crate to Cargo.toml",
        "use its_crate as _;",
    ] {
        assert!(outcome.stderr.contains(part), "{part} is missing in\n{}", outcome.stderr);
    }
}

fn two_providers_of_one_name_are_refused(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    let source = |path: &str| path.replace('/', std::path::MAIN_SEPARATOR_STR);
    for arguments in [["providers"].as_slice(), &["config", "check"], &["token"]] {
        let outcome = sandbox.run(find("duplicate-provider"), arguments);
        assert_eq!(outcome.code, 3, "{arguments:?}");
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        for part in [
            "two providers are named `corp_sts`",
            &source("corp-sts/src/lib.rs"),
            &source("duplicate-provider/src/main.rs"),
        ] {
            assert!(outcome.stderr.contains(part), "{part} is missing in\n{}", outcome.stderr);
        }
    }
}

#[test]
fn its_crate_depends_on_authn_alone() {
    let manifest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/in-house/corp-sts/Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let dependencies = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let dependencies: Vec<_> = dependencies.take_while(|line| !line.is_empty()).collect();
    assert_eq!(dependencies, ["authn.workspace = true"]);
    assert_eq!(manifest.matches("dependencies]").count(), 1);
}

/// Writes the user's configuration, and returns its path.
fn configure(sandbox: &Sandbox, server: &Server, options: &str) -> PathBuf {
    let text = format!(
        "[credentials]\ndomain = \"{}\"\nscheme = \"http\"\n\n[credentials.corp_sts]\nurl = \"{}\"\n{options}\n",
        server.host,
        server.url("/token"),
    );
    sandbox.file(sandbox.config().join("authn/config.toml"), text)
}

/// The machine key that the STS knows.
const KEY: &str = "the-key-of-this-machine";

/// An STS and an API on loopback, which end with the test.
struct Server {
    host: String,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("the port").to_string();
        thread::spawn(move || {
            for connection in listener.incoming() {
                // A client may open more connections than it uses.
                thread::spawn(|| connection.and_then(answer));
            }
        });
        Self { host }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }
}

fn answer(mut connection: TcpStream) -> io::Result<()> {
    let request = read(&connection)?;
    let (status, body) = match request.path.as_str() {
        "/token" if request.member("machine_key") == KEY => {
            let (region, seconds) = (request.member("region"), request.member("seconds"));
            ("200 OK", format!(r#"{{"token":"minted-in-{region}","seconds":"{seconds}"}}"#))
        }
        "/token" => ("403 Forbidden", String::new()),
        "/things" => match request.token {
            Some(token) => ("200 OK", format!("things for {token}")),
            None => ("401 Unauthorized", String::new()),
        },
        _ => ("404 Not Found", String::new()),
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

struct Request {
    path: String,
    token: Option<String>,
    form: String,
}

impl Request {
    fn member(&self, name: &str) -> &str {
        let mut members = self.form.split('&').filter_map(|member| member.split_once('='));
        members.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }
}

fn read(connection: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("").to_owned();
    let mut request = Request { path, token: None, form: String::new() };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().expect("a number of bytes");
            }
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                request.token = value.strip_prefix("Bearer ").map(str::to_owned);
            }
            Some(_) => {}
        }
    }
    reader.take(length).read_to_string(&mut request.form)?;
    Ok(request)
}

//! An in-house provider: linked by naming its crate, chosen by configuration, and redacted like the built-in ones. And
//! the in-house command lines: one built of ours, and one that contains ours.
//!
//! Which providers a program has is decided by the linker, so everything here is tried in both profiles.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
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
    its_command_line_has_its_names_everywhere,
    its_own_command_uses_the_credentials,
    its_own_store_and_defaults_are_used,
    another_command_line_contains_the_commands,
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
    assert!(options.contains("CORP_CREDENTIALS__CORP_STS__KEY"), "{options}");
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
        .env("CORP_CREDENTIALS__DOMAIN", &server.host)
        .env("CORP_CREDENTIALS__SCHEME", "http")
        .env("CORP_CREDENTIALS__CORP_STS__URL", server.url("/token"))
        .env("CORP_CREDENTIALS__CORP_STS__KEY", KEY);
    let header = sandbox.run(find("corp-cli"), &["header"]).success();
    assert_eq!(header, "Authorization: Bearer minted-in-nearest\n");
}

fn a_program_that_links_it_authorises_requests(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    configure_app(&sandbox, "authn", &server, &format!("key = \"{KEY}\""));
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
    let outcome = sandbox.run(find("authn"), &["--app", "corp", "token"]);
    assert_eq!(outcome.code, 3);
    assert_eq!(outcome.stdout, "");
    for part in [
        "this program has no provider `corp_sts`",
        "h2o_cloud, hook, jwt, jwt_bearer, oauth",
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
        let arguments = [["--app", "corp"].as_slice(), arguments].concat();
        let outcome = sandbox.run(find("duplicate-provider"), &arguments);
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

/// The built-in commands that a program has, as they are typed.
const COMMANDS: [&str; 15] = [
    "config show",
    "config check",
    "config path",
    "config init",
    "config edit",
    "config trust",
    "providers",
    "doctor",
    "login",
    "status",
    "logout",
    "stores",
    "token",
    "header",
    "config",
];

/// Checks that the help of each command of a program names the program, and never `authn`.
fn check_help(sandbox: &Sandbox, program: &Path, words: &[&str], also: &[&str]) {
    for command in COMMANDS.iter().chain(also) {
        let typed: Vec<&str> = words[1..].iter().copied().chain(command.split(' ')).collect();
        let help = sandbox.run(program, &[typed.as_slice(), &["--help"]].concat()).success();
        let usage = format!("Usage: {} {command}", words.join(" "));
        assert!(help.contains(&usage), "{usage:?} is missing in\n{help}");
        assert!(!help.contains("authn"), "{command}\n{help}");
    }
}

fn its_command_line_has_its_names_everywhere(find: Find) {
    let sandbox = Sandbox::new();
    let program = find("corp-cli");
    let run = |arguments: &[&str]| sandbox.run(&program, arguments).success();
    assert_eq!(run(&["--version"]), format!("corp-cli {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"]);
    let about = "\nCommands:\n  whoami  Print who the company's API takes this machine for\n";
    for part in ["Work with the services of the company\n", about, "CORP_PROFILE"] {
        assert!(help.contains(part), "{part:?} is missing in\n{help}");
    }
    assert!(!help.contains("authn"), "{help}");
    check_help(&sandbox, &program, &["corp-cli"], &["completions", "man", "whoami"]);

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert!(script.contains("corp-cli") && !script.contains("authn"), "{shell}\n{script}");
    }
    let mut asking = Sandbox::new();
    asking.env("_AUTHN_COMPLETE", "fish");
    let proposed = |words: &[&str]| asking.run(&program, &[&["--"], words].concat()).success();
    let own = "whoami\tPrint who the company's API takes this machine for\n";
    assert_eq!(proposed(&["corp-cli", "who"]), own);
    let options = proposed(&["corp-cli", "config", "set", "credentials.corp_sts.reg"]);
    assert!(options.starts_with("credentials.corp_sts.region\t"), "{options}");
    let page = run(&["man"]);
    let source = format!("\"corp-cli {}\"", env!("CARGO_PKG_VERSION"));
    for part in [&*source, "corp\\-cli\\-whoami(1)", "~/.config/corp/config.toml", "CORP_PROFILE"] {
        assert!(page.contains(part), "{part:?} is missing in\n{page}");
    }
    run(&["man", "--out", "man1"]);
    let page = fs::read_to_string(sandbox.work().join("man1/corp-cli-whoami.1")).unwrap();
    assert!(page.contains("Print who the company") && !page.contains("authn"), "{page}");

    let outcome = sandbox.run(&program, &["--app", "fdt", "token"]);
    assert_eq!(outcome.code, 3);
    let help = "`corp-cli --app fdt config init PROVIDER` prints a configuration";
    assert!(outcome.stderr.contains(help), "{}", outcome.stderr);
}

fn its_own_command_uses_the_credentials(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    let program = find("corp-cli");
    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    let whoami = |arguments: &[&str]| sandbox.run(&program, arguments);
    assert_eq!(whoami(&["whoami"]).success(), "the machine of minted-in-nearest\n");
    // The global flags are valid before and after it.
    let region = "credentials.corp_sts.region=eu";
    for arguments in [["--set", region, "whoami"], ["whoami", "--set", region]] {
        assert_eq!(whoami(&arguments).success(), "the machine of minted-in-eu\n");
    }
    for (setting, code, message) in [
        ("credentials.scheme=ftp", 3, "credentials.scheme"),
        ("credentials.corp_sts.key.file=/nowhere/key", 3, "/nowhere/key"),
        ("credentials.corp_sts.region=lost", 5, "error: the API answered with status 404"),
    ] {
        let outcome = whoami(&["whoami", "--set", setting]);
        assert_eq!((outcome.code, &*outcome.stdout), (code, ""), "{setting}\n{}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{setting}\n{}", outcome.stderr);
    }
    assert_eq!(whoami(&["whoami", "--nothing"]).code, 2);
}

fn its_own_store_and_defaults_are_used(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    let program = find("corp-cli");
    let run = |arguments: &[&str]| sandbox.run(&program, arguments).success();
    let shown = run(&["config", "show", "credentials.domain"]);
    assert_eq!(shown, "api.corp.example\n");
    let other = sandbox.run(&program, &["--app", "fdt", "config", "show", "credentials.domain"]);
    assert_ne!(other.stdout, shown, "the defaults are those of one application");

    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    let folder = sandbox.state().join("corp/sessions");
    let sessions = |count: &str| {
        let row = format!("audited\t{count}\t{}\t", folder.display());
        let listed = run(&["stores"]);
        assert!(listed.contains(&row), "{row:?} is missing in\n{listed}");
    };
    sessions("0");
    assert_eq!(run(&["token"]), "minted-in-nearest\n");
    sessions("1");
    let one = run(&["stores", "audited"]);
    let cells: Vec<&str> = one.trim_end().split('\t').collect();
    assert_eq!(cells[1..4], ["audited", "-", "corp_sts"], "{one}");
    let file = cells[8];
    assert_eq!(Path::new(file).parent(), Some(&*folder));
    let name = Path::new(file).file_stem().and_then(|name| name.to_str()).expect("a name");
    assert!(name.starts_with("corp_sts-default-"), "{one}");
    assert!(Path::new(file).is_file());
    let status: Value = serde_json::from_str(&run(&["status", "--json"])).unwrap();
    assert_eq!((&status[0]["store"], &status[0]["has_token"]), (&"audited".into(), &true.into()));

    // Another process uses the stored token, and requests none.
    assert_eq!(run(&["token"]), "minted-in-nearest\n");
    assert_eq!(server.minted(), 1);
    let log = sandbox.state().join("corp/audit.log");
    let saved = || {
        let lines = fs::read_to_string(&log).unwrap();
        assert!(!lines.contains("minted") && !lines.contains(KEY), "{lines}");
        lines.lines().filter(|line| line.split(' ').nth(1) == Some(name)).count()
    };
    let before = saved();
    assert!(before > 0);
    sandbox.run(&program, &["logout"]).success();
    assert!(saved() > before, "a logout is recorded too");
    sessions("0");

    // A log that can't be written is noticed before a token is sent that the server accepts only once.
    let (host, url) = (&server.host, server.url("/oauth"));
    let oauth = format!(
        "[credentials]\ndomain = \"{host}\"\nscheme = \"http\"\nprovider = \"oauth\"\n\
         [credentials.oauth]\nclient_id = \"x\"\nrefresh_token = \"r\"\nstore = \"audited\"\n\
         token_endpoint_url = \"{url}\"\n"
    );
    sandbox.file(sandbox.config().join("corp/config.toml"), oauth);
    let kept = log.with_extension("kept");
    fs::rename(&log, &kept).unwrap();
    fs::create_dir(&log).unwrap();
    let outcome = sandbox.run(&program, &["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("audit.log can't be written"), "{}", outcome.stderr);
    assert_eq!(server.minted(), 1);
    fs::remove_dir(&log).unwrap();
    fs::rename(&kept, &log).unwrap();
    assert_eq!(run(&["token"]), "renewed\n");
}

fn another_command_line_contains_the_commands(find: Find) {
    let server = Server::start();
    let sandbox = Sandbox::new();
    let program = find("corp-tool");
    let run = |arguments: &[&str]| sandbox.run(&program, arguments);
    assert_eq!(run(&["greet"]).success(), "hello\n");
    assert!(run(&["--help"]).success().contains("\n  auth         Manage logins and tokens\n"));
    let help = run(&["auth", "--help"]).success();
    assert!(help.contains("Usage: corp-tool auth [OPTIONS] <COMMAND>\n"), "{help}");
    for absent in ["authn", "completions", "Shell integration", "--version"] {
        assert!(!help.contains(absent), "{absent}\n{help}");
    }
    check_help(&sandbox, &program, &["corp-tool", "auth"], &[]);
    assert_eq!(run(&["auth", "man"]).code, 2);
    let script = run(&["completions", "bash"]).success();
    for part in ["corp__tool__subcmd__auth__subcmd__stores", "--no-project"] {
        assert!(script.contains(part), "{part} is missing in\n{script}");
    }

    for (arguments, help) in [
        (["auth", "token"].as_slice(), "`corp-tool auth config init PROVIDER`"),
        (&["auth", "--app", "fdt", "token"], "`corp-tool auth --app fdt config init PROVIDER`"),
        (&["auth", "config", "show", "x"], "run `corp-tool auth config show` to list"),
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.code, 3, "{arguments:?}");
        assert!(outcome.stderr.contains(help), "{arguments:?}\n{}", outcome.stderr);
    }
    let oauth = "[credentials]\ndomain = \"a.example\"\n[credentials.oauth]\nclient_id = \"x\"\n\
                 issuer_url = \"https://a.example\"\n";
    sandbox.file(sandbox.config().join("fdt/config.toml"), oauth);
    let outcome = run(&["auth", "--app", "fdt", "token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    let help = "log in with `corp-tool auth --app fdt login`";
    assert!(outcome.stderr.contains(help), "{}", outcome.stderr);

    // Requests are made, although the program has a runtime of its own.
    configure(&sandbox, &server, &format!("key = \"{KEY}\""));
    assert_eq!(run(&["auth", "token"]).success(), "minted-in-nearest\n");
    let region = "credentials.corp_sts.region=eu";
    assert_eq!(run(&["auth", "--set", region, "token"]).success(), "minted-in-eu\n");
}

/// Writes the user's configuration of the company's application, and returns its path.
fn configure(sandbox: &Sandbox, server: &Server, options: &str) -> PathBuf {
    configure_app(sandbox, "corp", server, options)
}

fn configure_app(sandbox: &Sandbox, app: &str, server: &Server, options: &str) -> PathBuf {
    let text = format!(
        "[credentials]\ndomain = \"{}\"\nscheme = \"http\"\n\n[credentials.corp_sts]\nurl = \"{}\"\n{options}\n",
        server.host,
        server.url("/token"),
    );
    sandbox.file(sandbox.config().join(app).join("config.toml"), text)
}

/// The machine key that the STS knows.
const KEY: &str = "the-key-of-this-machine";

/// An STS and an API on loopback, which end with the test.
struct Server {
    host: String,
    minted: Arc<AtomicU32>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("the port").to_string();
        let minted = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&minted);
        thread::spawn(move || {
            for connection in listener.incoming() {
                // A client may open more connections than it uses.
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    connection.and_then(|connection| answer(connection, &counter))
                });
            }
        });
        Self { host, minted }
    }

    /// Returns how many tokens the STS has minted.
    fn minted(&self) -> u32 {
        self.minted.load(Ordering::SeqCst)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }
}

fn answer(mut connection: TcpStream, minted: &AtomicU32) -> io::Result<()> {
    let request = read(&connection)?;
    let (status, body) = match request.path.as_str() {
        "/token" if request.member("machine_key") == KEY => {
            minted.fetch_add(1, Ordering::SeqCst);
            let (region, seconds) = (request.member("region"), request.member("seconds"));
            ("200 OK", format!(r#"{{"token":"minted-in-{region}","seconds":"{seconds}"}}"#))
        }
        "/token" => ("403 Forbidden", String::new()),
        "/oauth" => {
            minted.fetch_add(1, Ordering::SeqCst);
            let body = r#"{"access_token":"renewed","token_type":"Bearer","expires_in":900}"#;
            ("200 OK", body.to_owned())
        }
        "/things" => match request.token {
            Some(token) => ("200 OK", format!("things for {token}")),
            None => ("401 Unauthorized", String::new()),
        },
        "/whoami" => match request.token {
            Some(token) if token != "minted-in-lost" => {
                ("200 OK", format!("the machine of {token}"))
            }
            _ => ("404 Not Found", String::new()),
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

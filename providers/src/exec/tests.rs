//! The provider as a program uses it. The commands are scripts.

#![cfg(unix)]

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use authn::{
    Credentials, Environment, ErrorKind, Loader,
    time::{Clock, ManualClock},
};
use tempfile::TempDir;

use crate::testing::{jwt, request, wait};

/// A folder with a script, which counts its runs.
struct Tool(TempDir);

impl Tool {
    fn new(script: &str) -> Self {
        let tool = Self(tempfile::tempdir().unwrap());
        tool.change(script);
        tool
    }

    fn change(&self, script: &str) {
        fs::write(self.path("script"), format!("echo >> '{}'\n{script}\n", self.path("runs")))
            .unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn runs(&self) -> usize {
        fs::read(self.path("runs")).map_or(0, |runs| runs.len())
    }

    /// Returns the options of a provider that runs it.
    fn options(&self, more: &str) -> String {
        let script = self.path("script");
        format!("[credentials.exec]\ncommand = ['sh', '{script}', 'arg u ment']\n{more}\n")
    }

    fn load(&self, more: &str) -> Credentials {
        self.load_at(more, Clock::system())
    }

    fn load_at(&self, more: &str, clock: Clock) -> Credentials {
        loader(&self.options(more), &[]).clock(clock).load().unwrap()
    }
}

fn loader(text: &str, variables: &[(&str, &str)]) -> Loader {
    let path = std::env::var_os("PATH").unwrap();
    let environment = Environment::empty().variable("PATH", path);
    let environment = variables
        .iter()
        .fold(environment, |environment, (name, value)| environment.variable(*name, *value));
    let text = format!("[credentials]\ndomain = 'api.example.com'\n{text}");
    Loader::new().environment(environment).defaults(&text)
}

#[test]
fn a_command_runs_once_for_as_long_as_its_token_lives() {
    let clock = ManualClock::new();
    let tool = Tool::new("echo \"of-$#-$(cat)\"; echo more");
    let credentials = tool.load_at("ttl = '1h'", Clock::custom(clock.clone()));
    assert_eq!(tool.runs(), 0);
    for _ in 0..3 {
        assert_eq!(wait(credentials.token()).unwrap().secret(), "of-1-");
    }
    assert_eq!(tool.runs(), 1);
    clock.advance(Duration::from_hours(2));
    tool.change("echo new");
    assert_eq!(wait(credentials.token()).unwrap().secret(), "new");
    assert_eq!(tool.runs(), 2);
}

#[test]
fn the_expiry_is_the_earliest_that_is_known() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let at = |seconds: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let jwt = jwt(r#"{"exp":4102444800}"#);
    for (output, options, expected) in [
        ("opaque", "", None),
        (&*jwt, "", at(4_102_444_800)),
        (&*jwt, "ttl = '1h'", Some(start + Duration::from_hours(1))),
        ("opaque", "ttl = '1h'", Some(start + Duration::from_hours(1))),
        (r#"{"token":"a","expires_in":60}"#, "format = 'json'", at(4_000_000_060)),
        (r#"{"token":"a","expires_in":60}"#, "format = 'json'\nttl = '1h'", at(4_000_000_060)),
        (r#"{"token":"a","expires_in":60}"#, "format = 'json'\nttl = '10s'", at(4_000_000_010)),
        (r#"{"token":"a","expiry":4100000000}"#, "format = 'json'", at(4_100_000_000)),
    ] {
        let clock = ManualClock::new();
        let now = Clock::custom(clock.clone()).now().wall();
        let ahead = start.duration_since(now).unwrap();
        clock.step_wall(ahead.as_secs().try_into().unwrap());
        let tool = Tool::new(&format!("cat <<'END'\n{output}\nEND"));
        let credentials = tool.load_at(options, Clock::custom(clock));
        let token = wait(credentials.token()).unwrap();
        let whole =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let expires_at = token.expires_at().map(whole);
        assert!(
            expires_at.zip(expected.map(whole)).is_none_or(|(is, should)| is.abs_diff(should) <= 1),
            "{output} {options}: {expires_at:?}"
        );
        assert_eq!(expires_at.is_some(), expected.is_some(), "{output} {options}");
    }
}

#[test]
fn an_expired_token_is_an_error() {
    let tool = Tool::new(r#"echo '{"accessToken":"abc","expires_on":1}'"#);
    let error = wait(tool.load("format = 'az'").token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired, "{error}");
}

#[test]
fn the_environment_is_the_users_without_secrets() {
    // A shell drops variables with names that it does not know. Linux has them all.
    let tool = Tool::new(
        "{ env; tr '\\0' '\\n' < /proc/$$/environ; } | sort -u > \"$(dirname \"$0\")/env\"; echo abc",
    );
    let text = tool
        .options("env = { OWN = { env = 'NAMED' }, EDITOR = 'mine', PLAIN_TOO = 's3cr3t-5' }")
        + "[profile.other.credentials.bearer]\ntoken = { env = 'NAMED_ELSEWHERE' }\n"
        + "[profile.dashed.credentials.bearer]\ntoken = { env = 'named-too' }\n";
    let variables = [
        // The user's.
        ("HOME", "/home/ann"),
        ("EDITOR", "vi"),
        ("AUTHN_LOG", "debug"),
        ("AUTHN_CREDENTIALS__PROVIDER", "exec"),
        ("AUTHN_CREDENTIALS__EXEC__TIMEOUT", "20s"),
        // Secrets.
        ("NAMED", "s3cr3t-1"),
        ("NAMED_ELSEWHERE", "s3cr3t-2"),
        ("named-too", "s3cr3t-11"),
        ("AUTHN_TOKEN", "s3cr3t-3"),
        ("AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET", "s3cr3t-4"),
        ("AUTHN_PROFILE__OTHER__CREDENTIALS__JWT", "s3cr3t-5"),
        ("AUTHN_CREDENTIALS__EXEC__ENV__MORE", "s3cr3t-6"),
        ("AUTHN_HTTP__PROXY", "http://user:s3cr3t-7@proxy.test"),
        ("AUTHN_CREDENTIALS__BOGUS__TOKEN", "s3cr3t-8"),
        ("FDT_CREDENTIALS__BEARER__TOKEN", "s3cr3t-9"),
        ("H2O_CLOUD_CLIENT_PLATFORM_TOKEN", "s3cr3t-10"),
    ];
    let credentials = loader(&text, &variables).load().unwrap();
    assert_eq!(wait(credentials.token()).unwrap().secret(), "abc");
    let seen = fs::read_to_string(tool.path("env")).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    for expected in [
        "HOME=/home/ann",
        "EDITOR=mine",
        "AUTHN_LOG=debug",
        "AUTHN_CREDENTIALS__EXEC__TIMEOUT=20s",
        "OWN=s3cr3t-1",
        "more=s3cr3t-6",
        "PLAIN_TOO=s3cr3t-5",
    ] {
        assert!(lines.contains(&expected), "{expected} is missing: {seen}");
    }
    let secrets = lines.iter().filter(|line| line.contains("s3cr3t"));
    assert_eq!(secrets.count(), 3, "{seen}");
}

#[test]
fn each_format_asks_as_its_tools_expect() {
    for (options, expected) in [
        ("format = 'git'", "0  capability[]=authtype protocol=https host=api.example.com  "),
        (
            "format = 'git'\nurl = 'https://ann@a.test/x'",
            "0  capability[]=authtype protocol=https host=a.test path=x username=ann  ",
        ),
        ("format = 'docker'", "  api.example.com"),
        (
            "format = 'docker'\nurl = 'https://images.example.org/v1/'",
            "  https://images.example.org/v1/",
        ),
        ("format = 'bazel'", r#"  {"uri":"https://api.example.com/"}"#),
        (
            "format = 'kubernetes'",
            r#" {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}} "#,
        ),
        ("format = 'kubernetes'\nenv = { KUBERNETES_EXEC_INFO = 'own' }", " own "),
        ("format = 'text'", "  "),
    ] {
        let tool = Tool::new(
            "echo \"$GIT_TERMINAL_PROMPT $KUBERNETES_EXEC_INFO $(cat; echo .)\" > \"$(dirname \"$0\")/asked\"",
        );
        drop(wait(tool.load(options).token()));
        let asked = fs::read_to_string(tool.path("asked")).unwrap();
        let asked = asked.trim_end().trim_end_matches('.').replace('\n', " ");
        assert_eq!(asked, expected, "{options}");
    }
}

/// Returns the headers of a request with the credential, or the error.
fn headers(script: &str, options: &str) -> Result<Vec<(String, String)>, authn::Error> {
    let tool = Tool::new(script);
    let credentials = tool.load(options);
    let mut parts = request("https://api.example.com/");
    wait(credentials.authorize(&mut parts))?;
    assert!(parts.headers.values().all(http::HeaderValue::is_sensitive));
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    Ok(parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
}

#[test]
fn a_credential_goes_on_a_request_as_its_format_means_it() {
    let docker = r#"echo '{"Username":"ann","Secret":"abc"}'"#;
    for (script, options, expected) in [
        ("echo abc", "", &[("authorization", "Bearer abc")][..]),
        ("echo abc", "header = 'x-key'\nheader_prefix = ''", &[("x-key", "abc")]),
        (docker, "format = 'docker'", &[("authorization", "Basic YW5uOmFiYw==")]),
        (docker, "format = 'docker'\noverride = true", &[("authorization", "Basic YW5uOmFiYw==")]),
        (docker, "format = 'docker'\nheader_prefix = 'Token'", &[("authorization", "Token abc")]),
        (
            "echo username=ann; echo password=abc; exit 1",
            "format = 'git'",
            &[("authorization", "Basic YW5uOmFiYw==")],
        ),
        (
            "echo authtype=Negotiate; echo credential=abc",
            "format = 'git'",
            &[("authorization", "Negotiate abc")],
        ),
        (
            "echo authtype=bearer; echo credential=abc",
            "format = 'git'",
            &[("authorization", "Bearer abc")],
        ),
        (
            r#"echo '{"headers":{"X-Key":["k"],"Authorization":["Bearer abc"]}}'"#,
            "format = 'bazel'",
            &[("authorization", "Bearer abc"), ("x-key", "k")],
        ),
    ] {
        let mut headers = headers(script, options).unwrap();
        headers.sort();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(headers, expected, "{script} {options}");
    }
}

#[test]
fn aws_keys_authorize_no_request() {
    let script = r#"echo '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s3cr3t"}'"#;
    let error = headers(script, "format = 'aws'").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoToken);
    let tool = Tool::new(script);
    let token = wait(tool.load("format = 'aws'").token()).unwrap();
    assert_eq!(token.secret(), "AKIA");
}

#[test]
fn a_failure_says_what_happened_and_nothing_that_was_printed() {
    use ErrorKind::{InvalidToken, NotApplicable, Protocol, Refused};
    let not_found = "echo 'credentials not found in native keychain'; exit 1";
    for (script, options, kind, message) in [
        (
            "echo s3cr3t; echo s3cr3t >&2; exit 3",
            "",
            Refused,
            "the command failed (exit status: 3)",
        ),
        ("kill -9 $$", "", Refused, "the command failed (signal: 9 (SIGKILL))"),
        (
            "exit 0",
            "",
            Protocol,
            "the command printed no answer of format `text`: its first line is empty",
        ),
        ("echo 's3cr3t s3cr3t'", "", InvalidToken, "the output of the command: "),
        ("printf 's3cr3t\\0s3cr3t'", "", InvalidToken, "the output of the command: "),
        (
            "printf 's3cr3t\\377'",
            "",
            Protocol,
            "the command printed no answer of format `text`: it is no UTF-8 text",
        ),
        (
            "echo s3cr3t",
            "format = 'json'",
            Protocol,
            "the command printed no answer of format `json`: it is a text without JSON",
        ),
        (
            r#"echo '{"Version":2,"x":"s3cr3t"}'"#,
            "format = 'aws'",
            Protocol,
            "the command printed no answer of format `aws`: its `Version` is not 1",
        ),
        (not_found, "format = 'docker'", NotApplicable, "the command has no token"),
        ("exit 0", "format = 'git'", NotApplicable, "the command has no token"),
        ("exit 128", "format = 'git'", Refused, "the command failed (exit status: 128)"),
        ("echo '{}'", "format = 'bazel'", NotApplicable, "the command has no token"),
        (
            r#"echo '{"version":1,"success":false,"message":"s3cr3t"}'; exit 1"#,
            "format = 'gcp'",
            Refused,
            "the command answered that it has failed",
        ),
    ] {
        let tool = Tool::new(script);
        let credentials = tool.load(options);
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), kind, "{script}: {error}");
        assert!(error.message().starts_with(message), "{script}: {error}");
        assert!(error.help().is_some(), "{script}");
        assert!(!format!("{error} {error:?} {credentials:?}").contains("s3cr3t"), "{error:?}");
    }
    let absent = loader("exec = { command = ['no-such-tool'] }", &[]).load().unwrap();
    assert_eq!(wait(absent.token()).unwrap_err().kind(), NotApplicable);
}

#[test]
fn options_that_do_not_fit_are_found_at_load() {
    for (options, message) in [
        ("command = []", "the command is empty"),
        ("command = ['./tool']", "relative path"),
        ("command = ['a'], timeout = '0s'", "`timeout`"),
        ("command = ['a'], timeout = '2m'", "`timeout`"),
        ("command = ['a'], ttl = '0s'", "`ttl`"),
        ("command = ['a'], env = { 'a=b' = 'c' }", "a key of `env`"),
        ("command = ['a'], token_field = 'a'", "`token_field`"),
        ("command = ['a'], expiry_field = 'a'", "`expiry_field`"),
        ("command = ['a'], format = 'json', token_field = 'a..b'", "`token_field`"),
        ("command = ['a'], url = 'https://a.test'", "`url`"),
        ("command = ['a'], format = 'xml'", "expected"),
        ("format = 'text'", "the option `command` is required, and not set"),
    ] {
        let error = loader(&format!("exec = {{ {options} }}"), &[]).load().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        assert!(error.to_string().contains(message), "{options}: {error}");
    }
    let nowhere = "[credentials.exec]\ncommand = ['a']\nformat = 'git'";
    let loader = Loader::new().environment(Environment::empty()).defaults(nowhere);
    assert!(loader.load().unwrap_err().to_string().contains("server"));
}

#[test]
fn a_call_with_scopes_is_refused() {
    let tool = Tool::new("echo abc");
    let credentials = tool.load("");
    let error = wait(credentials.with_scope(&["read"]).token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn nothing_runs_before_a_token_is_wanted() {
    let tool = Tool::new("echo abc");
    let script = tool.path("script");
    let reference = format!("{{ command = ['sh', '{script}'] }}");
    for text in [
        tool.options(""),
        format!("bearer = {reference}"),
        format!("jwt = {reference}"),
        format!("basic = {{ username = 'ann', password = {reference} }}"),
        format!("api_key = {{ key = {reference} }}"),
    ] {
        let config = loader(&text, &[]).read();
        assert!(config.problems().is_empty(), "{text}: {:?}", config.problems());
        let credentials = config.credentials().unwrap();
        wait(credentials.status()).unwrap();
        assert!(credentials.try_token().is_none());
        let is_reference = !text.contains("credentials.exec");
        assert_eq!(format!("{credentials:?}").contains(" (set)"), is_reference, "{credentials:?}");
        assert_eq!(tool.runs(), 0, "{text}");
        let mut parts = request("https://api.example.com/");
        wait(credentials.authorize(&mut parts)).unwrap();
        assert_eq!(tool.runs(), 1, "{text}");
        let value = parts.headers.values().next().unwrap().to_str().unwrap();
        assert!(["abc", "Bearer abc", "Basic YW5uOmFiYw=="].contains(&value), "{value}");
        fs::remove_file(tool.path("runs")).unwrap();
    }
}

#[test]
fn a_secret_that_a_command_prints_is_checked_when_it_is_known() {
    for (script, kind, message) in [
        ("printf 'a b'", ErrorKind::InvalidToken, "option `token`"),
        ("exit 1", ErrorKind::Refused, "credentials.bearer"),
        ("true", ErrorKind::Configuration, "printed nothing"),
        ("printf '\\377'", ErrorKind::Configuration, "printed no UTF-8 text"),
    ] {
        let tool = Tool::new(script);
        let text = format!("bearer = {{ command = ['sh', '{}'] }}", tool.path("script"));
        let credentials = loader(&text, &[]).load().unwrap();
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), kind, "{script}: {error}");
        assert!(error.to_string().contains(message), "{script}: {error}");
    }
    let absent = loader("bearer = { command = ['no-such-tool'] }", &[]).load().unwrap();
    let error = wait(absent.token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[test]
fn a_reference_is_a_list_of_words() {
    for reference in ["'echo abc'", "[]", "['./x']", "[1]", "{}", "''"] {
        let error =
            loader(&format!("bearer = {{ command = {reference} }}"), &[]).load().unwrap_err();
        assert!(error.to_string().contains("command"), "{reference}: {error}");
    }
    let variable = ("AUTHN_CREDENTIALS__BEARER__TOKEN__COMMAND", "['echo', 'abc']");
    let credentials = loader("", &[variable]).load().unwrap();
    assert_eq!(wait(credentials.token()).unwrap().secret(), "abc");
}

#[test]
fn a_command_without_a_configuration_gets_the_programs_environment() {
    let tool = Tool::new("echo abc");
    let command = ["sh".to_owned(), tool.path("script")];
    let builder = crate::Exec::builder().command(command).working_directory(Path::new("/"));
    let credentials = builder.credentials().domain("api.example.com").build().unwrap();
    assert_eq!(wait(credentials.token()).unwrap().secret(), "abc");
}

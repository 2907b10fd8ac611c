//! The values that a configuration never shows, and the files that it neither waits for nor fails at.

use std::{fs, path::Path};

use authn::{
    Context, Environment, Loader, Result, SecretString, Token, TokenProvider,
    config::{Config, Problem, Severity},
};

/// Returns the configured token.
#[authn::token_provider("hidden")]
struct Hidden {
    /// Token.
    #[shorthand]
    _token: SecretString,
    /// Number of tries.
    #[default(3)]
    tries: u8,
}

impl TokenProvider for Hidden {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = self.tries;
        Token::new(&*self._token.expose())
    }
}

fn read(text: &str) -> Config {
    Loader::new().environment(Environment::empty()).defaults(text).read()
}

fn shown(config: &Config) -> String {
    let mut shown = format!("{config:?} {:?}", config.settings());
    for problem in config.problems() {
        shown.push_str(&problem.render(false));
    }
    shown
}

fn code<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    let problem = config.problems().iter().find(|problem| problem.key() == Some(key))?;
    Some(problem.code().as_str())
}

#[test]
fn a_proxy_is_an_address_with_scheme_and_host() {
    let read =
        |proxy: &str| read(&format!("[credentials]\nhidden = 'abc'\n[http]\nproxy = \"{proxy}\""));
    for good in [
        "http://proxy.test:3128",
        "https://alice:s3cr3t@proxy.test",
        "socks5://proxy.test",
        "socks5h://proxy.test:1080",
    ] {
        let config = read(good);
        assert_eq!(code(&config, "http.proxy"), None, "{good}");
        assert!(!shown(&config).contains("s3cr3t"), "{good}");
    }
    for bad in [
        "alice:s3cr3t@proxy.test:3128",
        "s3cr3t.test:3128",
        "file:///s3cr3t",
        "ftp://alice:s3cr3t@proxy.test",
    ] {
        let config = read(bad);
        assert_eq!(code(&config, "http.proxy"), Some("invalid-value"), "{bad}");
        assert!(!shown(&config).contains("s3cr3t"), "{bad}: {}", shown(&config));
    }
}

/// All options are on one line, which the problem of `bogus` shows.
#[test]
fn the_line_of_a_problem_shows_no_other_value_that_is_invalid_for_its_option() {
    for line in [
        "hidden = { token = 'x', tries = 's3cr3t', bogus = 1 }",
        "hidden = { token = 'x', bogus = 1, override = 's3cr3t' }",
        "hidden = { token = 'x', placement = 's3cr3t', bogus = 1 }",
    ] {
        let config = read(&format!("[credentials]\norigins = ['*']\n{line}"));
        assert!(!shown(&config).contains("s3cr3t"), "{}", shown(&config));
    }
    for line in
        ["http = { proxy = 's3cr3t', bogus = 1 }", "http = { timeout = 's3cr3t', bogus = 1 }"]
    {
        let config = read(line);
        assert!(!shown(&config).contains("s3cr3t"), "{}", shown(&config));
    }
    let config = read("credentials = { hidden = 'x', origins = ['s3cr3t', '*'], bogus = 1 }");
    assert!(!shown(&config).contains("s3cr3t"), "{}", shown(&config));
    // What is written in the place of a variable's name may be the secret itself.
    let secret = |name: &str| {
        format!("credentials = {{ hidden = {{ tries = [], token = {{ env = '{name}' }} }} }}")
    };
    for name in ["s3cr3t/Top+42", "s3cr3t-of-client", ""] {
        let config = read(&secret(name));
        assert_eq!(code(&config, "credentials.hidden.tries"), Some("wrong-type"), "{name}");
        assert!(!shown(&config).contains("s3cr3t"), "{}", shown(&config));
    }
    let config = read(&secret("HIDDEN_TOKEN"));
    assert!(shown(&config).contains("env = 'HIDDEN_TOKEN'"), "{}", shown(&config));
    // A valid value is shown.
    let config = read("http = { timeout = '5s', proxy = 'http://p.test', bogus = 1 }");
    assert!(
        shown(&config).contains("timeout = '5s', proxy = 'http://p.test'"),
        "{}",
        shown(&config)
    );
}

#[test]
fn the_line_of_a_problem_shows_no_other_profiles_values() {
    for value in [
        r#""x\"s3cr3t""#,
        r#""""x"s3cr3t""""#,
        "'''x's3cr3t'''",
        "{ token = 4711, tries = 's3cr3t' }",
        "[4711, 's3cr3t']",
        "{ file = \"a\", \"s3\\\"cr3t\" = 's3cr3t' }",
    ] {
        let a = format!("a = {{ credentials = {{ hidden = {value} }} }}");
        let b = "b = { credentials = { hidden = \"x\", bogus = 1 } }";
        for profiles in [format!("{a}, {b}"), format!("a = \"x\\\"s3cr3t\", {b}")] {
            let config = read(&format!("default_profile = 'b'\nprofile = {{ {profiles} }}"));
            assert_eq!(code(&config, "credentials.bogus"), Some("unknown-key"), "{profiles}");
            let shown = shown(&config);
            assert!(!shown.contains("s3cr3t") && !shown.contains("4711"), "{profiles}: {shown}");
        }
    }
}

#[test]
fn a_profile_that_is_not_chosen_is_not_listed() {
    let text = "[credentials.hidden]\ntoken = 'abc'\n[profile.a.credentials.hidden]\ntries = 7\n";
    let config = read(text);
    let tries: Vec<_> = config
        .settings()
        .into_iter()
        .filter(|setting| setting.key == "credentials.hidden.tries")
        .collect();
    assert_eq!(tries.len(), 1);
    assert_eq!(tries[0].value, Some(authn::View::Integer(3)));
    assert!(config.credentials().is_ok());
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_is_a_pipe_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let config = read(&format!("[credentials]\nhidden = {{ file = '{}' }}", pipe.display()));
    assert_eq!(code(&config, "credentials.hidden.token"), Some("unresolved-reference"));
    assert!(shown(&config).contains("not a regular file"), "{}", shown(&config));
}

#[test]
fn an_untrusted_file_stops_no_command() {
    let project = tempfile::tempdir().unwrap();
    let load = |project_text: &str, own: &str| {
        fs::write(project.path().join(".authn.toml"), project_text).unwrap();
        let folder: &Path = project.path();
        Loader::new()
            .environment(Environment::empty().working_directory(folder))
            .defaults(own)
            .read()
    };
    let own = "[credentials]\nhidden = 'abc'\n[profile.a.credentials]\nhidden = 'def'\n";
    for bad in ["default_profile = 4711", "default_profile = 'nobody'"] {
        let config = load(bad, own);
        let is_told = |problem: &&Problem| problem.code().as_str() == "untrusted-profile";
        let problem = config.problems().iter().find(is_told).unwrap();
        assert_eq!(problem.severity(), Severity::Warning, "{bad}");
        assert_eq!(config.profile(), None, "{bad}");
        assert!(config.credentials().is_ok(), "{bad}");
        // In the user's own file it is an error.
        let config = read(&format!("{bad}\n{own}"));
        assert!(config.credentials().is_err(), "{bad}");
    }
    assert_eq!(load("default_profile = 'a'", own).profile(), Some("a"));
}

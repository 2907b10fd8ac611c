//! The provider `exec` reads what the helpers of this program print, in each format that both know.

use serde_json::Value as Json;

use crate::sandbox::Sandbox;

/// `{"alg":"none"}`, `{"exp":4102444800}`: the last second of the year 2099.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.czNjcjN0";
const EXPIRES: &str = "2100-01-01T00:00:00Z";

/// The formats, and the commands that print them.
const FORMATS: [(&str, &str); 8] = [
    ("text", "token"),
    ("json", "token --json"),
    ("kubernetes", "kubernetes-exec-credential"),
    ("gcp", "gcp-executable"),
    ("git", "git-credential get"),
    ("docker", "docker-credential get"),
    ("bazel", "bazel-credential get"),
    ("aws", "aws-credential-process"),
];

/// Returns a user with a profile that calls this program for another profile.
fn sandbox(format: &str, command: &str) -> Sandbox {
    let program = env!("CARGO_BIN_EXE_authn");
    let profile = if format == "aws" { "keys" } else { "inner" };
    let words: Vec<&str> =
        [program, "--profile", profile].into_iter().chain(command.split(' ')).collect();
    Sandbox::with(format!(
        r#"
        default_profile = "outer"
        [profile.inner.credentials]
        domain = "api.example.com"
        jwt.jwt = "{JWT}"
        [profile.keys.credentials]
        domain = "api.example.com"
        exec = {{ command = ["/bin/echo", '{{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s3cr3t","SessionToken":"session","Expiration":"{EXPIRES}"}}'], format = "aws" }}
        [profile.outer.credentials]
        domain = "api.example.com"
        exec = {{ command = {words:?}, format = "{format}" }}
        "#,
    ))
    .env("PATH", "/usr/bin:/bin")
}

#[test]
fn the_token_and_its_expiry_survive_each_format() {
    for (format, command) in FORMATS.iter().filter(|(format, _)| *format != "aws") {
        let sandbox = sandbox(format, command);
        let shown: Json = serde_json::from_str(&sandbox.run(&["token", "--json"]).done()).unwrap();
        assert_eq!(
            (&shown["token"], &shown["expires_at"]),
            (&JWT.into(), &EXPIRES.into()),
            "{format}"
        );
    }
}

#[test]
fn the_keys_of_aws_survive_too() {
    let (format, command) = FORMATS[7];
    let sandbox = sandbox(format, command);
    let inner = sandbox.run(&["--profile", "keys", "aws-credential-process"]).done();
    assert!(
        inner.contains("s3cr3t") && inner.contains("session") && inner.contains(EXPIRES),
        "{inner}"
    );
    assert_eq!(sandbox.run(&["aws-credential-process"]).done(), inner);
}

#[test]
fn the_user_and_the_password_survive_too() {
    for (format, command) in [
        ("git", "git-credential get"),
        ("docker", "docker-credential get"),
        ("bazel", "bazel-credential get"),
    ] {
        let sandbox = sandbox(format, command);
        let basic = "[profile.inner.credentials]\ndomain = 'api.example.com'\nbasic = { username = 'ann', password = 's3cr3t:with:colons' }\n";
        let text = std::fs::read_to_string(sandbox.path("home/.config/authn/config.toml")).unwrap();
        let outer = text.split("[profile.outer").nth(1).unwrap();
        sandbox.file(
            "home/.config/authn/config.toml",
            format!("default_profile = 'outer'\n{basic}[profile.outer{outer}"),
        );
        let inner = sandbox.run(&["--profile", "inner", "header"]).done();
        assert!(inner.starts_with("Authorization: Basic "), "{inner}");
        assert_eq!(sandbox.run(&["header"]).done(), inner, "{format}");
    }
}

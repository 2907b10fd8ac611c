//! Secrets: they are used exactly as written, and are never accepted from a flag.

use crate::sandbox::Sandbox;

/// Secrets that other tools would parse as a number, a boolean, a list, a table or null.
const LOOK_ALIKES: [&str; 7] =
    ["0012345678", "true", "1.50", "[a,b]", "{a=b}", "\"quoted\"", "null"];

#[test]
fn variables_keep_secrets_unchanged() {
    for secret in LOOK_ALIKES {
        let sandbox = Sandbox::new()
            .env("AUTHN_CREDENTIALS__DOMAIN", "a.test")
            .env("AUTHN_CREDENTIALS__BEARER__TOKEN", secret);
        assert_eq!(sandbox.run(&["token"]).done(), format!("{secret}\n"));
        let header = sandbox.run(&["header"]).done();
        assert_eq!(header, format!("Authorization: Bearer {secret}\n"));
        let shorthand = Sandbox::new().env("AUTHN_CREDENTIALS__BEARER", secret);
        assert_eq!(shorthand.run(&["token"]).done(), format!("{secret}\n"));
    }
}

#[test]
fn configurations_keep_secrets_unchanged() {
    for secret in LOOK_ALIKES {
        let sandbox = Sandbox::with(format!("[credentials]\nbearer = '{secret}'\n"));
        assert_eq!(sandbox.run(&["token"]).done(), format!("{secret}\n"));
    }
}

#[test]
fn secret_files_keep_secrets_unchanged() {
    for secret in LOOK_ALIKES {
        let sandbox = Sandbox::new();
        let path = sandbox.file("secret", format!("{secret}\n"));
        let sandbox = sandbox.env("AUTHN_CREDENTIALS__BEARER__TOKEN__FILE", path);
        assert_eq!(sandbox.run(&["token"]).done(), format!("{secret}\n"));
    }
}

#[test]
fn references_to_variables_keep_secrets_unchanged() {
    for secret in LOOK_ALIKES {
        let sandbox = Sandbox::with("[credentials]\nbearer = { env = \"TOKEN\" }\n");
        let sandbox = sandbox.env("TOKEN", secret);
        assert_eq!(sandbox.run(&["token"]).done(), format!("{secret}\n"));
    }
}

#[test]
fn a_flag_only_accepts_references() {
    let sandbox = Sandbox::new().env("TOKEN", "abc");
    let outcome = sandbox.run(&["--set", "credentials.bearer.token=s3cr3t", "token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
    assert!(outcome.stderr.contains("error: literal-secret"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    for reference in
        ["credentials.bearer.token.env=TOKEN", "credentials.bearer.token={ env = \"TOKEN\" }"]
    {
        assert_eq!(sandbox.run(&["token", "--set", reference]).done(), "abc\n");
    }
}

#[test]
fn no_message_and_no_log_contains_a_secret() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n")
        .env("AUTHN_LOG", "trace");
    for command in [
        &["header"][..],
        &["token"],
        &["token", "--json", "--min-ttl", "5m"],
        &["status"],
        &["logout"],
        &["stores"],
        &["stores", "file"],
        &["stores", "--json"],
        &["config", "show"],
        &["config", "show", "--all"],
        &["config", "check"],
        &["config", "schema"],
        &["config", "set", "http.timeout", "5s"],
        &["config", "unset", "http.timeout"],
        &["options", "credentials.bearer"],
        &["config", "check", "--network"],
        &["doctor"],
        &["doctor", "--json"],
        &["logout", "--all"],
    ] {
        let outcome = sandbox.run(command);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stderr.contains("s3cr3t"), "{outcome:?}");
    }
    for refused in [
        &["config", "set", "http.timeout", "s3cr3t"][..],
        &["config", "set", "credentials.bearer", "s3cr3t"],
        &["config", "unset", "http.timeout"],
        &["options", "credentials.bogus"],
    ] {
        let outcome = sandbox.run(refused);
        assert_ne!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stderr.contains("s3cr3t"), "{outcome:?}");
    }
}

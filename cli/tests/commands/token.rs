//! `token`: as JSON, with a minimum time to live, for other scopes.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    sandbox::{Outcome, Sandbox},
    server::{Server, TOKEN},
};

/// Returns a JWT. Its signature is not checked.
fn jwt(expiry: SystemTime) -> String {
    let seconds = expiry.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let payload = format!("{{\"exp\":{seconds}}}");
    format!("{}.{}.c2lnbmF0dXJl", encode("{\"alg\":\"RS256\"}"), encode(&payload))
}

fn in_2100() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_801)
}

#[track_caller]
fn printed(outcome: &Outcome, stdout: &str, warnings: &[&str]) {
    assert_eq!((outcome.code, &*outcome.stdout), (0, stdout), "{}", outcome.stderr);
    for warning in warnings {
        assert!(outcome.stderr.contains(warning), "{warning}\n{}", outcome.stderr);
    }
    assert_eq!(warnings.is_empty(), outcome.stderr.is_empty(), "{}", outcome.stderr);
}

#[test]
fn json_has_null_for_unknown_values() {
    let token = jwt(in_2100());
    let sandbox = Sandbox::with(format!("[credentials]\njwt = \"{token}\"\n[profile.ci]\n"));
    let shown = |arguments: &[&str]| -> Value {
        serde_json::from_str(&sandbox.run(arguments).done()).unwrap()
    };
    let expected = json!({
        "token": token,
        "type": null,
        "expires_at": "2100-01-01T00:00:01Z",
        "scopes": null,
        "profile": null,
    });
    assert_eq!(shown(&["token", "--json"]), expected);
    assert_eq!(shown(&["-p", "ci", "token", "--json"])["profile"], "ci");

    let server = Server::new();
    let sandbox = server.sandbox().env("AUTHN_LOG", "trace");
    let outcome = server.giving("t0k3n", 3_600, || sandbox.run(&["token", "--json"]));
    assert!(!outcome.stderr.contains("t0k3n"), "{}", outcome.stderr);
    let shown: Value = serde_json::from_str(&outcome.done()).unwrap();
    assert_eq!((&shown["token"], &shown["type"]), (&json!("t0k3n"), &json!("Bearer")));
    assert_eq!(shown["scopes"], json!(["read"]));
    assert!(shown["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_token_is_printed_by_the_next_program() {
    let server = Server::new();
    let sandbox = server.sandbox();
    printed(&server.giving("one", 3_600, || sandbox.run(&["token"])), "one\n", &[]);
    printed(&sandbox.run(&["token"]), "one\n", &[]);
    let header = sandbox.run(&["header"]);
    printed(&header, "Authorization: Bearer one\n", &[]);
    server.is_left_alone();
}

#[test]
fn a_stored_token_that_expires_too_soon_is_replaced() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    printed(&server.giving("one", 3_600, || sandbox.run(&["token"])), "one\n", &[]);
    printed(&sandbox.run(&["token", "--min-ttl", "30m"]), "one\n", &[]);
    let long = ["token", "--min-ttl", "2h"];
    printed(&server.giving("two", 36_000, || sandbox.run(&long)), "two\n", &[]);
    printed(&sandbox.run(&long), "two\n", &[]);
    printed(&sandbox.run(&["token"]), "two\n", &[]);
    server.is_left_alone();
}

#[test]
fn a_new_token_that_expires_too_soon_is_printed_with_a_warning() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let long = ["token", "--min-ttl", "2h"];
    for name in ["one", "two"] {
        let outcome = server.giving(name, 3_600, || sandbox.run(&long));
        printed(&outcome, &format!("{name}\n"), &["warning: ", "sooner than `--min-ttl`"]);
        server.is_left_alone();
    }
}

#[test]
fn a_token_with_unknown_lifetime_is_not_replaced() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let fallback = "credentials.oauth.expires_in_fallback=1h";
    let long = ["--set", fallback, "token", "--min-ttl", "2h"];
    let body = r#"{"access_token":"one","token_type":"Bearer"}"#;
    let (outcome, _) = server.answering("200 OK", body, || sandbox.run(&long));
    printed(&outcome, "one\n", &["warning: the lifetime of this token is unknown"]);
    printed(&sandbox.run(&long), "one\n", &["warning: "]);
    server.is_left_alone();
}

#[test]
fn without_a_new_token_nothing_is_printed_and_the_old_one_stays() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    printed(&server.giving("one", 3_600, || sandbox.run(&["token"])), "one\n", &[]);
    let refusal = r#"{"error":"invalid_client"}"#;
    let work = || sandbox.run(&["token", "--min-ttl", "2h"]);
    let (outcome, _) = server.answering("401 Unauthorized", refusal, work);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    for word in ["invalid_client", "help: ", "`--min-ttl`"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
    printed(&sandbox.run(&["token"]), "one\n", &[]);
    server.is_left_alone();
}

#[test]
fn a_fixed_token_that_expires_too_soon_is_printed_with_a_warning() {
    let soon = SystemTime::now() + Duration::from_hours(1);
    for (token, warning) in [
        (jwt(soon), "sooner than `--min-ttl`"),
        ("opaque".to_owned(), "lifetime of this token is unknown"),
    ] {
        let sandbox = Sandbox::with(format!("[credentials]\njwt = \"{token}\"\n"));
        let outcome = sandbox.run(&["token", "--min-ttl", "1d"]);
        printed(&outcome, &format!("{token}\n"), &["warning: ", warning]);
    }
    let token = jwt(in_2100());
    let sandbox = Sandbox::with(format!("[credentials]\njwt = \"{token}\"\n"));
    printed(&sandbox.run(&["token", "--min-ttl", "1d"]), &format!("{token}\n"), &[]);
}

#[test]
fn scopes_are_separated_by_spaces_and_commas_and_flags() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":60,"scope":"a b c d"}"#;
    let scopes = ["token", "--scope", "a b", "--scope", "c,d"];
    let (outcome, request) = server.answering("200 OK", body, || sandbox.run(&scopes));
    printed(&outcome, "t\n", &[]);
    assert!(request.body.contains("scope=a+b+c+d"), "{}", request.body);
}

#[test]
fn a_scope_that_is_not_granted_is_a_warning() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let outcome = server.giving("t", 60, || sandbox.run(&["token", "--scope", "read,write"]));
    printed(&outcome, "t\n", &["warning: the server did not grant the scope write\n"]);
}

#[test]
fn each_set_of_scopes_has_its_own_token() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    let run = |arguments: &[&str]| sandbox.run(arguments);
    printed(&server.giving("one", 3_600, || run(&["token"])), "one\n", &[]);
    let other = ["token", "--scope", "read"];
    printed(&server.giving("two", 3_600, || run(&other)), "two\n", &[]);
    printed(&run(&["token"]), "one\n", &[]);
    printed(&run(&other), "two\n", &[]);
}

#[test]
fn invalid_durations_and_scopes_are_refused() {
    let sandbox = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n");
    for (flag, value) in [
        ("--min-ttl", "soon"),
        ("--min-ttl", "-5m"),
        ("--min-ttl", ""),
        ("--scope", ""),
        ("--scope", " , "),
    ] {
        let outcome = sandbox.run(&["token", &format!("{flag}={value}")]);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{flag}={value}");
        assert!(outcome.stderr.contains(flag), "{}", outcome.stderr);
    }
}

#[test]
#[cfg(unix)]
fn what_is_not_utf8_is_reported() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let odd = OsStr::from_bytes(b"s3cr3t\xff");
    let text = "[credentials]\ndomain = \"a.test\"\nbearer = \"base\"\n";
    for (name, code, said) in [
        ("AUTHN_PROFILE", 3, "the environment variable AUTHN_PROFILE is not UTF-8 text"),
        ("AUTHN_CONFIG", 3, "the variable has a relative path"),
        ("AUTHN_LOG", 0, "warning: AUTHN_LOG is invalid, so nothing is logged"),
        ("UNRELATED", 0, ""),
    ] {
        let outcome = Sandbox::with(text).env(name, odd).run(&["token"]);
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert_eq!(outcome.stdout, if code == 0 { "base\n" } else { "" }, "{outcome:?}");
        assert!(outcome.stderr.contains(said), "{outcome:?}");
        assert!(!outcome.stderr.contains("s3cr3t"), "{outcome:?}");
    }
    // An argument that is a path need not be UTF-8, any other must be.
    let sandbox = Sandbox::with(text);
    let path = sandbox.path("repo").join(odd);
    std::fs::write(&path, text.replace("base", "other")).unwrap();
    let run = |arguments: &[&OsStr]| {
        crate::sandbox::Outcome::of(sandbox.command(&["token"]).args(arguments).output().unwrap())
    };
    assert_eq!(run(&["--config".as_ref(), path.as_os_str()]).done(), "other\n");
    for flag in ["--profile", "--app", "--set"] {
        assert_eq!(run(&[flag.as_ref(), odd]).code, 2, "{flag}");
    }
}

#[test]
fn the_server_describes_the_token() {
    let server = Server::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = server.sandbox_with_store();
    let set = format!("credentials.oauth.introspection_endpoint_url={}", server.url("/introspect"));
    let run =
        |option: &str, command: &[&str]| sandbox.run(&[&["--set", option][..], command].concat());
    server.giving("one", 3_600, || run(&set, &["token"])).done();
    let answer = r#"{"active":true,"scope":"read write","sub":"ann\u001b[2J","aud":["a","b"],"exp":1900000000}"#;
    let (described, request) =
        server.answering("200 OK", answer, || run(&set, &["token", "--introspect"]));
    assert!(request.body.contains("token=one&token_type_hint=access_token"), "{}", request.body);
    let text = described.done();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json,
        json!({
            "active": true, "scopes": ["read", "write"], "client_id": null, "username": null,
            "subject": "ann\u{1b}[2J", "type": null, "issuer": null, "audience": ["a", "b"],
            "issued_at": null, "expires_at": "2030-03-17T17:46:40Z",
        })
    );
    assert!(!text.contains('\u{1b}') && !text.contains("one"), "{text}");

    let inactive = r#"{"active":false}"#;
    let introspect = || run(&set, &["token", "--introspect"]);
    let described = server.answering("200 OK", inactive, introspect).0.done();
    assert!(described.contains("\"active\": false"), "{described}");

    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    let unknown = sandbox.run(&["token", "--introspect"]);
    assert_eq!((unknown.code, &*unknown.stdout), (3, ""), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("`introspection_endpoint_url`"), "{}", unknown.stderr);
    let unreachable = format!("credentials.oauth.introspection_endpoint_url=http://{closed}/i");
    server.giving("two", 3_600, || run(&unreachable, &["token"])).done();
    let outcome = run(&unreachable, &["token", "--introspect"]);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
}

/// The token is requested and described by one program.
#[test]
fn a_token_that_is_not_stored_is_described() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let set = format!("credentials.oauth.introspection_endpoint_url={}", server.url("/introspect"));
    let described = std::thread::scope(|scope| {
        scope.spawn(|| {
            server.request().answer("200 OK", TOKEN);
            let mut question = server.request();
            assert!(question.body.starts_with("token=t0k3n&"), "{}", question.body);
            question.answer("200 OK", r#"{"active":true}"#);
        });
        sandbox.run(&["--set", &set, "token", "--introspect"])
    });
    assert!(described.done().contains("\"active\": true"));
}

/// No login is possible, so the exit code is not the one of a login.
#[test]
fn a_configured_refresh_token_that_has_ended_is_to_be_replaced() {
    let server = Server::new();
    let sandbox = Sandbox::with(format!(
        "[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\ntoken_endpoint_url = \"{}\"\n\
         grant_type = \"refresh_token\"\nrefresh_token = \"r\"\nclient_id = \"cli\"\nstore = \"file\"\n",
        server.url("/token")
    ));
    let first = || sandbox.run(&["token"]);
    printed(&server.giving("one", 3_600, first), "one\n", &[]);
    let ended = || sandbox.run(&["token", "--min-ttl", "2h"]);
    let (outcome, _) = server.answering("400 Bad Request", r#"{"error":"invalid_grant"}"#, ended);
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    let says = |text: &str| outcome.stderr.contains(text);
    assert!(says("(invalid_grant, status 400)"), "{}", outcome.stderr);
    assert!(says("set `refresh_token`") && !says("leave out"), "{}", outcome.stderr);
}

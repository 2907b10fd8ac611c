//! `options`, and what it shares with `providers`.

use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn sections_and_tables_are_listed() {
    let rows = Sandbox::new().run(&["options"]).done();
    for key in ["credentials", "credentials.oauth", "http", "stores", "stores.file", "profile"] {
        let row = rows.lines().find(|row| row.starts_with(&format!("{key}\t")));
        let (_, summary) = row.and_then(|row| row.split_once('\t')).expect(key);
        assert!(summary.ends_with('.') && !summary.contains('\t'), "{summary}");
    }
}

#[test]
fn a_section_a_provider_and_an_option_are_described() {
    let sandbox = Sandbox::new();
    let rows = |name: &str| -> Vec<Vec<String>> {
        let rows = sandbox.run(&["options", name]).done();
        rows.lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect()
    };
    let timeout = &rows("http.timeout")[..];
    assert_eq!(timeout.len(), 1);
    assert_eq!(
        timeout[0][..5],
        ["http.timeout", "duration", "\"30s\"", "-", "AUTHN_HTTP__TIMEOUT"]
    );
    assert!(rows("http").contains(&timeout[0]));
    assert!(rows("profile.prod.http.timeout").contains(&timeout[0]));
    assert_eq!(rows("oauth"), rows("credentials.oauth"));
    assert_eq!(rows("oauth.client_id"), rows("credentials.oauth.client_id"));
    let port = rows("oauth.redirect_port");
    assert_eq!(port[0][1], "integer from 0 to 65535");
    assert_eq!(rows("stores.file")[0][0], "stores.file.directory");
    let of_stores = ["stores.file", "stores.keyring", "stores.redis"].map(|name| rows(name).len());
    assert_eq!(rows("stores").len(), of_stores.iter().sum::<usize>());
    assert_eq!(rows("default_profile")[0][4], "AUTHN_PROFILE");
    let secret = rows("basic.password");
    assert_eq!(secret[0][3], "secret");

    let json: Value =
        serde_json::from_str(&sandbox.run(&["options", "http.timeout", "--json"]).done()).unwrap();
    assert_eq!(json[0]["options"][0]["name"], "timeout");
    assert_eq!(json[0]["options"][0]["default"], "30s");
}

#[test]
fn an_unknown_name_has_a_suggestion() {
    let sandbox = Sandbox::new();
    for (name, words) in [
        ("htpp", &["did you mean `http`?"][..]),
        ("http.timout", &["did you mean `http.timeout`?"]),
        ("user_agent", &["did you mean `http.user_agent`?"]),
        ("timeout", &["such as", "http.timeout"]),
        ("zzzzzzzz", &["authn options"]),
    ] {
        let outcome = sandbox.run(&["options", name]);
        assert_eq!((outcome.code, &*outcome.stdout), (3, ""), "{name}");
        for word in words {
            assert!(outcome.stderr.contains(word), "{name}: {}", outcome.stderr);
        }
    }
    let outcome = sandbox.run(&["providers", "http"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("run `authn options http`"), "{}", outcome.stderr);
}

//! `config check`.

use std::fs;

use crate::{
    sandbox::{Outcome, Sandbox, set_mode},
    server::Server,
};

/// A key that stands in a specification (RFC 8410, 10.3). The certificate is one of it.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

/// An invalid configuration, and the texts that must be printed, without its secret.
struct Case {
    name: &'static str,
    configuration: &'static [u8],
    said: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "unknown key",
        configuration:
            b"[credentials]\ndomain = \"a.test\"\n[credentials.basic]\nusername = \"u\"\n\
            pasword = \"s3cr3t\" # s3cr3t\n",
        said: &[
            "error: unknown-key",
            "config.toml:5:11",
            "5 | pasword = ***",
            "credentials.basic.pasword",
            "did you mean `password`?",
        ],
    },
    Case {
        name: "unknown provider",
        configuration:
            b"[credentials]\ndomain = \"a.test\"\n[credentials.bassic]\nkey = \"s3cr3t\"\n",
        said: &[
            "error: unknown-provider",
            "config.toml:3:1",
            "did you mean `basic`?",
            "the providers of this program: ",
        ],
    },
    Case {
        name: "wrong type",
        configuration:
            b"[credentials]\ndomain = \"a.test\"\n[credentials.basic]\nusername = [\"s3cr3t\"]\n",
        said: &["error: wrong-type", "config.toml:4:12", "4 | username = ***", "found a list"],
    },
    Case {
        name: "missing required",
        configuration:
            b"[credentials]\ndomain = \"a.test\"\n[credentials.basic]\npassword = \"s3cr3t\"\n",
        said: &[
            "error: missing-key",
            "credentials.basic.username",
            "config.toml:3:1",
            "AUTHN_CREDENTIALS__BASIC__USERNAME",
        ],
    },
    Case {
        name: "two providers in one layer",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n\
            [credentials.basic]\nusername = \"u\"\n",
        said: &["error: two-providers", "config.toml:3:10", "`basic` and `bearer`", "provider ="],
    },
    Case {
        name: "unknown profile",
        configuration: b"default_profile = \"prdo\"\n[credentials]\ndomain = \"a.test\"\n\
            bearer = \"s3cr3t\"\n[profile.prod.credentials]\n",
        said: &["error: unknown-profile", "config.toml:1:19", "`prdo`", "did you mean `prod`?"],
    },
    Case {
        name: "no origins",
        configuration: b"[credentials]\nbearer = \"s3cr3t\"\n",
        said: &["warning: no-origins", "credentials.domain", "1 warning", "(exit 0)"],
    },
    Case {
        name: "a certificate that can't be read",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            grant_type = \"client_credentials\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            certificate = \"/nowhere\"\ncertificate_key = \"s3cr3t\"\n",
        said: &["credentials.oauth.certificate", "config.toml:7:15", "the file of the client certificate"],
    },
    Case {
        name: "a path in the place of a certificate's key",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            grant_type = \"client_credentials\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            certificate = \"/nowhere\"\ncertificate_key = \"/run/s3cr3t.key\"\n",
        said: &["credentials.oauth.certificate_key", "config.toml:8:19", "{ file = \"/path\" }"],
    },
    Case {
        name: "a reference in the place of a path",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            token_endpoint_url = \"https://a.test/token\"\ncertificate = { file = \"/s3cr3t\" }\n",
        said: &["credentials.oauth.certificate", "config.toml:6:15", "write the path itself as a text"],
    },
    Case {
        name: "a private key that is none",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            grant_type = \"client_credentials\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            private_key = \"s3cr3t\"\n",
        said: &["credentials.oauth.private_key", "config.toml:7:15", "no readable private key"],
    },
    Case {
        name: "a realm that no header has",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\n\
            client_secret = \"s3cr3t\"\nrealm = \"r\"\nplacement = \"query\"\n",
        said: &["credentials.oauth1.realm", "config.toml:6:9", "only a header has a realm"],
    },
    Case {
        name: "a user whom no token names",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\n\
            client_secret = \"s3cr3t\"\nexpected_username = \"u\"\n",
        said: &["credentials.oauth1.expected_username", "config.toml:6:21", "names its user"],
    },
    Case {
        name: "a subject without a token",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
            grant_type = \"token_exchange\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            subject.api_key = \"s3cr3t\"\n",
        said: &["credentials.oauth.subject", "config.toml:6:", "no token that could be sent", "`jwt`"],
    },
    Case {
        name: "an actor without a token",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
            grant_type = \"token_exchange\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            subject.jwt = \"s3cr3t\"\nactor.oauth1 = { client_id = \"c\", client_secret = \"s3cr3t\" }\n",
        said: &["credentials.oauth.actor", "config.toml:7:", "no token that could be sent"],
    },
    Case {
        name: "an assertion without a token",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
            grant_type = \"jwt_bearer\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            assertion.basic = { username = \"u\", password = \"s3cr3t\" }\n",
        said: &["credentials.oauth.assertion", "config.toml:6:", "no token that could be sent"],
    },
    Case {
        name: "a word of which a part is wrong",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
            grant_type = \"token_exchange\"\ntoken_endpoint_url = \"https://a.test/token\"\n\
            subject.jwt = \"s3cr3t\"\nsubject_token_type = \"idtoken\"\n",
        said: &["credentials.oauth.subject_token_type", "did you mean `id_token`?"],
    },
    Case {
        name: "a word in other letters",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            token_endpoint_url = \"https://a.test/token\"\nalgorithm = \"rs256\"\n",
        said: &["credentials.oauth.algorithm", "did you mean `RS256`?"],
    },
    Case {
        name: "a registered name in other letters",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth1]\nclient_id = \"c\"\n\
            client_secret = \"s3cr3t\"\nsignature_method = \"hmac-sha1\"\n",
        said: &["credentials.oauth1.signature_method", "did you mean `HMAC-SHA1`?"],
    },
    Case {
        name: "a text in the place of a provider",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\n\
            grant_type = \"token_exchange\"\ntoken_endpoint_url = \"https://a.test/token\"\nsubject = \"s3cr3t\"\n",
        said: &["credentials.oauth.subject", "`[credentials.oauth.subject.jwt]`"],
    },
    Case {
        name: "a fix, where none is linked",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            token_endpoint_url = \"https://a.test/token\"\ncompliance = [\"corp\"]\n",
        said: &["credentials.oauth.compliance", "no crate of this program registers one", "remove it; in a program of your own", "`use its_crate as _;`"],
    },
    Case {
        name: "a preset without what it needs",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\npreset = \"slack\"\n\
            client_id = \"c\"\n",
        said: &[
            "config.toml:4:10",
            "the preset `slack` needs `scope` and `redirect_uri`, which",
            "the configuration has 1 error ",
        ],
    },
    Case {
        name: "a preset that is misspelt",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\npreset = \"slak\"\n",
        said: &["config.toml:4:10", "did you mean `slack`?", "the configuration has 1 error "],
    },
    Case {
        name: "profiles, and none is active",
        configuration: b"[profile.a.credentials]\nbearer = \"s3cr3t\"\n[profile.b.credentials]\nbearer = \"s3cr3t\"\n",
        said: &["error: no-credentials", "no profile is active", "`--profile NAME`", "the profiles are a, b"],
    },
    Case {
        name: "no credentials",
        configuration: b"",
        said: &["error: no-credentials: no source has a table `[credentials]`", "authn config init"],
    },
    Case {
        name: "a syntax error beside a secret",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\n",
        said: &["error: syntax: a text is not closed", "config.toml:3:", "3 | bearer = ***"],
    },
    Case {
        name: "a section below credentials",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n\
            [credentials.http]\nca_file = \"/s3cr3t\"\n",
        said: &[
            "error: unknown-key: there is no table `http` in `credentials`",
            "config.toml:4:1",
            "4 | [credentials.http]",
            "`http` is a table of its own: write `[http]`",
            "the configuration has 1 error ",
        ],
    },
    Case {
        name: "a provider at the top",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n\
            [oauth]\nclient_secret = \"s3cr3t\"\n",
        said: &["error: unknown-key: there is no table `oauth`", "config.toml:4:1", "write `[credentials.oauth]`"],
    },
    Case {
        name: "an option of a provider beside its table",
        configuration: b"[credentials]\ndomain = \"a.test\"\nclient_secret = \"s3cr3t\"\n\
            [credentials.oauth]\nclient_id = \"c\"\nissuer_url = \"https://a.test\"\n",
        said: &["3 | client_secret = ***", "set `credentials.oauth.client_secret`"],
    },
    Case {
        name: "the table of a provider that is not linked",
        configuration: b"[credentials]\ndomain = \"a.test\"\nprovider = \"bearer\"\nbearer = \"s3cr3t\"\n\
            [credentials.corp]\nkey = \"s3cr3t\"\n",
        said: &[
            "warning: unknown-provider: this program has no provider `corp`, so its table has no effect",
            "config.toml:5:1",
            "the configuration has 1 warning ",
            "(exit 0)",
        ],
    },
    Case {
        name: "a choice of a profile in a profile",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n\
            [profile.a]\ndefault_profile = \"s3cr3t\"\n",
        said: &["there is no `default_profile` in the profile `a`", "config.toml:5:19", "belongs at the top"],
    },
    Case {
        name: "an unknown provider that an option names",
        configuration: b"[credentials]\ndomain = \"a.test\"\nprovider = \"oath\"\n",
        said: &[
            "error: unknown-provider: this program has no provider `oath`",
            "config.toml:3:12",
            "did you mean `oauth`?",
            "the configuration has 1 error ",
        ],
    },
    Case {
        name: "an unknown profile of a file with profiles alone",
        configuration: b"default_profile = \"prdo\"\n[profile.prod.credentials]\ndomain = \"a.test\"\n\
            bearer = \"s3cr3t\"\n",
        said: &["error: unknown-profile", "did you mean `prod`?", "the configuration has 1 error "],
    },
    Case {
        name: "an unknown profile that would set what is missing",
        configuration: b"default_profile = \"prdo\"\n[credentials]\ndomain = \"a.test\"\n\
            [credentials.basic]\npassword = \"s3cr3t\"\n[profile.prod.credentials.basic]\nusername = \"u\"\n",
        said: &["error: unknown-profile", "the configuration has 1 error "],
    },
    Case {
        name: "a port out of range",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            issuer_url = \"https://a.test\"\nredirect_port = 80808\n",
        said: &["expected an integer from 0 to 65535, found 80808", "6 | redirect_port = 80808"],
    },
    Case {
        name: "a word that is almost one",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            issuer_url = \"https://a.test\"\ngrant_type = \"client_credential\"\n",
        said: &[
            "found `client_credential`",
            "6 | grant_type = \"client_credential\"",
            "did you mean `client_credentials`?",
        ],
    },
    Case {
        name: "a word that is none",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            issuer_url = \"https://a.test\"\ngrant_type = \"s3cr3t\"\n",
        said: &["found another text", "6 | grant_type = ***"],
    },
    Case {
        name: "a proxy of another kind",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n\
            [http]\nproxy = \"ftp://ann:s3cr3t@p.test\"\n",
        said: &["http.proxy", "config.toml:5:9", "5 | proxy = ***", "(found `ftp://***@p.test/`)"],
    },
    Case {
        name: "an address that is no origin",
        configuration: b"[credentials]\norigins = [\"https://a.test\", \"https://u:s3cr3t@a.test/x\"]\nbearer = \"s3cr3t\"\n",
        said: &["credentials.origins.1", "config.toml:2:30", "(found `https://***@a.test/x`)"],
    },
    Case {
        name: "a scheme that is misspelt",
        configuration: b"[credentials]\nscheme = \"htps\"\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n",
        said: &["2 | scheme = \"htps\"", "found `htps`", "did you mean `https`?"],
    },
    Case {
        name: "a profile that is chosen by another key",
        configuration: b"profile = \"s3cr3t\"\n[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n",
        said: &["expected a table of profiles", "`default_profile = \"NAME\"`"],
    },
    Case {
        name: "an empty secret",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[credentials.oauth]\nclient_id = \"c\"\n\
            issuer_url = \"https://a.test\"\nclient_secret = \"\"\n",
        said: &["credentials.oauth.client_secret", "config.toml:6:17", "the secret is empty"],
    },
    Case {
        name: "a key that is there twice",
        configuration: b"[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\ndomain = \"s3cr3t\"\n",
        said: &["the key `domain` is there twice; the first is in line 2", "config.toml:4:1"],
    },
    Case {
        name: "a table that is there twice",
        configuration: b"[credentials]\ndomain = \"a.test\"\n[http]\n[credentials]\nbearer = \"s3cr3t\"\n",
        said: &["the table `credentials` is there twice; the first is in line 1", "4 | [credentials]"],
    },
    Case {
        name: "a colon in place of an equals sign",
        configuration: b"[credentials]\ndomain: \"s3cr3t\"\n",
        said: &["a key is followed by `:` in place of `=`", "2 | domain: ***"],
    },
    Case {
        name: "a table that is not closed",
        configuration: b"[credentials\nbearer = \"s3cr3t\"\n",
        said: &["a `[` is not closed", "config.toml:1:"],
    },
    Case {
        name: "not UTF-8",
        configuration: b"[credentials]\nbearer = \"s3cr3t\xff\"\n",
        said: &["error: not-utf-8", "config.toml:2:17"],
    },
    Case {
        name: "a URL in place of a host",
        configuration: b"[credentials]\ndomain = \"https://a.test\"\nbearer = \"s3cr3t\"\n",
        said: &["config.toml:2:10", "without `https://`"],
    },
];

#[track_caller]
fn said(outcome: &Outcome, words: &[&str]) {
    let (codes, words): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with("(exit"));
    let code = if codes.is_empty() { 3 } else { 0 };
    assert_eq!((outcome.code, &*outcome.stdout), (code, ""), "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
}

#[test]
fn each_problem_has_its_place_and_no_secret() {
    for case in CASES {
        println!("{}", case.name);
        let sandbox = Sandbox::with(case.configuration);
        said(&sandbox.run(&["config", "check"]), case.said);
        assert_eq!(sandbox.run(&["config", "show"]).code, 0);
    }
}

/// What a certificate can't be shown to is refused when it is loaded: also this machine, because TLS shows it.
#[test]
fn a_certificate_needs_tls() {
    let sandbox = Sandbox::new();
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/tests/canary.crt");
    let key = sandbox.file("key.pem", KEY);
    for (option, url) in [
        ("token_endpoint_url", "http://127.0.0.1:9/token"),
        ("revocation_endpoint_url", "http://[::1]:9/revoke"),
    ] {
        let endpoint = if option == "token_endpoint_url" {
            ""
        } else {
            "token_endpoint_url = 'https://a.test/t'\n"
        };
        let text = format!(
            "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\n{option} = '{url}'\n{endpoint}client_id = 'c'\n\
             certificate = '{certificate}'\ncertificate_key = {{ file = '{}' }}\n",
            key.display()
        );
        sandbox.file("home/.config/authn/config.toml", &text);
        let place = format!("credentials.oauth.{option}");
        said(
            &sandbox.run(&["config", "check"]),
            &[&place, "config.toml:4:", "not an https address"],
        );
        sandbox.file("home/.config/authn/config.toml", text.replace("http:", "https:"));
        assert_eq!(sandbox.run(&["config", "check"]).code, 0);
    }
}

#[test]
fn an_empty_secret_is_not_a_missing_one() {
    for contents in ["", "\n"] {
        let sandbox = Sandbox::new();
        let path = sandbox.file("empty", contents);
        let text = format!(
            "[credentials]\ndomain = 'a.test'\n[credentials.basic]\nusername = 'u'\npassword = {{ file = '{}' }}\n",
            path.display()
        );
        sandbox.file("home/.config/authn/config.toml", text);
        let outcome = sandbox.run(&["config", "check"]);
        said(
            &outcome,
            &["credentials.basic.password", "config.toml:5:12", "the secret file ", " is empty"],
        );
        assert!(!outcome.stderr.contains("missing"), "{}", outcome.stderr);
    }
}

/// An empty secret never counts as unset, wherever it is empty.
#[test]
fn an_empty_secret_does_not_change_the_grant() {
    let oauth = "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nclient_id = 'c'\n\
                 issuer_url = 'https://a.test'\n";
    let option = "AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET";
    for (line, variable, expected) in [
        ("", option, "env AUTHN_CREDENTIALS__OAUTH__CLIENT_SECRET"),
        (
            "client_secret = { env = 'SECRET' }\n",
            "SECRET",
            "the environment variable SECRET is empty",
        ),
        (
            "refresh_token = { env = 'SECRET' }\n",
            "SECRET",
            "the environment variable SECRET is empty",
        ),
        (
            "private_key = { env = 'SECRET' }\n",
            "SECRET",
            "the environment variable SECRET is empty",
        ),
    ] {
        for value in ["", "\n"] {
            let sandbox = Sandbox::with(format!("{oauth}{line}")).env(variable, value);
            said(&sandbox.run(&["config", "check"]), &["is empty", expected, "has 1 error ("]);
            let token = sandbox.run(&["token"]);
            assert!(token.code == 3 && token.stderr.contains("is empty"), "{token:?}");
        }
    }
    let sandbox = Sandbox::with(oauth)
        .env(option, "")
        .env("AUTHN_CREDENTIALS__OAUTH__GRANT_TYPE", "client_credentials");
    said(&sandbox.run(&["config", "check"]), &["the secret is empty", "has 1 error ("]);
}

/// A variable and a form of a web page often have the line breaks of a key as two characters.
#[test]
fn a_key_in_a_variable_may_have_its_line_breaks_written_out() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.oauth]\nclient_id = 'c'\n\
                grant_type = 'client_credentials'\nissuer_url = 'https://a.test'\n";
    for key in [KEY.to_owned(), KEY.replace('\n', "\\n")] {
        let sandbox = Sandbox::with(text).env("AUTHN_CREDENTIALS__OAUTH__PRIVATE_KEY", &key);
        assert_eq!(sandbox.run(&["config", "check"]).code, 0, "{key}");
    }
}

#[test]
fn a_host_is_shown_as_it_is_written_and_compared_as_in_dns() {
    let text = "[credentials]\ndomain = 'bücher.example'\nbearer = 'abc'\n";
    let sandbox = Sandbox::with(text);
    assert_eq!(sandbox.run(&["config", "check"]).code, 0);
    let domain = sandbox.run(&["config", "show", "credentials.domain"]).done();
    assert_eq!(domain, "bücher.example\n");
    for (url, code) in [
        ("https://xn--bcher-kva.example/", 0),
        ("https://bücher.example/", 0),
        ("https://bucher.example/", 3),
    ] {
        let outcome = sandbox.run(&["header", "--url", url]);
        assert_eq!(outcome.code, code, "{url} {}", outcome.stderr);
    }
}

#[test]
fn line_breaks_at_the_end_of_a_variable_are_no_part_of_a_secret() {
    let text = "[credentials]\ndomain = 'a.test'\n[credentials.bearer]\n";
    let referring = format!("{text}token = {{ env = 'SECRET' }}\n");
    for (text, variable) in [(text, "AUTHN_CREDENTIALS__BEARER__TOKEN"), (&referring, "SECRET")] {
        let sandbox = Sandbox::with(text).env(variable, "abc\r\n");
        assert_eq!(sandbox.run(&["token"]).done(), "abc\n");
    }
}

/// A secret in a configuration file, the mode and the place of the file, and what is warned of.
#[cfg(unix)]
const EXPOSED: &[(&str, u32, &str, &[&str])] = &[
    ("home/.config/authn/config.toml", 0o600, "bearer = 's3cr3t'", &[]),
    (
        "home/.config/authn/config.toml",
        0o644,
        "bearer = 's3cr3t'",
        &["warning: literal-secret", "credentials.bearer.token", "config.toml:3:10", "chmod 600"],
    ),
    ("home/.config/authn/config.toml", 0o644, "bearer = { env = 'SECRET' }", &[]),
    (
        "home/.config/authn/config.toml",
        0o644,
        "bearer = { env = 'SECRET' }\n[profile.a.credentials]\nbearer = 's3cr3t'",
        &["warning: literal-secret", "profile.a.credentials.bearer.token", "config.toml:5:10"],
    ),
    (
        "repo/.authn.toml",
        0o600,
        "bearer = 's3cr3t'",
        &["warning: literal-secret", ".authn.toml:3:10", "a project's file", "{ env = \"NAME\" }"],
    ),
];

#[cfg(unix)]
#[test]
fn a_secret_in_a_file_that_others_read_is_a_warning() {
    for (file, mode, text, expected) in EXPOSED {
        let sandbox = Sandbox::new().env("SECRET", "x");
        if *file != "home/.config/authn/config.toml" {
            let own = "[credentials]\ndomain = 'a.test'\nbearer = { env = 'SECRET' }\n";
            sandbox.file("home/.config/authn/config.toml", own);
        }
        let path = sandbox.file(file, format!("[credentials]\ndomain = 'a.test'\n{text}\n"));
        set_mode(&path, *mode);
        let outcome = sandbox.run(&["config", "check"]);
        assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{text}\n{}", outcome.stderr);
        for word in *expected {
            assert!(outcome.stderr.contains(word), "{word}\n{}", outcome.stderr);
        }
        let is_exposed = !expected.is_empty();
        assert_eq!(outcome.stderr.contains("literal-secret"), is_exposed, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
        if !file.ends_with(".authn.toml") {
            let strict = sandbox.run(&["config", "check", "--strict"]);
            assert_eq!(strict.code, if is_exposed { 3 } else { 0 }, "{}", strict.stderr);
        }
        let token = sandbox.run(&["header"]);
        assert!(!token.stderr.contains("literal-secret"), "{}", token.stderr);
    }
}

const THREE: &str = "[credentials]\ndomain = 'a.test'\n[profile.dev.credentials]\nbearer = 's3cr3t'\n\
    [profile.odd.credentials]\nbearer = 's3cr3t'\ncorp = {}\nprovider = 'bearer'\n\
    [profile.bad.credentials.basic]\npasword = 's3cr3t'\n";

#[test]
fn all_profiles_are_checked() {
    let sandbox = Sandbox::with(THREE);
    let outcome = sandbox.run(&["config", "check", "--all-profiles"]);
    said(
        &outcome,
        &[
            "error: the configuration has 2 errors (profile: bad, provider: basic)",
            "the configuration is valid (profile: dev, provider: bearer)",
            "warning: the configuration has 1 warning (profile: odd, provider: bearer)",
        ],
    );
    for (profile, code, strict) in [("dev", 0, 0), ("odd", 0, 3), ("bad", 3, 3)] {
        let check = ["-p", profile, "config", "check"];
        assert_eq!(sandbox.run(&check).code, code, "{profile}");
        assert_eq!(sandbox.run(&[&check[..], &["--strict"]].concat()).code, strict, "{profile}");
    }
}

#[test]
fn json_has_an_object_for_each_profile() {
    let sandbox = Sandbox::with(THREE);
    let outcome = sandbox.run(&["config", "check", "--all-profiles", "--json"]);
    let failure: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!((outcome.code, &failure["exit"]), (3, &3.into()));
    assert_eq!(failure["message"], "the configuration is not valid");
    assert!(!outcome.stdout.contains("s3cr3t"), "{}", outcome.stdout);
    let all: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let found: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let codes = one["problems"].as_array().unwrap().iter();
            let codes: Vec<_> = codes.map(|problem| problem["code"].as_str().unwrap()).collect();
            let count = |name: &str| one[name].as_u64().unwrap();
            (one["profile"].as_str().unwrap(), count("errors"), count("warnings"), codes)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("bad", 2, 0, vec!["missing-key", "unknown-key"]),
            ("dev", 0, 0, vec![]),
            ("odd", 0, 1, vec!["unknown-provider"]),
        ]
    );
    let outcome = sandbox.run(&["-p", "dev", "config", "check", "--json"]);
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
}

#[test]
fn json_reports_a_problem_that_profiles_share_once() {
    let profile = |name: &str| {
        format!(
            "[profile.{name}.credentials]\ndomain = 'a.test'\n[profile.{name}.credentials.jwt]\ntoken = 't'\n"
        )
    };
    let text = format!("[http]\nbogus = 1\n{}{}", profile("a"), profile("b"));
    let sandbox = Sandbox::with(&text);
    let outcome = sandbox.run(&["config", "check", "--all-profiles", "--json"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert_eq!(outcome.stdout.matches("http.bogus").count(), 2, "{outcome:?}");
    assert_eq!(outcome.stderr.matches("http.bogus").count(), 1, "{outcome:?}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomian = \"a.test\"\n[credentials.basic]\nusername = 5\npasword = \"s3cr3t\"\n",
    )
    .env("AUTHN_DOMAIN", "s3cr3t");
    let outcome = sandbox.run(&["config", "check"]);
    said(
        &outcome,
        &[
            "did you mean `domain`?",
            "did you mean `password`?",
            "error: wrong-type",
            "warning: unknown-variable",
            "env AUTHN_DOMAIN",
            "warning: no-origins",
            "error: the configuration has 3 errors and 2 warnings (profile: none, provider: basic)",
        ],
    );
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n")
        .env("AUTHN_CREDENTAILS__DOMAIN", "s3cr3t")
        .env("AUTHN_TOKEN", "s3cr3t");
    let words = [
        "warning: unknown-variable",
        "did you mean `AUTHN_CREDENTIALS__DOMAIN`?",
        "the environment variable AUTHN_CREDENTAILS__DOMAIN sets no option",
        "(exit 0)",
    ];
    let outcome = sandbox.run(&["config", "check"]);
    said(&outcome, &words);
    assert!(outcome.stderr.contains("has 1 warning ("), "{}", outcome.stderr);

    let outcome = sandbox.run(&["token"]);
    assert_eq!((outcome.code, &*outcome.stdout), (0, "x\n"));
    assert!(outcome.stderr.contains(words[1]), "{}", outcome.stderr);
}

#[test]
fn a_folder_is_not_a_file() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("home/.config/authn/config.toml")).unwrap();
    said(&sandbox.run(&["config", "check"]), &["error: not-a-file", "config.toml"]);
}

#[test]
fn an_unreadable_file_has_a_command_that_fixes_it() {
    let sandbox = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n");
    let path = sandbox.path("home/.config/authn/config.toml");
    set_mode(&path, 0o000);
    if fs::read(&path).is_ok() {
        println!("skipped: this user can read everything");
        return;
    }
    said(&sandbox.run(&["config", "check"]), &["error: unreadable", "chmod u+r"]);
}

#[test]
fn a_file_named_by_a_flag_must_exist() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&["--config", "nowhere.toml", "config", "check"]);
    said(&outcome, &["error: no-such-file: nowhere.toml does not exist", "has 1 error ("]);
    assert_eq!(outcome.stderr.matches("error: ").count(), 2, "{}", outcome.stderr);
}

#[test]
fn a_valid_configuration_is_reported() {
    let sandbox = Sandbox::with("[credentials]\ndomain = \"a.test\"\nbearer = \"s3cr3t\"\n");
    let outcome = sandbox.run(&["config", "check"]);
    assert_eq!(
        outcome.stderr,
        "the configuration is valid (profile: none, provider: bearer); no server was asked\n"
    );
    assert_eq!((outcome.code, &*outcome.stdout), (0, ""));
}

#[test]
fn commands_that_need_the_configuration_report_the_same() {
    let sandbox = Sandbox::with(
        "[credentials]\ndomain = \"a.test\"\n[credentials.basic]\npasword = \"s3cr3t\"\n",
    );
    let words = ["error: unknown-key", "4 | pasword = ***", "error: missing-key", "2 problems"];
    for command in ["token", "header", "logout"] {
        said(&sandbox.run(&[command]), &words);
    }
    let outcome = sandbox.run(&["status"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, "-\tyes\tbasic\t-\twrong\t-\t-\t-\t-\t-\n"));
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
}

const LIVE: [&str; 3] = ["config", "check", "--network"];
const VALID: &str = "the configuration is valid (profile: none, provider: oauth)\n";

#[test]
fn with_the_network_a_new_token_is_requested_step_by_step() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    for (token, kept) in [("one", "no token is stored"), ("two", "a token with 2h")] {
        let outcome = server.giving(token, 7_230, || sandbox.run(&LIVE));
        assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
        let [first, session, exchange, last] = *outcome.stderr.lines().collect::<Vec<_>>() else {
            panic!("{}", outcome.stderr)
        };
        assert_eq!(first, VALID.trim_end());
        assert!(session.starts_with(&format!("session: {kept}")), "{session}");
        assert_eq!(exchange, "exchange: requesting a new token");
        assert_eq!(last, "token: available, 2h left, scope: read");
        assert_eq!(sandbox.run(&["token"]).done(), format!("{token}\n"));
    }
    server.is_left_alone();
}

#[test]
fn with_the_network_a_failure_is_the_providers() {
    let server = Server::new();
    let sandbox = server.sandbox_with_store();
    server.giving("one", 3_600, || sandbox.run(&["token"])).done();
    let refusal = r#"{"error":"invalid_client","error_description":"s3cr3t"}"#;
    let (outcome, _) = server.answering("401 Unauthorized", refusal, || sandbox.run(&LIVE));
    assert_eq!((outcome.code, &*outcome.stdout), (5, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with(VALID) && outcome.stderr.contains("error: "));
    assert!(!outcome.stderr.contains("s3cr3t"), "{}", outcome.stderr);
    assert_eq!(sandbox.run(&["token"]).done(), "one\n", "the stored token stays");
}

#[test]
fn problems_are_reported_before_any_request() {
    let server = Server::new();
    let sandbox = server.sandbox();
    sandbox.file("repo/wrong.toml", "[credentials]\ndomian = \"a.test\"\n");
    let arguments = ["--config", "wrong.toml", "config", "check", "--network"];
    said(&sandbox.run(&arguments), &["error: unknown-key", "1 error ("]);
    server.is_left_alone();
}

#[test]
fn providers_without_a_request_are_reported() {
    let domain = "[credentials]\ndomain = \"a.test\"\n";
    for (provider, words) in [
        ("bearer = \"s3cr3t\"", "token: available, lifetime unknown\n"),
        ("basic = { username = \"ann\" }", "token: this provider has none, only headers"),
        ("app_service = {}", "token: it comes from the incoming request"),
    ] {
        let outcome = Sandbox::with(format!("{domain}{provider}\n")).run(&LIVE);
        assert_eq!((outcome.code, &*outcome.stdout), (0, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    let warned = Sandbox::with("[credentials]\nbearer = \"s3cr3t\"\n").run(&LIVE);
    said(&warned, &["1 warning (", "token: available", "(exit 0)"]);
}

#[test]
fn many_problems_are_counted_and_the_first_are_shown() {
    let keys: Vec<_> = (0..3000).map(|number| format!("key_{number} = 1\n")).collect();
    let sandbox = Sandbox::with(format!("[credentials]\n{}", keys.concat()));
    let outcome = sandbox.run(&["config", "check"]);
    assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
    assert_eq!(outcome.stderr.matches("error: unknown-key").count(), 49);
    assert!(outcome.stderr.contains("\n… and 2951 more problems\n"));
    assert!(outcome.stderr.contains("the configuration has 3001 errors ("));
}

#[test]
fn a_file_of_authorities_is_read() {
    let sandbox = Sandbox::new();
    let text = "[http]\nca_file = \"ca.pem\"\n[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n";
    sandbox.file("repo/conf/named.toml", text);
    sandbox.file("repo/ca.pem", "not beside the file that names it");
    let check = ["--config", "conf/named.toml", "config", "check"];
    let outcome = sandbox.run_without_folder(&check);
    assert_eq!(outcome.code, 3);
    for said in [
        "error: invalid-value: `http.ca_file` /repo/conf/ca.pem can't be read",
        "conf/named.toml:2:11",
        "http.ca_file",
    ] {
        assert!(outcome.stderr.contains(said), "{outcome:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_that_another_user_can_change_is_reported() {
    let sandbox = Sandbox::new();
    let path =
        sandbox.file("repo/named.toml", "[credentials]\ndomain = \"a.test\"\nbearer = \"x\"\n");
    set_mode(&path, 0o646);
    let check = ["--config", "named.toml", "config", "check"];
    let outcome = sandbox.run(&check);
    assert_eq!(outcome.code, 3);
    let help = "error: unsafe-file: the file is writable by every user";
    assert!(outcome.stderr.contains(help), "{outcome:?}");
    assert!(outcome.stderr.contains("`chmod o-w named.toml`"), "{outcome:?}");
    set_mode(&path, 0o664);
    // The group of another can only be set by root, which tests usually are in a container.
    if std::os::unix::fs::chown(&path, None, Some(12345)).is_err() {
        println!("not tested: this needs root");
        return;
    }
    let doctor = ["--config", "named.toml", "doctor"];
    for command in [&check[..], &doctor] {
        let outcome = sandbox.run(command);
        let all = outcome.stdout + &outcome.stderr;
        assert!(all.contains("the file is writable by its group"), "{all}");
        assert!(all.contains("`chmod g-w named.toml`"), "{all}");
    }
}

#[test]
fn a_preset_that_is_unknown_or_of_another_provider_is_an_error() {
    for (table, message) in [
        ("oauth", "did you mean `github`?"),
        ("basic", "this preset is one of the provider `oauth`, and not of `basic`"),
    ] {
        let name = if table == "oauth" { "githb" } else { "github" };
        let text =
            format!("[credentials]\ndomain = 'a.test'\n[credentials.{table}]\npreset = '{name}'\n");
        let outcome = Sandbox::with(text).run_without_folder(&["config", "check"]);
        assert_eq!(outcome.code, 3);
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("config.toml:4:10") || outcome.stderr.contains("preset = ")
        );
    }
}

//! The quickstart, as a new user runs it: it shows every step and succeeds.

use authn_tests::command::{Sandbox, binary};

#[test]
fn shows_every_step_and_no_secret() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(binary("quickstart"), &[]);
    assert_eq!(outcome.stderr, "");
    let story = outcome.success();

    let mut rest = story.as_str();
    for line in [
        "1. A server\n",
        "2. A configuration\n",
        "client_secret = { file = ",
        "AUTHN_CREDENTIALS__OAUTH__SCOPE=notes:read\n",
        "3. The active configuration\n",
        "credentials.domain ",
        "config.toml:2:10\n",
        "credentials.oauth.client_secret  (set) ",
        "config.toml:8:17\n",
        "credentials.oauth.scope ",
        "env AUTHN_CREDENTIALS__OAUTH__SCOPE\n",
        "4. A token\n",
        "The active provider is `oauth`.",
        "it is Token(..).",
        "5. Requests\n",
        "/notes: 200 OK, \"buy milk\"\n",
        "/notes: 200 OK, \"buy milk\"\n",
        "6. The token expires\n",
        "The first token, sent by hand: 401 Unauthorized\n",
        "/notes: 200 OK, \"buy milk\"\n",
        "7. Another origin gets no token\n",
        "these credentials are not for http://127.0.0.1:",
        "/moved: 200 OK, \"I was sent no token\"\n",
    ] {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is missing in\n{story}"));
        rest = &rest[at + line.len()..];
    }

    // Its secret and its tokens are 32 hexadecimal digits.
    let longest = story.split(|letter: char| !letter.is_ascii_hexdigit()).map(str::len).max();
    assert!(longest < Some(20), "a secret or a token is shown in\n{story}");
}

#[test]
fn leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.run(binary("quickstart"), &[]).success();
    for folder in [sandbox.home(), sandbox.work(), sandbox.config(), sandbox.state()] {
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{}", folder.display());
    }
    let temporary = sandbox.work().with_file_name("tmp");
    assert_eq!(std::fs::read_dir(temporary).unwrap().count(), 0);
}

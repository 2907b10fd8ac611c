//! `bitfount`: four authentication handlers, in under 80 lines.

use std::{fs, process::Stdio};

use authn_tests::{
    browser::Browser,
    command::{Outcome, Sandbox, binary},
    document::Document,
    rig::Rig,
};
use serde_json::json;

use crate::{api::Api, message_service::MessageService};

/// A session with a hub, an access manager, a message service, and a host that is none of them.
struct Services {
    hub: Api,
    am: Api,
    messages: MessageService,
    elsewhere: Api,
    sandbox: Sandbox,
}

impl Services {
    fn new(hub: Api) -> Self {
        let (am, elsewhere, mut sandbox) = (Api::start(), Api::start(), Sandbox::new());
        let messages = MessageService::start();
        let urls = [("HUB_URL", &hub.url), ("AM_URL", &am.url), ("MESSAGE_URL", &messages.url)];
        for (name, value) in urls {
            sandbox.env(name, value);
        }
        sandbox.env("BITFOUNT_USER", "alice");
        Self { hub, am, messages, elsewhere, sandbox }
    }

    fn run(&self, handler: &str) -> Outcome {
        self.sandbox.run(binary("bitfount"), &[handler])
    }

    /// What a session that has authenticated prints at the end. `metadata` are the names of what the message service gets.
    fn answers(&self, metadata: &str) -> String {
        format!(
            "authenticated: true, username: Some(\"alice\")\n{}: 200 OK\n{}: 200 OK\n\
             {}: SERVING with {metadata}\n",
            self.hub.url, self.am.url, self.messages.url
        )
    }

    /// A request to another origin is refused, and not even sent without the credential.
    fn refuses_others(&self, handler: &str) {
        let outcome = self.sandbox.run(binary("bitfount"), &[handler, &self.elsewhere.url]);
        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        assert!(outcome.stderr.contains("these credentials are not for"), "{}", outcome.stderr);
        assert_eq!(self.elsewhere.seen().len(), 0);
    }
}

#[test]
fn it_is_short() {
    let program = Document::read("examples/coming-from/src/bin/bitfount.rs");
    let lines = program.text().lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(code < 80, "it has {code} lines that are neither blank nor comment");
}

#[test]
fn api_keys_are_in_the_headers_of_each_service() {
    let mut services = Services::new(Api::start());
    services.sandbox.env("API_KEY_ID", "key-4711").env("API_KEY", "tell-nobody");
    let said = services.run("api_keys").success();
    assert_eq!(said, format!("authenticated: true\n{}", services.answers("x-ms-id, x-ms-key")));
    assert_eq!(services.messages.metadata("x-ms-id"), ["key-4711"]);
    assert_eq!(services.messages.metadata("x-ms-key"), ["tell-nobody"]);
    assert_eq!(services.messages.metadata("x-key"), [""; 0]);
    for (service, own, others) in [(&services.hub, "x-", "x-am-"), (&services.am, "x-am-", "x-")] {
        let value = |text: &str| [Some(text.to_owned())];
        assert_eq!(service.headers(&format!("{own}id")), value("key-4711"));
        assert_eq!(service.headers(&format!("{own}key")), value("tell-nobody"));
        assert_eq!(service.headers(&format!("{others}key")), [None]);
    }
    services.refuses_others("api_keys");
}

#[test]
fn a_handler_of_ones_own_adds_its_header() {
    let mut services = Services::new(Api::start());
    services.sandbox.env("API_KEY", "tell-nobody");
    let said = services.run("own").success();
    assert_eq!(said, format!("authenticated: true\n{}", services.answers("x-own")));
    assert_eq!(services.messages.metadata("x-own"), ["tell-nobody"]);
    for service in [&services.hub, &services.am] {
        assert_eq!(service.headers("x-own"), [Some("tell-nobody".to_owned())]);
    }
    services.refuses_others("own");
}

#[test]
fn an_application_that_manages_a_jwt_is_asked_when_a_new_one_is_needed() {
    // The hub no longer accepts the first one.
    let hub = Api::answering(|seen| match seen.header("authorization") {
        Some("Bearer second") => (200, String::new()),
        _ => (401, String::new()),
    });
    let mut services = Services::new(hub);
    let file = services.sandbox.file("jwt", "second\n");
    crate::make_private(&file);
    services.sandbox.env("JWT", "first").env("JWT_FILE", &file);
    let said = services.run("external").success();
    assert_eq!(said, format!("authenticated: true\n{}", services.answers("authorization")));
    assert_eq!(services.messages.metadata("authorization"), ["Bearer second"]);
    let sent = |token: &str| Some(format!("Bearer {token}"));
    assert_eq!(services.hub.headers("authorization"), [sent("first"), sent("second")]);
    assert_eq!(services.am.headers("authorization"), [sent("second")]);
    services.refuses_others("external");
}

/// Runs the program while a user approves the login.
fn log_in(services: &Services, rig: &Rig, user: &str) -> Outcome {
    let mut command = services.sandbox.command(binary("bitfount"));
    command.arg("device").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.spawn().unwrap();
    Browser::fake().told(&format!("--user={user}")).open(&rig.wait_for_device());
    Outcome::of(program.wait_with_output().unwrap())
}

#[test]
fn a_user_logs_in_by_a_code_once() {
    let rig = Rig::start();
    rig.answers(&json!({ "device_authorization": { "interval": 1 } }));
    let mut services = Services::new(Api::start());
    services.sandbox.env("AUTH_URL", rig.issuer()).env("CLIENT_ID", "device-quick");

    let wrong = log_in(&services, &rig, "bob");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, "authenticated: false\n"));
    assert!(wrong.stderr.contains("another user than"), "{}", wrong.stderr);
    assert_eq!(services.hub.seen().len(), 0);
    let folder = services.sandbox.state().join("authn/tokens");
    let sessions = || {
        let files = fs::read_dir(&folder).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|end| end == "json")).count()
    };
    assert_eq!(sessions(), 0, "nothing is saved");

    rig.reset();
    rig.answers(&json!({ "device_authorization": { "interval": 1 } }));
    let right = log_in(&services, &rig, "alice");
    assert!(right.stderr.contains(rig.issuer()), "the prompt is shown: {}", right.stderr);
    assert_eq!(
        right.success(),
        format!("authenticated: false\n{}", services.answers("authorization"))
    );
    assert_eq!(sessions(), 1, "the tokens are in a file");
    let sent = services.hub.headers("authorization").remove(0).unwrap();
    assert!(sent.starts_with("Bearer "), "{sent}");
    assert_eq!(services.messages.metadata("authorization"), [sent.as_str()]);
    assert_eq!(services.am.headers("authorization"), [Some(sent)]);
}

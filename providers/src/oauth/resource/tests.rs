//! Resources that lie: each file in `lies` is one. A new file is a new case.

use std::{collections::BTreeMap, fs, path::Path};

use authn::{
    Error, Loader, Login, LoginMethod, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    time::Clock,
};

use super::*;
use crate::{
    oauth::loopback::{Loopback, loaded},
    testing::wait,
};

/// One case. `{resource}` and `{server}` are the addresses of the two servers.
struct Lie(BTreeMap<String, String>);

impl Lie {
    fn read(path: &Path, resource: &Loopback, server: &Loopback) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let text =
            text.replace("{resource}", &resource.url("")).replace("{server}", &server.url(""));
        let document: toml_edit::Document<String> = text.parse().unwrap();
        let member = |(name, item): (&str, &toml_edit::Item)| {
            let text =
                item.as_str().map_or_else(|| item.to_string().trim().to_owned(), str::to_owned);
            (name.to_owned(), text)
        };
        Self(document.iter().map(member).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn has(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

/// A user who answers each question like this, and never gets a link.
#[derive(Debug)]
struct Person(String);

impl Prompt for Person {
    fn show_link(&self, link: &Link) {
        panic!("a login has started at {}", link.url());
    }

    fn show_code(&self, _: &UserCode) {
        panic!("a login has started");
    }

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Ok(self.0.as_str().into())
    }

    fn progress(&self, _: &Progress) {}
}

fn login(lie: &Lie, resource: &Loopback) -> Result<()> {
    let pinned =
        lie.get("pinned").map(|issuer| format!("issuer = '{issuer}'\n")).unwrap_or_default();
    let text = format!(
        "[credentials]\norigins = ['{}']\n[credentials.oauth]\nstore = 'memory'\n\
         resource_url = '{}'\nclient_registration = 'dynamic'\n{pinned}",
        resource.url(""),
        resource.url("/mcp"),
    );
    let environment = authn::Environment::empty();
    let credentials = Loader::new().environment(environment).defaults(&text).load()?;
    let person = Person(lie.get("answer").unwrap_or("yes").to_owned());
    let login = Login::new(person).with_method(LoginMethod::Browser).without_browser();
    wait(credentials.login(login)).map(drop)
}

fn discovered(lie: &Lie, resource: &Loopback) -> Result<()> {
    let (_, context) = loaded("issuer_url = 'https://i.test'\nclient_id = 'c'", Clock::system());
    let address = Address::parse(&resource.url("/mcp")).unwrap();
    wait(async {
        if lie.has("is_public") {
            let challenge = challenge(address.url(), context.http()).await?;
            return follow(challenge, &address, None, Reach::Public, context.http())
                .await
                .map(drop);
        }
        let found = discover(&address, None, context.http()).await?;
        let context = context.within(Reach::Public.of_named());
        let url = Url::parse(&found.issuer).unwrap();
        context.http().get(&url).send().await.map(drop)
    })
}

#[test]
fn a_resource_that_lies_is_refused_before_a_login_starts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oauth/resource/lies");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 20);
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (resource, server) = (Loopback::start(), Loopback::start());
        let lie = Lie::read(&path, &resource, &server);
        let challenge = lie.get("challenge");
        let head = challenge.map(|challenge| format!("\r\nWWW-Authenticate: {challenge}"));
        resource.answer("/mcp", &format!("401 Unauthorized{}", head.unwrap_or_default()), "");
        for (member, path) in [("metadata", "/mcp"), ("at_root", "")] {
            if let Some(metadata) = lie.get(member) {
                resource.serve(&format!("{WELL_KNOWN}{path}"), metadata);
            }
        }
        if let Some(to) = lie.get("moved") {
            resource.answer("/moved", &format!("302 Found\r\nLocation: {to}"), "");
        }
        if let Some(metadata) = lie.get("server") {
            server.serve("/.well-known/openid-configuration", metadata);
        }
        let is_public = lie.has("is_public") || lie.has("found_public");
        let refused = if is_public { discovered(&lie, &resource) } else { login(&lie, &resource) };
        let error: Error = refused.expect_err(&name);
        let expected = lie.get("error").unwrap();
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert!(error.help().is_some(), "{name}");
        assert!(!error.to_string().contains("example.com"), "{name}: {error}");
        let asked_for_metadata = server.asked_for_all() - server.asked("/register");
        let may_ask = usize::from(lie.get("server").is_some()) * 2;
        assert!(asked_for_metadata <= may_ask, "{name}: the server was asked too early");
        assert_eq!(server.asked("/register"), 0, "{name}");
    }
}

#[test]
fn the_metadata_are_where_the_challenge_says_or_at_the_well_known_places() {
    let urls = |resource: &str| {
        let urls = well_known_urls(&Url::parse(resource).unwrap()).into_iter();
        urls.map(String::from).collect::<Vec<_>>()
    };
    let root = "https://a.test/.well-known/oauth-protected-resource";
    assert_eq!(urls("https://a.test"), [root]);
    assert_eq!(urls("https://a.test/x/mcp?t=1"), [format!("{root}/x/mcp?t=1"), root.to_owned()]);
}

#[test]
fn scopes_are_those_of_the_challenge_or_else_of_the_metadata() {
    let metadata = |more: &str, resource: &Loopback| {
        format!(
            "{{\"resource\":\"{}\",\"authorization_servers\":[\"https://i.test\"]{more}}}",
            resource.url("/mcp")
        )
    };
    for (challenge, more, scopes, name) in [
        ("Bearer scope=\"a b\"", ",\"scopes_supported\":[\"c\"]", &["a", "b"][..], None),
        ("Bearer", ",\"scopes_supported\":[\"c\",\"d e\",\"\"]", &["c"], None),
        ("Basic, Bearer error=\"x\", Bearer scope=b", "", &["b"], None),
        ("DPoP scope=\"a\"", ",\"resource_name\":\"A\\u001b[31m\"", &["a"], Some("A\\u{1b}[31m")),
    ] {
        let resource = Loopback::start();
        let head = format!("401 Unauthorized\r\nWWW-Authenticate: {challenge}");
        resource.answer("/mcp", &head, "");
        resource.serve(&format!("{WELL_KNOWN}/mcp"), &metadata(more, &resource));
        let http = HttpClient::default();
        let found = wait(discover_resource(&resource.url("/mcp"), &http)).unwrap();
        assert_eq!(found.scopes, scopes);
        assert_eq!(found.name.as_deref(), name);
        assert_eq!(found.issuer, "https://i.test");
    }
}

//! A token store that another crate links: its options, references to its secrets, and the problems without it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authn::{
    Context, Environment, Error, Loader, Registry, Result, SecretSource, SecretString, Token,
    Validation,
    config::{Class, Config, ProblemCode, Provenance},
    store::{Document, Lease, StoreContext, StoreKey, TokenStore},
    time::{Clock, ManualClock},
};

static SECRETS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
static USES: AtomicUsize = AtomicUsize::new(0);

/// A store of the program.
#[authn::token_store("cellar", secrets, validate = Self::check)]
struct Cellar {
    /// Shelf; the application's unless set.
    shelf: Option<String>,
    /// Key of the door.
    _key: Option<SecretString>,
    /// How it is cooled.
    cooling: Cooling,
    __folder: Option<std::path::PathBuf>,
}

/// Cooling of a cellar.
#[derive(Default, authn::Options)]
struct Cooling {
    /// Degrees.
    degrees: Option<u8>,
}

impl Cellar {
    fn check(&self, problems: &mut Validation) {
        if self.cooling.degrees.is_some_and(|degrees| degrees > 20) {
            problems.at("cooling.degrees").error("that is no cooling", "choose 20 at most");
        }
    }
}

impl SecretSource for Cellar {
    fn secret(&self, target: &str) -> Result<SecretString> {
        let secrets = SECRETS.lock().expect("a test has failed");
        let found = secrets.get(target).ok_or_else(|| Error::configuration("put it on the shelf"));
        found.map(|secret| secret.as_str().into())
    }
}

impl TokenStore for Cellar {
    fn open(mut self, context: &StoreContext<'_>) -> Result<Self> {
        if self.shelf.as_deref() == Some("broken") {
            let mut problems = Validation::new();
            problems.at("shelf").error("this shelf is broken", "choose another");
            problems.finish()?;
        }
        if context.variable("CELLAR_LOCKED").is_some() {
            return Err(Error::configuration("the cellar is locked"));
        }
        let variable = context.variable("CELLAR_SHELF").map(str::to_owned);
        self.shelf = self.shelf.or(variable).or_else(|| Some(context.app().to_owned()));
        self.__folder = context.state();
        Ok(self)
    }

    async fn lock(&self, _key: &StoreKey) -> Result<Lease> {
        Ok(Lease::new(()))
    }

    async fn load(&self, _key: &StoreKey) -> Result<Option<Document>> {
        USES.fetch_add(1, Ordering::SeqCst);
        Ok(None)
    }

    async fn save(&self, _key: &StoreKey, _document: &Document, _expected: u64) -> Result<bool> {
        USES.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(Vec::new())
    }

    fn place(&self) -> Option<String> {
        self.shelf.clone()
    }
}

/// Returns its secret as a token.
#[authn::token_provider("mirror", cached)]
struct Mirror {
    /// The secret.
    #[shorthand]
    _secret: SecretString,
}

impl authn::TokenSource for Mirror {
    async fn request_token(
        &self,
        _context: &Context,
        _last: Option<&authn::TokenSet>,
    ) -> Result<authn::TokenSet> {
        let token = Token::new(&*self._secret.expose())?;
        Ok(token.with_expires_in(Duration::from_mins(10)).into())
    }
}

fn loader(text: &str, environment: Environment) -> Loader {
    let text = format!("[credentials]\norigins = ['*']\n{text}\n");
    Loader::app("fdt").environment(environment).defaults(&text)
}

fn read(text: &str) -> Config {
    loader(text, Environment::empty()).read()
}

/// Returns the problems as a user sees them.
fn problems(config: &Config) -> String {
    config.problems().iter().map(|problem| problem.render(false)).collect()
}

fn put(name: &str, secret: &str) {
    SECRETS.lock().expect("a test has failed").insert(name.to_owned(), secret.to_owned());
}

fn place(config: &Config) -> Option<String> {
    config
        .stores()
        .iter()
        .find(|store| store.name() == "cellar")
        .and_then(authn::config::KnownStore::place)
}

#[test]
fn its_options_are_read_checked_and_shown() {
    assert_eq!(place(&read("")).as_deref(), Some("fdt"));
    let environment = Environment::empty().variable("CELLAR_SHELF", "left");
    assert_eq!(place(&loader("", environment).read()).as_deref(), Some("left"));
    let config = read("[stores.cellar]\nshelf = 'top'\n");
    assert_eq!(place(&config).as_deref(), Some("top"));
    let settings = config.settings();
    let shelf = settings.iter().find(|setting| setting.key == "stores.cellar.shelf");
    assert_eq!(shelf.map(|setting| setting.class), Some(Class::Plain));

    for (wrong, words) in [
        ("[stores.cellar]\nshelv = 'top'", "did you mean `shelf`?"),
        ("[stores.cellar]\nshelf = ['top']", "expected a string, found a list"),
        ("[stores.cellar.cooling]\ndegrees = 'x'", "expected an integer"),
        ("[stores.cellar.cooling]\ndegree = 9", "did you mean `degrees`?"),
        ("[stores.cellar.cooling]\ndegrees = 90", "that is no cooling"),
        ("[stores.cellar]\nshelf = 'broken'", "this shelf is broken"),
        ("[stores.cellra]\n", "did you mean `cellar`?"),
        ("[stores]\ncellar = 'top'", "expected a table, found a text"),
    ] {
        let config = read(&format!("{wrong}\n[credentials.mirror]\nsecret = 'x'"));
        assert!(problems(&config).contains(words), "{}", problems(&config));
        assert!(config.credentials().is_err());
    }
}

#[test]
fn its_secrets_are_hidden_and_its_failure_to_open_is_a_problem() {
    let config = read("[stores.cellar]\nkey = 's3cr3t'\nshelf = 'top'\ncooling = { degrees = 9 }");
    let settings = config.settings();
    let key =
        settings.iter().find(|setting| setting.key == "stores.cellar.key").expect("it is set");
    assert_eq!((key.class, key.is_set), (Class::Secret, true));
    let shown = format!("{settings:?} {:?} {config:?}", config.stores());
    assert!(!shown.contains("s3cr3t") && shown.contains("key: (set)"), "{shown}");
    assert!(shown.contains("stores.cellar.cooling.degrees"), "{shown}");

    let locked = Environment::empty().variable("CELLAR_LOCKED", "yes");
    let config = loader("[credentials.mirror]\nsecret = 'x'", locked).read();
    let problem = &config.problems()[0];
    assert_eq!((problem.code().as_str(), problem.key()), ("invalid", Some("stores.cellar")));
    assert!(problem.message().contains("the cellar is locked"));
    assert!(config.credentials().is_err());
}

#[test]
fn a_store_that_is_not_chosen_is_never_used() {
    let credentials = read("mirror = 'abc'").credentials().expect("credentials");
    authn::blocking::Credentials::from(credentials).token().expect("a token");
    assert_eq!(USES.load(Ordering::SeqCst), 0);
    let chosen = read("[credentials.mirror]\nsecret = 'abc'\nstore = 'cellar'");
    let credentials = chosen.credentials().expect("credentials");
    authn::blocking::Credentials::from(credentials).token().expect("a token");
    assert_ne!(USES.load(Ordering::SeqCst), 0);
}

#[test]
fn a_store_of_the_program_comes_before_a_linked_one() {
    let own = Cellar {
        shelf: Some("own".to_owned()),
        _key: None,
        cooling: Cooling::default(),
        __folder: None,
    };
    let config = loader("", Environment::empty()).store("cellar", own).read();
    assert_eq!(place(&config).as_deref(), Some("own"));
}

#[test]
fn a_reference_to_its_secrets_works_in_every_layer() {
    put("wine", "red");
    let variable = "FDT_CREDENTIALS__MIRROR__SECRET__CELLAR";
    let text = |text| loader(text, Environment::empty());
    for loader in [
        text("[credentials.mirror]\nsecret = { cellar = 'wine' }"),
        text("mirror = { cellar = 'wine' }"),
        loader("[credentials.mirror]", Environment::empty().variable(variable, "wine")),
        text("[credentials.mirror]").set("credentials.mirror.secret.cellar=wine"),
        text("[credentials.mirror]\nsecret = 'overridden'")
            .set("credentials.mirror.secret={ cellar = 'wine' }"),
    ] {
        let config = loader.read();
        let settings = config.settings();
        let secret = settings.iter().find(|setting| setting.key == "credentials.mirror.secret");
        let secret = secret.expect("it is shown");
        assert_eq!(secret.reference.as_deref(), Some("cellar wine"));
        assert_ne!(secret.provenance, Provenance::Default);
        let credentials = config.credentials().expect("credentials");
        let token = authn::blocking::Credentials::from(credentials).token().expect("a token");
        assert_eq!(token.secret(), "red");
    }
}

#[tokio::test]
async fn it_is_resolved_again_at_each_exchange() {
    put("spirit", "young");
    let clock = ManualClock::new();
    let loader =
        loader("[credentials.mirror]\nsecret = { cellar = 'spirit' }", Environment::empty());
    let credentials = loader.clock(Clock::custom(clock.clone())).load().expect("credentials");
    assert_eq!(credentials.token().await.expect("a token").secret(), "young");
    put("spirit", "old");
    assert_eq!(credentials.token().await.expect("a token").secret(), "young", "it is fresh");
    clock.advance(Duration::from_hours(1));
    assert_eq!(credentials.token().await.expect("a token").secret(), "old");
    SECRETS.lock().expect("a test has failed").remove("spirit");
    clock.advance(Duration::from_hours(1));
    let error = credentials.token().await.expect_err("it is gone").to_string();
    assert!(error.starts_with("credentials.mirror.secret (defaults:"), "{error}");
    assert!(error.ends_with("put it on the shelf"), "{error}");
}

#[test]
fn a_mistyped_store_gets_a_suggestion() {
    for (store, help) in [
        ("celar", "did you mean `cellar`?"),
        ("memmory", "did you mean `memory`?"),
        (
            "s3cr3t",
            "choose one of memory, cellar; for a store of another crate, add the crate to Cargo.toml and `use \
             its_crate as _;` to main.rs; for a store that the program makes itself, call `Loader::store`",
        ),
    ] {
        let config = read(&format!("[credentials.mirror]\nsecret = 'x'\nstore = '{store}'"));
        let code = ProblemCode::UnknownStore;
        let problem = config.problems().iter().find(|problem| problem.code() == code);
        assert_eq!(problem.expect("a problem").help(), Some(help), "{store}");
    }
}

#[test]
fn what_is_not_linked_is_named_with_the_way_to_get_it() {
    let way = "turn on the feature `keyring` of authn-providers in Cargo.toml and write `use authn_providers as _;` in main.rs";
    for (text, words) in [
        (
            "[credentials.mirror]\nsecret = 'x'\nstore = 'keyring'",
            "choose one of memory, cellar; for `keyring`, turn on the feature `keyring` of authn-providers",
        ),
        (
            "[stores.keyring]\nservice = 's3cr3t'\n[credentials.mirror]\nsecret = 'x'",
            "this program has no such token store",
        ),
        (
            "[credentials.mirror]\nsecret = { keyring = 'idp/me' }",
            "this program has no `keyring` to read a secret from",
        ),
        ("mirror = { keyring = 'idp/me' }", "this program has no `keyring` to read a secret from"),
    ] {
        let config = read(text);
        let problems = problems(&config);
        assert!(problems.contains(words) && problems.contains(way), "{problems}");
        assert!(!problems.contains("s3cr3t"), "{problems}");
        assert!(config.credentials().is_err());
    }
    // It is a reference in any case, and shown as one.
    let config = read("[credentials.mirror]\nsecret = { keyring = 'idp/me' }");
    let settings = config.settings();
    let secret = settings.iter().find(|setting| setting.key == "credentials.mirror.secret");
    assert_eq!(secret.and_then(|setting| setting.reference.as_deref()), Some("keyring idp/me"));

    let other = read("[credentials.mirror]\nsecret = { wallet = 'idp/me' }");
    assert!(
        problems(&other)
            .contains("write exactly one of `env`, `file`, `command`, `attic`, `cellar`,")
    );
    let broken =
        read("[stores.cellar]\nshelv = 1\n[credentials.mirror]\nsecret = { cellar = 'none' }");
    assert!(problems(&broken).contains("put it on the shelf"), "{}", problems(&broken));
    let broken =
        read("[stores.cellar]\nshelf = []\n[credentials.mirror]\nsecret = { cellar = 'none' }");
    assert!(problems(&broken).contains("fix `[stores.cellar]`"), "{}", problems(&broken));
}

#[test]
#[cfg(feature = "encryption")]
fn the_key_of_the_store_for_files_can_be_in_another_store() {
    put("sessions", &"0f".repeat(32));
    put("no-key", "red");
    let read = |key: &str| {
        read(&format!(
            "[stores.file]\ndirectory = '/nowhere'\nencryption_key = {{ cellar = '{key}' }}\n\
             [credentials.mirror]\nsecret = 'x'"
        ))
    };
    let config = read("sessions");
    assert!(config.credentials().is_ok(), "{}", problems(&config));
    let file = config.stores().into_iter().find(|store| store.name() == "file");
    assert!(file.is_some_and(|file| file.encrypts()));
    for (key, words) in [("none", "put it on the shelf"), ("no-key", "openssl rand -base64 32")] {
        let config = read(key);
        assert_eq!(config.problems().len(), 1, "{}", problems(&config));
        assert!(problems(&config).contains(words), "{}", problems(&config));
    }
}

/// A store that needs options.
#[authn::token_store("attic", secrets)]
struct Attic {
    /// Address of the attic.
    address: String,
    /// Key of the attic.
    _key: SecretString,
}

impl SecretSource for Attic {
    fn secret(&self, _target: &str) -> Result<SecretString> {
        Ok(self._key.clone())
    }
}

impl TokenStore for Attic {
    async fn lock(&self, _key: &StoreKey) -> Result<Lease> {
        Ok(Lease::new(()))
    }

    async fn load(&self, _key: &StoreKey) -> Result<Option<Document>> {
        Ok(None)
    }

    async fn save(&self, _key: &StoreKey, _document: &Document, _expected: u64) -> Result<bool> {
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<StoreKey>> {
        Ok(Vec::new())
    }

    fn place(&self) -> Option<String> {
        Some(self.address.clone())
    }
}

#[test]
fn a_store_without_its_options_is_a_problem_only_if_it_is_chosen() {
    assert!(read("mirror = 'abc'").credentials().is_ok());
    for (text, words) in [
        (
            "[credentials.mirror]\nsecret = 'x'\nstore = 'attic'",
            "set `address`, `key` in `[stores.attic]`",
        ),
        ("mirror = { attic = 'x' }", "set `address`, `key` in `[stores.attic]`"),
        ("[stores.attic]\naddress = 'up'\n[credentials.mirror]\nsecret = 'x'", "stores.attic.key"),
    ] {
        let config = read(text);
        assert!(problems(&config).contains(words), "{}", problems(&config));
        assert!(config.credentials().is_err());
    }
    // Its problem is reported once.
    let chosen = "[credentials.mirror]\nsecret = 'x'\nstore = 'attic'";
    for options in
        ["address = 'up'", "address = 'up'\nkey = 'k'\nkye = 'k'", "address = 1\nkey = 'k'"]
    {
        let config = read(&format!("[stores.attic]\n{options}\n{chosen}"));
        assert_eq!(config.problems().len(), 1, "{}", problems(&config));
    }
    let stores = "[stores.attic]\naddress = 'up'\nkey = 's3cr3t'";
    let config =
        read(&format!("{stores}\n[credentials.mirror]\nsecret.attic = 'x'\nstore = 'attic'"));
    let credentials = config.credentials().expect("credentials");
    let token = authn::blocking::Credentials::from(credentials).token().expect("a token");
    assert_eq!(token.secret(), "s3cr3t");
}

#[test]
fn a_registry_built_by_hand_decides_on_stores_too() {
    let with = |builder: authn::RegistryBuilder| {
        let registry = builder.register::<Mirror>().build().expect("no name twice");
        let text = "[credentials.mirror]\nsecret = 'x'\nstore = 'cellar'";
        loader(text, Environment::empty()).registry(registry).read()
    };
    let config = with(Registry::builder());
    assert!(problems(&config).contains("this program has no such token store"));
    let config = with(Registry::builder().register_store::<Cellar>());
    assert!(config.credentials().is_ok(), "{}", problems(&config));
    assert_eq!(place(&config).as_deref(), Some("fdt"));
    // A store that is both linked and registered by hand is one store.
    let config = with(Registry::builder().linked().register_store::<Cellar>());
    assert!(config.credentials().is_ok(), "{}", problems(&config));
}

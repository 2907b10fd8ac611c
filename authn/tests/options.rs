//! Sets of options: in a table of their own, in a provider's, validated, and shown without secrets.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use authn::{
    Context, Entry, Environment, Error, Loader, Options, Provider as _, Result, SecretString,
    Token, TokenProvider, Url, Validation,
    config::{Class, Config, Provenance, Setting},
    conformance,
};
use serde::{Deserialize, Serialize};

/// The server, among the provider's own options.
#[derive(Options)]
#[options(default, validate = Self::check)]
struct Server {
    /// Address of the server.
    url: Option<Url>,
    /// Tries before giving up.
    #[default(3)]
    tries: u8,
    /// Key of the machine.
    _machine_key: Option<SecretString>,
}

impl Server {
    fn check(&self, problems: &mut Validation) {
        if self.tries == 0 {
            problems.at("tries").error("one try is needed at least", "leave it out for 3");
        }
    }
}

/// The role to take on.
#[derive(Options)]
#[options(validate = Role::check)]
struct Role {
    /// Name of the role.
    name: String,
    /// How long it is taken on for.
    #[default(Duration::from_hours(1))]
    duration: Duration,
    /// Identifier that the owner asks for.
    _external_id: Option<SecretString>,
    /// Where it may be used.
    limits: Limits,
    __uses: u32,
}

impl Role {
    fn check(&self, problems: &mut Validation) {
        if self.name.is_empty() {
            problems.at("name").error("the name is empty", "write the role's name");
        }
        if self.duration.is_zero() {
            problems.at("duration").error("it must last", "leave it out for an hour");
        }
    }
}

/// Where a role may be used.
#[derive(Options)]
struct Limits {
    /// Regions.
    #[default(vec!["eu".to_owned()])]
    regions: Vec<String>,
    /// Who may use it.
    _passphrases: Option<Vec<SecretString>>,
}

/// Where the tokens are kept: a name, or a table.
#[derive(Options)]
struct Place {
    /// Name of the place.
    #[shorthand]
    name: Option<String>,
    /// Floor.
    floor: Option<u8>,
}

/// A key: a secret, or a table.
#[derive(Options)]
struct Lock {
    /// The key.
    #[shorthand]
    _key: SecretString,
}

/// Keeps tokens at Acme.
#[authn::token_provider("acme_keep")]
struct Keep {
    /// The place.
    place: Option<Place>,
    /// Places by name.
    #[default(BTreeMap::new())]
    places: BTreeMap<String, Place>,
    /// Places in order.
    #[default(Vec::new())]
    row: Vec<Place>,
    /// The lock.
    lock: Option<Lock>,
    #[flatten]
    door: Door,
}

/// The door.
#[derive(Options)]
struct Door {
    /// Colour of the door.
    #[shorthand]
    colour: Option<String>,
}

impl TokenProvider for Keep {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }
}

/// Mints tokens at Acme.
#[authn::token_provider("acme")]
struct Acme {
    /// Name of the account.
    #[needed]
    account: Option<String>,
    #[flatten]
    server: Server,
    /// The role to take on.
    role: Role,
    /// Another role.
    other: Option<Role>,
    /// Roles one after the other.
    chain: Option<Vec<String>>,
    /// Further roles.
    #[default(Vec::new())]
    roles: Vec<Role>,
    /// Roles by region.
    #[default(BTreeMap::new())]
    regions: BTreeMap<String, Role>,
}

impl TokenProvider for Acme {
    fn validate(&self, _: &Context) -> Result<()> {
        let mut problems = Validation::new();
        if self.account.as_deref() == Some("root") {
            problems.at("account").error("root has no tokens", "choose a user's account");
            problems.at("role.name").error("root takes on no role", "leave the role out");
            problems.at("other.limits").error("nothing limits root", "leave the limits out");
            problems.at("").error("this is not how it is done", "read the manual");
        }
        problems.finish()
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }
}

const SECRET: &str = "s3cr3t-canary";

fn read(options: &str) -> Config {
    read_with(options, Environment::empty())
}

fn read_with(options: &str, environment: Environment) -> Config {
    let text = format!("[credentials]\norigins = ['*']\n[credentials.acme]\n{options}\n");
    Loader::new().environment(environment).defaults(&text).read()
}

/// Problems by key, as `key: message; help`.
fn problems(config: &Config) -> Vec<String> {
    let text = |problem: &authn::config::Problem| {
        let key = problem.key().unwrap_or("-").trim_start_matches("credentials.acme");
        format!("{key}: {}; {}", problem.message(), problem.help().unwrap_or("-"))
    };
    config.problems().iter().map(text).collect()
}

fn rendered(config: &Config) -> String {
    config.problems().iter().map(|problem| problem.render(false)).collect()
}

fn setting(config: &Config, key: &str) -> Setting {
    let key = format!("credentials.acme.{key}");
    let settings = config.settings();
    let found = settings.iter().find(|setting| setting.key == key).cloned();
    found.unwrap_or_else(|| panic!("{key} is not among {settings:#?}"))
}

/// Everything that a configuration shows.
fn shown(config: &Config) -> String {
    let credentials = config.credentials().map(|credentials| format!("{credentials:#?}"));
    format!("{:?} {} {credentials:?}", config.settings(), rendered(config))
}

#[test]
fn options_are_in_the_tables_of_their_sets() {
    let text = "account = 'a'\nurl = 'https://acme.example'\nmachine_key = 'k'\n\
        [credentials.acme.role]\nname = 'r'\nduration = '5m'\nlimits = { regions = ['us', 'ap'] }\n\
        [[credentials.acme.roles]]\nname = 'first'\nexternal_id = 'x'\n\
        [[credentials.acme.roles]]\nname = 'second'\n\
        [credentials.acme.regions.eu]\nname = 'third'\nlimits.passphrases = ['p']\n";
    let config = read(text);
    assert_eq!(problems(&config), Vec::<String>::new());
    let debug = format!("{:?}", config.credentials().expect("credentials"));
    for part in [
        "account: \"a\", url: \"https://acme.example/\", tries: 3, machine_key: (set), ",
        "role: { name = \"r\", duration = \"5m\", external_id = (not set), \
            limits = { regions = [\"us\", \"ap\"], passphrases = (not set) } }, ",
        "other: (not set), chain: (not set), ",
        "roles: [{ name = \"first\", duration = \"1h\", external_id = (set), limits = ",
        "regions: { eu = { name = \"third\", ",
    ] {
        assert!(debug.contains(part), "{part}\n{debug}");
    }
}

#[test]
fn a_problem_names_the_whole_key_and_the_line() {
    for (text, problem) in [
        ("[credentials.acme.role]", ".role.name: the option `name` is required, and not set"),
        (
            "",
            ".role.name: the option `name` is required, and not set; set `credentials.acme.role.name`, or the \
            environment variable `AUTHN_CREDENTIALS__ACME__ROLE__NAME`",
        ),
        (
            "role = { nmae = 's3cr3t-canary' }",
            ".role.nmae: there is no option `nmae` in `credentials.acme.role`; did you mean `name`?",
        ),
        (
            "role = { name = 'r', limits = { region = ['eu'] } }",
            ".role.limits.region: there is no option `region` in `credentials.acme.role.limits`; did you mean `regions`?",
        ),
        ("role = { name = ['s3cr3t-canary'] }", ".role.name: expected a string, found a list"),
        ("role = 's3cr3t-canary'", ".role: expected a table, found a text"),
        (
            "role = { name = 'r', duration = 's3cr3t-canary' }",
            ".role.duration: expected a duration",
        ),
        (
            "role = { name = 'r', external_id = 5 }",
            ".role.external_id: expected a text or a reference",
        ),
        (
            "role.name = 'r'\nroles = [{ name = 'a' }, { name = 5 }]",
            ".roles.1.name: expected a string",
        ),
        ("role.name = 'r'\nroles = { name = 'a' }", ".roles: expected a list, found a table"),
        (
            "role.name = 'r'\nregions = { eu = { nam = 1 } }",
            ".regions.eu.nam: there is no option `nam` in `credentials.acme.regions.eu`; did you mean `name`?",
        ),
        ("role.name = 'r'\nregions = { eu = 's3cr3t-canary' }", ".regions.eu: expected a table"),
        (
            "role.name = 'r'\nother = { limits = {} }",
            ".other.name: the option `name` is required, and not set",
        ),
        (
            "role.name = 'r'\ntrys = 5",
            ".trys: there is no option `trys` in `credentials.acme`; did you mean `tries`?",
        ),
        ("role.name = 'r'\ntries = 's3cr3t-canary'", ".tries: expected an integer"),
    ] {
        let config = read(text);
        let found = problems(&config);
        assert!(found.iter().any(|one| one.starts_with(problem)), "{text}: {found:#?}");
        assert!(rendered(&config).contains("defaults:"), "{}", rendered(&config));
        assert!(!shown(&config).contains(SECRET), "{text}: {}", shown(&config));
        assert!(config.credentials().is_err());
    }
    assert_eq!(problems(&read("role = {}\nother = {}\ntries = []")).len(), 3);
}

#[test]
fn the_help_offers_only_ways_that_can_set_the_key() {
    let file = "role.name = 'r'\nroles = [{}]\n[credentials.acme.regions]\n\
        'us.east' = {}\nEU = {}\neu = {}\n1 = {}\na-b = {}\na__b = {}\n";
    let found = problems(&read(file));
    for key in
        ["roles.0", "regions.\"us.east\"", "regions.EU", "regions.1", "regions.a-b", "regions.a__b"]
    {
        let line = format!(
            ".{key}.name: the option `name` is required, and not set; set `credentials.acme.{key}.name`"
        );
        assert!(found.contains(&line), "{line}: {found:#?}");
    }
    let line = ".regions.eu.name: the option `name` is required, and not set; set `credentials.acme.regions.eu.name`, \
        or the environment variable `AUTHN_CREDENTIALS__ACME__REGIONS__EU__NAME`";
    assert!(found.iter().any(|one| one == line), "{found:#?}");

    let flags =
        ["roles=[{ name = 'a', external_id = 's3cr3t-canary' }]", "role.external_id=s3cr3t-canary"];
    let loader = Loader::new().environment(Environment::empty());
    let set = |loader: Loader, flag| loader.set(&format!("credentials.acme.{flag}"));
    let loader = flags.into_iter().fold(loader.set("credentials.provider=acme"), set);
    let found = problems(&loader.read());
    for (key, help) in [
        ("roles.0", "`{ env = \"NAME\" }` or `{ file = \"PATH\" }` instead"),
        ("role", "`--set credentials.acme.role.external_id.env=NAME` or"),
    ] {
        let start = format!(
            ".{key}.external_id: a secret can't be given in a flag, because other users can see the command line; write {help}"
        );
        assert!(found.iter().any(|one| one.starts_with(&start)), "{start}: {found:#?}");
    }
}

#[test]
fn a_flag_takes_keys_as_they_are_shown() {
    let name = |flag: &str, key: &str| {
        let config = Loader::new()
            .environment(Environment::empty())
            .defaults("[credentials.acme]\nrole.name = 'r'")
            .set(&format!("credentials.acme.{flag}"))
            .read();
        let settings = config.settings();
        let found =
            settings.iter().find(|setting| setting.key == format!("credentials.acme.{key}"));
        found.and_then(|setting| setting.value.as_ref().map(ToString::to_string))
    };
    for key in
        [r#"regions."us.east".name"#, r#"regions."a=b".name"#, "regions.EU-1.name", "role.name"]
    {
        assert_eq!(name(&format!("{key}=x=\"y\""), key).as_deref(), Some(r#""x=\"y\"""#), "{key}");
    }
    assert_eq!(
        name("regions.'us.east'.name = x", r#"regions."us.east".name"#).as_deref(),
        Some("\" x\"")
    );
    for bad in [
        "=s3cr3t-canary",
        "a..b=s3cr3t-canary",
        "a b=s3cr3t-canary",
        "\"a=s3cr3t-canary",
        "s3cr3t-canary",
    ] {
        let config = Loader::new().environment(Environment::empty()).set(bad).read();
        assert_eq!(config.problems()[0].code().as_str(), "bad-flag", "{bad}");
        assert!(!format!("{:?}", config.problems()).contains(SECRET), "{bad}");
    }
}

#[test]
fn each_set_is_validated_in_its_table() {
    let text = "tries = 0\nrole = { name = '', duration = 0 }\n\
        roles = [{ name = 'a' }, { name = '' }]\nregions.eu = { name = 'b', duration = 0 }\n";
    let config = read(text);
    let found = problems(&config);
    for problem in [
        ".tries: one try is needed at least; leave it out for 3",
        ".role.name: the name is empty; write the role's name",
        ".role.duration: it must last; leave it out for an hour",
        ".roles.1.name: the name is empty; write the role's name",
        ".regions.eu.duration: it must last; leave it out for an hour",
    ] {
        assert!(found.iter().any(|one| one == problem), "{problem}: {found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
    let rendered = rendered(&config);
    for place in ["defaults:4:9", "defaults:5:17", "defaults:5:32", "defaults:6:35"] {
        assert!(rendered.contains(place), "{place}: {rendered}");
    }
}

#[test]
fn a_providers_own_validation_names_options_too() {
    let config =
        read("account = 'root'\nrole.name = 'admin'\n[credentials.acme.other]\nname = 'o'");
    let found = problems(&config);
    assert_eq!(
        found,
        [
            ".account: root has no tokens; choose a user's account",
            ".role.name: root takes on no role; leave the role out",
            ".other.limits: nothing limits root; leave the limits out",
            ": this is not how it is done; read the manual",
        ]
    );
    let provenances: Vec<_> =
        config.problems().iter().map(|one| one.provenance().cloned()).collect();
    let lines = provenances.iter().map(|provenance| match provenance {
        Some(Provenance::File { line, .. }) => *line,
        other => panic!("{other:?}"),
    });
    // The third is not there: it is missed in its table.
    assert_eq!(lines.collect::<Vec<_>>(), [4, 5, 6, 3]);
    let rendered = rendered(&config);
    assert!(!rendered.contains("admin") && !rendered.contains("'root'"), "{rendered}");

    let provider = Acme {
        account: Some("root".into()),
        server: Server::default(),
        role: Role {
            name: "r".into(),
            duration: Duration::ZERO,
            _external_id: None,
            limits: Limits { regions: Vec::new(), _passphrases: None },
            __uses: 0,
        },
        other: None,
        chain: None,
        roles: Vec::new(),
        regions: BTreeMap::new(),
    };
    let error = provider.validate(&Context::new()).expect_err("it is root").to_string();
    assert!(error.contains("account: root has no tokens"), "{error}");
    assert_eq!(
        format!("{:?}", Server::default()),
        "Server { url: (not set), tries: 3, machine_key: (not set) }"
    );
}

#[test]
fn no_secret_in_a_set_is_shown() {
    let sections = [
        format!("machine_key = '{SECRET}'\nrole.name = 'r'"),
        format!("role = {{ name = 'r', external_id = '{SECRET}' }}"),
        format!("role = {{ name = 'r', limits = {{ passphrases = ['a', '{SECRET}'] }} }}"),
        format!("role.name = 'r'\nroles = [{{ name = 'a', external_id = '{SECRET}' }}]"),
        format!("role.name = 'r'\nregions.eu = {{ name = 'a', external_id = '{SECRET}' }}"),
        format!("role = {{ name = 'r', external_id = '{SECRET}', wrong = 1 }}"),
        format!("role = {{ name = 5, external_id = '{SECRET}' }}\ntries = []"),
        format!("role = {{ name = 'r', external_idd = '{SECRET}' }}"),
        format!("roles = [{{ name = 5, external_id = '{SECRET}' }}, '{SECRET}']"),
    ];
    for text in sections {
        let config = read(&text);
        assert!(!shown(&config).contains(SECRET), "{text}\n{}", shown(&config));
    }
    let config = read(&format!("role = {{ name = 'r', external_id = '{SECRET}' }}"));
    let secret = setting(&config, "role.external_id");
    assert_eq!((secret.class, secret.is_set, secret.value), (Class::Secret, true, None));
    let absent = setting(&config, "role.limits.passphrases");
    assert_eq!((absent.class, absent.is_set), (Class::Secret, false));

    // A variable can hold the table as TOML.
    for (variable, text) in [
        ("ROLE", format!("{{ name = 'r', external_id = '{SECRET}' }}")),
        ("ROLE", format!("{{ name = 'r', external_id = '{SECRET}' ")),
        ("ROLE", SECRET.to_owned()),
        ("ROLES", format!("[{{ name = 'r', external_id = '{SECRET}' }}]")),
        ("REGIONS", format!("{{ eu = {{ name = 'r', external_id = '{SECRET}' }} }}")),
        ("REGIONS__EU", format!("{{ name = 'r', external_id = '{SECRET}' }}")),
    ] {
        let name = format!("AUTHN_CREDENTIALS__ACME__{variable}");
        let config = read_with("", Environment::empty().variable(name, text));
        assert!(!shown(&config).contains(SECRET), "{variable}\n{}", shown(&config));
    }
}

#[test]
fn layers_merge_option_by_option() {
    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__ACME__ROLE__DURATION", "7m")
        .variable("AUTHN_CREDENTIALS__ACME__ROLE__LIMITS__REGIONS", "us,ap")
        .variable("AUTHN_CREDENTIALS__ACME__REGIONS__EU__NAME", "third")
        .variable("AUTHN_CREDENTIALS__ACME__OTHER", "{ name = 'o' }");
    let text = "role = { name = 'r', duration = '5m', external_id = { file = '/nowhere' } }\n\
        other = { name = 'file', duration = '2m' }";
    let config = read_with(text, environment);
    let view = |key| setting(&config, key).value.map(|view| view.to_string());
    assert_eq!(view("role.name").as_deref(), Some("\"r\""));
    assert_eq!(view("role.duration").as_deref(), Some("\"7m\""));
    assert_eq!(view("other.name").as_deref(), Some("\"o\""));
    assert_eq!(view("other.duration").as_deref(), Some("\"2m\""));
    assert_eq!(view("regions.eu.name").as_deref(), Some("\"third\""));
    assert_eq!(setting(&config, "role.duration").overrides.len(), 1);
    let secret = setting(&config, "role.external_id");
    assert_eq!(secret.reference.as_deref(), Some("file /nowhere"));
    let replaced = read_with(
        "role = { name = 'r', external_id = 'x' }",
        Environment::empty().variable("AUTHN_CREDENTIALS__ACME__ROLE__EXTERNAL_ID__ENV", "ID"),
    );
    assert_eq!(setting(&replaced, "role.external_id").reference.as_deref(), Some("env ID"));
    let config = read("role.name = 'r'");
    let default = setting(&config, "role.duration");
    assert_eq!(
        (default.provenance, default.value.unwrap().to_string()),
        (Provenance::Default, "\"1h\"".into())
    );
    assert!(!setting(&config, "other").is_set);
}

#[test]
fn the_schema_describes_nested_options() {
    let entry = Acme::ENTRY;
    let options = entry.options();
    let paths: Vec<&str> = options.iter().map(|(path, _)| path.as_str()).collect();
    for path in [
        "account",
        "url",
        "tries",
        "machine_key",
        "role",
        "role.name",
        "role.limits.regions",
        "other.duration",
        "roles[].external_id",
        "regions.NAME.limits.passphrases",
        "placement",
    ] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    let schema = entry.json_schema();
    let role = &schema["properties"]["role"];
    assert_eq!(role["description"], "The role to take on.");
    assert_eq!(role["properties"]["name"]["description"], "Name of the role.");
    assert_eq!(role["properties"]["duration"]["default"], "1h");
    assert_eq!(role["properties"]["external_id"]["writeOnly"], true);
    assert_eq!(role["additionalProperties"], false);
    assert_eq!(role["required"], serde_json::json!(["name"]));
    assert_eq!(schema["required"], serde_json::json!(["role"]));
    let each = &schema["properties"]["roles"]["items"]["properties"]["name"];
    assert_eq!(each["description"], "Name of the role.");
    let each = &schema["properties"]["regions"]["additionalProperties"]["properties"]["name"];
    assert_eq!(each["description"], "Name of the role.");

    let template = entry.template();
    let text: String =
        template.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert_eq!(
        text.split_whitespace().collect::<Vec<_>>().join(" "),
        "[credentials.acme] account = \"<fill in>\" [credentials.acme.role] name = \"<fill in>\"",
        "{template}"
    );
    assert!(
        template.contains("# [credentials.acme.other]\n")
            && template.contains("# duration = \"1h\"\n"),
        "{template}"
    );
    assert!(template.contains("# Name of the role.\n"), "{template}");
}

#[test]
fn a_set_conforms() {
    let report =
        conformance::check::<Acme>("role = { name = 'r', external_id = 'x' }\nmachine_key = 'k'");
    // The text is a document of its own, so a table in it is one of the options.
    let tables = "machine_key = 'k'\n[role]\nname = 'r'\nexternal_id = 'x'\n[role.limits]\nregions = ['us']\n\
                  [[roles]]\nname = 'first'";
    let unswept = conformance::check::<Acme>(tables).unswept;
    assert_eq!(unswept, Vec::<&str>::new());
    assert_eq!(report.unswept, Vec::<&str>::new());
    let report = conformance::check::<Shows>("");
    assert!(report.token.is_err());
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    VeryFast,
    #[serde(rename = "slowly")]
    Slow,
    #[expect(dead_code, reason = "only its word matters")]
    Level(u8),
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Either {
    Number(u8),
    Texts(Vec<String>),
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Wrapped(#[expect(dead_code, reason = "only its type matters")] Mode);

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its type matters")]
struct Opaque(Vec<Mode>);

#[derive(Deserialize, Serialize)]
struct Login {
    user: String,
    password: String,
    home: Url,
}

/// Shows defaults of all sorts.
#[authn::token_provider("shows")]
struct Shows {
    /// A mode.
    #[default(Mode::VeryFast)]
    mode: Mode,
    /// A renamed one.
    #[default(Mode::Slow)]
    slow: Mode,
    /// One with a value.
    #[default(Mode::Level(3))]
    level: Mode,
    /// Perhaps one.
    #[default(Some(Mode::Slow))]
    perhaps: Option<Mode>,
    /// Several.
    #[default(vec![Mode::Slow, Mode::VeryFast])]
    modes: Vec<Mode>,
    /// One that is wrapped.
    #[default(Wrapped(Mode::Slow))]
    wrapped: Wrapped,
    /// Several that are wrapped.
    #[default(Opaque(vec![Mode::Slow]))]
    opaque: Opaque,
    /// Either of two.
    #[default(Either::Texts(vec!["a".into()]))]
    either: Either,
    /// An address.
    #[default(IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// A socket.
    #[default(SocketAddr::from(([127, 0, 0, 1], 80)))]
    socket: SocketAddr,
    /// A small number.
    tries: Option<u8>,
    /// A number with a sign.
    offset: Option<i16>,
    /// A number that is not zero.
    positive: Option<std::num::NonZeroU32>,
    /// A large number.
    huge: Option<u64>,
    /// A pair.
    #[default(("a".to_owned(), 5))]
    pair: (String, u8),
    /// Numbers by name.
    #[default(HashMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]))]
    numbers: HashMap<String, u8>,
    /// Pauses by name.
    #[default(HashMap::from([("a".to_owned(), Duration::from_mins(1))]))]
    pauses: HashMap<String, Duration>,
    /// A login.
    #[default(Login {
        user: "me".into(),
        password: "s3cr3t-canary".into(),
        home: "https://me:s3cr3t-canary@acme.example".parse().expect("a URL"),
    })]
    login: Login,
}

impl TokenProvider for Shows {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }
}

#[test]
fn a_default_is_shown_as_it_is_written() {
    let entry: Entry = Shows::ENTRY;
    for (key, name, default) in [
        ("mode", "one of very-fast, slowly, level", "\"very-fast\""),
        ("slow", "one of very-fast, slowly, level", "\"slowly\""),
        ("level", "one of very-fast, slowly, level", "(hidden)"),
        ("perhaps", "one of very-fast, slowly, level", "\"slowly\""),
        ("modes", "list of one of very-fast, slowly, level", "[\"slowly\", \"very-fast\"]"),
        ("wrapped", "one of very-fast, slowly, level", "(hidden)"),
        ("opaque", "list of one of very-fast, slowly, level", "(hidden)"),
        ("either", "any value", "[\"a\"]"),
        ("address", "IP address", "\"127.0.0.1\""),
        ("socket", "socket address", "\"127.0.0.1:80\""),
        ("pair", "list of 2 values", "[\"a\", 5]"),
        ("numbers", "map of integers", "{ a = 1, b = 2 }"),
        ("pauses", "map of durations", "{ a = \"1m\" }"),
        (
            "login",
            "table",
            "{ home = \"https://***@acme.example/\", password = (hidden), user = \"me\" }",
        ),
    ] {
        let field = entry.field(key).unwrap();
        let shown = field.default().map(|view| view.to_string());
        assert_eq!(
            (field.value_type().name().as_str(), shown.as_deref()),
            (name, Some(default)),
            "{key}"
        );
    }
    assert!(!format!("{}{}", entry.template(), entry.json_schema()).contains(SECRET));
    assert!(!entry.template().contains("Mode::"), "{}", entry.template());
    let text = "[credentials]\norigins = ['*']\n[credentials.shows]";
    let config = Loader::new().environment(Environment::empty()).defaults(text).read();
    let debug = format!("{:?}", config.credentials().expect("credentials"));
    assert!(debug.contains("mode: \"very-fast\", slow: \"slowly\", level: (hidden)"), "{debug}");
    assert!(debug.contains("pair: [\"a\", 5]") && !debug.contains(SECRET), "{debug}");
}

#[test]
fn a_mistyped_word_is_recognised_also_in_a_list() {
    for (option, help) in [
        ("mode = 'slowy'", "did you mean `slowly`?"),
        ("modes = ['slowly', 'very-fst']", "did you mean `very-fast`?"),
        ("modes = 'slowly, very-fst'", "did you mean `very-fast`?"),
        ("modes = ['s3cr3t-canary']", "found a list with another text"),
        ("modes = [5]", "found a list (wrong-type)"),
    ] {
        let text = format!("[credentials]\norigins = ['*']\n[credentials.shows]\n{option}\n");
        let config = Loader::new().environment(Environment::empty()).defaults(&text).read();
        let error = config.credentials().unwrap_err().to_string();
        assert!(error.contains(help), "{option}: {error}");
        assert_eq!(error.contains("did you mean"), help.contains("did you mean"), "{error}");
        assert!(!rendered(&config).contains(SECRET), "{}", rendered(&config));
    }
}

#[test]
fn an_error_names_every_type_in_words() {
    for (option, words) in [
        ("mode = 's3cr3t-canary'", "expected one of very-fast, slowly, level, found another text"),
        ("address = 's3cr3t-canary'", "expected an IP address, found a text"),
        ("socket = 5", "expected a socket address, found an integer"),
        ("pair = ['s3cr3t-canary']", "expected a list of 2 values, found a list"),
        ("pair = 5", "expected a list of 2 values, found an integer"),
        (
            "numbers = { a = 's3cr3t-canary' }",
            "expected a map of integers from 0 to 255, found a table",
        ),
        ("numbers = { a = 300 }", "expected a map of integers from 0 to 255, found a table"),
        ("tries = 256", "expected an integer from 0 to 255, found 256"),
        ("tries = -1", "expected an integer from 0 to 255, found -1"),
        ("tries = '256'", "expected an integer from 0 to 255, found 256"),
        (
            "tries = '99999999999999999999'",
            "expected an integer from 0 to 255, found 99999999999999999999",
        ),
        ("tries = 's3cr3t-canary'", "expected an integer from 0 to 255, found a text"),
        ("tries = 0.5", "expected an integer from 0 to 255, found 0.5"),
        ("offset = 32768", "expected an integer from -32768 to 32767, found 32768"),
        ("offset = -32769", "expected an integer from -32768 to 32767, found -32769"),
        ("positive = 0", "expected an integer from 1 to 4294967295, found 0"),
        ("huge = -1", "expected an integer from 0 to 18446744073709551615, found -1"),
        ("numbers = ['s3cr3t-canary']", "expected a map of integers, found a list"),
        ("either = { a = 's3cr3t-canary' }", "expected any value that fits, found a table"),
        ("modes = 5", "expected a list of one of very-fast, slowly, level, found an integer"),
    ] {
        let text = format!("[credentials]\norigins = ['*']\n[credentials.shows]\n{option}\n");
        let config = Loader::new().environment(Environment::empty()).defaults(&text).read();
        let found = problems(&config);
        assert!(found.iter().any(|one| one.contains(words)), "{option}: {found:#?}");
        assert!(!rendered(&config).contains(SECRET), "{}", rendered(&config));
    }
}

/// What credentials show of the options of `acme_keep`.
fn kept(loader: Loader) -> String {
    format!("{:?}", loader.load().expect("credentials"))
}

fn keeping(options: &str) -> Loader {
    let text = format!("[credentials]\norigins = ['*']\n{options}\n");
    Loader::new().environment(Environment::empty()).defaults(&text)
}

#[test]
fn a_value_in_place_of_a_table_sets_its_shorthand() {
    let attic = "{ name = \"attic\", floor = (not set) }";
    for (options, shown) in [
        ("acme_keep = { place = 'attic' }", format!("place: {attic}")),
        ("acme_keep = { place = { name = 'attic' } }", format!("place: {attic}")),
        ("acme_keep = { places.a = 'attic' }", format!("places: {{ a = {attic} }}")),
        (
            "acme_keep = { row = ['attic', { floor = 1 }] }",
            format!("row: [{attic}, {{ name = (not set), floor = 1 }}]"),
        ),
        ("acme_keep = { lock = 's3cr3t-canary' }", "lock: { key = (set) }".to_owned()),
        // The shorthand of a flattened set is that of the table that it is in.
        ("acme_keep = 'green'", "colour: \"green\"".to_owned()),
    ] {
        let found = kept(keeping(options));
        assert!(found.contains(&shown), "{options}: {found}");
        assert!(!found.contains(SECRET));
    }
}

#[test]
fn a_shorthand_is_merged_with_the_table_of_another_layer() {
    let loader = keeping("acme_keep = { place = { name = 'attic', floor = 3 } }");
    let name = "AUTHN_CREDENTIALS__ACME_KEEP__PLACE";
    let of_variable =
        |text: &str| loader.clone().environment(Environment::empty().variable(name, text));
    let below = "place: { name = \"cellar\", floor = 3 }";
    assert!(kept(of_variable("cellar")).contains(below));
    assert!(kept(of_variable("{ name = 'cellar' }")).contains(below));
    assert!(kept(loader.set("credentials.acme_keep.place=cellar")).contains(below));
}

#[test]
fn a_secret_shorthand_can_be_a_reference_and_is_never_shown() {
    let environment = Environment::empty().variable("ACME_KEY", SECRET);
    let loader = keeping("acme_keep = { lock = { env = 'ACME_KEY' } }").environment(environment);
    let config = loader.read();
    assert_eq!(problems(&config), Vec::<String>::new());
    assert!(!shown(&config).contains(SECRET));
    for wrong in ["lock = 5", "lock = ['s3cr3t-canary']", "lock = { kye = 's3cr3t-canary' }"] {
        let config = keeping(&format!("acme_keep = {{ {wrong} }}")).read();
        assert!(config.credentials().is_err(), "{wrong}");
        assert!(!shown(&config).contains(SECRET), "{wrong}: {}", shown(&config));
    }
}

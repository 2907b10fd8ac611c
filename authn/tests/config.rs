//! Layers, profiles, origins, shorthands and references: the active values and their provenance.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, path::Path};

use authn::{
    Context, Credentials, Environment, ErrorKind, Loader, Result, SecretString, Token,
    TokenProvider, View,
    config::{Class, Config, Provenance, Setting, Severity},
};
use std::collections::BTreeMap;

/// Returns the token in its configuration.
#[authn::token_provider("fixed")]
#[expect(clippy::struct_field_names, reason = "as `jwt = { jwt = … }` has it")]
struct Fixed {
    /// Token.
    #[shorthand]
    _fixed: SecretString,
    /// Number of tries.
    #[default(3)]
    tries: u8,
    /// Address of nothing.
    url: Option<authn::Url>,
    /// Words.
    words: Option<Vec<String>>,
    /// Further secrets.
    _more: Option<BTreeMap<String, SecretString>>,
    /// How long.
    #[default(std::time::Duration::from_secs(90))]
    wait: std::time::Duration,
    /// Pairs.
    pairs: Option<BTreeMap<String, String>>,
}

impl TokenProvider for Fixed {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = (self.tries, &self.url, &self.words, &self.wait, &self._more, &self.pairs);
        Token::new(&*self._fixed.expose())
    }
}

/// Returns the token of another provider.
#[authn::token_provider("other")]
struct Other {
    /// Whose.
    #[provider]
    of: Option<Credentials>,
    /// The others.
    #[provider]
    more: Option<Vec<Credentials>>,
}

impl TokenProvider for Other {
    async fn token(&self, _: &Context) -> Result<Token> {
        let _ = &self.more;
        match &self.of {
            Some(of) => of.token().await,
            None => Err(authn::Error::no_token()),
        }
    }
}

/// Returns a token without any option.
#[authn::token_provider("bare")]
struct Bare {
    /// An option that need not be set.
    #[default("bare".to_owned())]
    text: String,
}

impl TokenProvider for Bare {
    async fn token(&self, _: &Context) -> Result<Token> {
        Token::new(&self.text)
    }
}

const BASE: &str = "
[credentials]
domain = \"api.example.com\"
[credentials.fixed]
fixed = \"base\"
tries = 1

[profile.prod.credentials]
domain = \"prod.example.com\"
";

fn loader(texts: &[&str]) -> Loader {
    let empty = Loader::new().environment(Environment::empty());
    texts.iter().fold(empty, |loader, text| loader.defaults(text))
}

fn setting(config: &Config, key: &str) -> Setting {
    let settings = config.settings();
    let found = settings.iter().find(|setting| setting.key == key && !setting.is_withheld);
    found.unwrap_or_else(|| panic!("no {key} in {settings:#?}")).clone()
}

fn shown(config: &Config, key: &str) -> String {
    let setting = setting(config, key);
    let value = setting.value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let below = setting.overrides.into_iter().map(|below| below.provenance);
    let provenances = std::iter::once(setting.provenance).chain(below);
    let provenances: Vec<String> = provenances.map(|provenance| provenance.to_string()).collect();
    format!("{value} {}", provenances.join(" over "))
}

fn token(loader: Loader) -> String {
    let credentials = loader.load().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(credentials.token()).unwrap().secret().to_owned()
}

fn codes(config: &Config) -> Vec<(&str, Option<&str>)> {
    config.problems().iter().map(|problem| (problem.code().as_str(), problem.key())).collect()
}

#[test]
fn later_layers_win_and_profiles_win_within_their_layer() {
    let config = loader(&[BASE]).profile("prod").read();
    assert_eq!(
        shown(&config, "credentials.domain"),
        "\"prod.example.com\" defaults:9:10 over defaults:3:10"
    );
    // The base of a higher layer beats the profile of a lower one.
    let config = loader(&[BASE, "[credentials]\ndomain = 'two'"]).profile("prod").read();
    assert_eq!(
        shown(&config, "credentials.domain"),
        "\"two\" defaults 2:2:10 over defaults:9:10 over defaults:3:10"
    );
    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__FIXED__TRIES", "7")
        .variable("AUTHN_PROFILE", "prod");
    let config =
        loader(&[BASE]).environment(environment).set("credentials.domain=flag.example.com").read();
    assert_eq!(config.profile(), Some("prod"));
    assert_eq!(
        shown(&config, "credentials.fixed.tries"),
        "7 env AUTHN_CREDENTIALS__FIXED__TRIES over defaults:6:9"
    );
    assert_eq!(
        shown(&config, "credentials.domain"),
        "\"flag.example.com\" flag --set credentials.domain over defaults:9:10 over defaults:3:10"
    );
    assert_eq!(shown(&config, "credentials.fixed.wait"), "\"1m30s\" default");
    assert_eq!(setting(&config, "credentials.fixed.fixed").class, Class::Secret);
    assert_eq!(setting(&config, "credentials.fixed.fixed").value, None);
    assert!(config.problems().is_empty(), "{:?}", config.problems());
}

#[test]
fn the_highest_layer_that_names_a_provider_chooses_it() {
    let chosen = |texts: &[&str]| loader(texts).read().provider().map(str::to_owned);
    assert_eq!(chosen(&[BASE]).as_deref(), Some("fixed"));
    assert_eq!(chosen(&[BASE, "[credentials.other]"]).as_deref(), Some("other"));
    assert_eq!(chosen(&[BASE, "[credentials]\nprovider = 'other'"]).as_deref(), Some("other"));
    let both = "[credentials.fixed]\nfixed = 'x'\n[credentials.other]";
    assert_eq!(chosen(&[both]), None);
    assert_eq!(chosen(&[both, "[credentials]\nprovider = 'other'"]).as_deref(), Some("other"));
    let named = format!("[credentials]\nprovider = 'fixed'\n{both}");
    assert_eq!(chosen(&[&named]).as_deref(), Some("fixed"));
    let config = loader(&[both]).read();
    assert!(codes(&config).contains(&("two-providers", Some("credentials"))), "{config:?}");
}

#[test]
fn shorthands_and_references_work_in_every_layer() {
    assert_eq!(token(loader(&["[credentials]\nfixed = 'short'"])), "short");
    let environment = || Environment::empty().variable("SECRET", "from-env");
    let with = |text: &str| token(loader(&[text]).environment(environment()));
    assert_eq!(with("[credentials]\nfixed = { env = 'SECRET' }"), "from-env");
    assert_eq!(with("[credentials.fixed]\nfixed = { env = 'SECRET' }\ntries = 4"), "from-env");
    let variable = |name: &str, value: &str| {
        token(loader(&[BASE]).environment(environment().variable(name, value)))
    };
    assert_eq!(variable("AUTHN_CREDENTIALS__FIXED", "short"), "short");
    assert_eq!(variable("AUTHN_CREDENTIALS__FIXED__FIXED", "long"), "long");
    assert_eq!(variable("AUTHN_CREDENTIALS__FIXED__FIXED__ENV", "SECRET"), "from-env");
    let flag = |flag: &str| token(loader(&[BASE]).environment(environment()).set(flag));
    assert_eq!(flag("credentials.fixed.fixed.env=SECRET"), "from-env");
    assert_eq!(flag("credentials.fixed.fixed={ env = 'SECRET' }"), "from-env");
    assert_eq!(flag("credentials.fixed={ env = 'SECRET' }"), "from-env");
}

#[test]
fn an_empty_value_is_an_empty_table_in_every_layer() {
    let empty = "[credentials]\nbare = ''";
    assert_eq!(token(loader(&["[credentials.bare]"])), "bare");
    assert_eq!(token(loader(&[empty])), "bare");
    assert_eq!(
        token(loader(&["[credentials.other.of]\nbare = ''"])),
        "bare",
        "of another provider"
    );
    let environment = Environment::empty().variable("AUTHN_CREDENTIALS__BARE", "");
    assert_eq!(token(loader(&[BASE]).environment(environment)), "bare");
    assert_eq!(token(loader(&[BASE]).set("credentials.bare=")), "bare");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, empty).unwrap();
    assert_eq!(token(loader(&[BASE]).file(&path)), "bare");
    let profile = "[profile.p.credentials]\nbare = ''";
    assert_eq!(token(loader(&[BASE, profile]).profile("p")), "bare");
    // It is merged with the tables of other layers, as an empty table is.
    let low = "[credentials.bare]\ntext = 'low'";
    assert_eq!(token(loader(&[low, empty])), "low");
    assert_eq!(token(loader(&[empty, low])), "low");
    assert_eq!(token(loader(&[low]).set("credentials.bare=")), "low");
    // Any other text is still a mistake, and the empty text of a shorthand is its field's.
    for text in ["' '", "'s3cr3t'", "false", "0", "[]"] {
        let config = loader(&[&format!("[credentials]\nbare = {text}")]).read();
        assert!(codes(&config).contains(&("wrong-type", Some("credentials.bare"))), "{text}");
    }
    let config = loader(&["[credentials]\nfixed = ''"]).read();
    assert!(
        codes(&config).iter().any(|(_, key)| *key == Some("credentials.fixed.fixed")),
        "{config:?}"
    );
}

#[test]
fn a_reference_replaces_the_whole_value() {
    let low = "[credentials.fixed]\nfixed = { file = '/nowhere' }";
    let high = "[credentials.fixed]\nfixed = { env = 'SECRET' }";
    let environment = Environment::empty().variable("SECRET", "x");
    let config = loader(&[low, high]).environment(environment).read();
    let setting = setting(&config, "credentials.fixed.fixed");
    assert_eq!(setting.reference.as_deref(), Some("env SECRET"));
    assert_eq!(setting.overrides.len(), 1);
    assert!(config.credentials().is_ok(), "{config:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_rotated_secret_file_is_read_again_and_an_open_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    fs::write(&path, "one\n").unwrap();
    mode(0o644);
    let text = format!("[credentials.fixed]\nfixed = {{ file = '{}' }}", path.display());
    let error = loader(&[&text]).load().unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    mode(0o600);
    let credentials = loader(&[&text]).load().unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "one");
    fs::write(&path, "two\r\n").unwrap();
    assert_eq!(credentials.token().await.unwrap().secret(), "two");
    fs::remove_file(&path).unwrap();
    let error = credentials.token().await.unwrap_err();
    assert!(error.to_string().contains("credentials.fixed.fixed (defaults:2:9)"), "{error}");
}

#[test]
fn a_literal_secret_in_a_flag_is_refused() {
    for flag in ["credentials.fixed.fixed=s3cr3t", "credentials.fixed=s3cr3t"] {
        let config = loader(&[]).set(flag).read();
        assert!(codes(&config).contains(&("literal-secret", Some("credentials.fixed.fixed"))));
        assert!(!format!("{:?}{:?}", config, config.settings()).contains("s3cr3t"));
    }
}

#[test]
fn secrets_that_look_like_something_else_stay_as_they_are() {
    for secret in
        ["0012345678", "true", "1.50", "[a,b]", "{a=b}", "\"quoted\"", "null", "1e3", "0x10", "'x'"]
    {
        let text = format!("[credentials.fixed]\nfixed = '''{secret}'''");
        assert_eq!(token(loader(&[&text])), secret);
        let environment = Environment::empty().variable("AUTHN_CREDENTIALS__FIXED", secret);
        assert_eq!(token(loader(&[]).environment(environment)), secret);
    }
}

#[test]
fn an_empty_secret_is_an_error_and_not_set() {
    let config = loader(&["[credentials.fixed]\nfixed = ''"]).read();
    assert!(codes(&config).contains(&("invalid-value", Some("credentials.fixed.fixed"))));
    let problem = config.problems().iter().find(|problem| problem.key().is_some()).unwrap();
    assert_eq!(problem.message(), "the secret is empty");
    assert!(!setting(&config, "credentials.fixed.fixed").is_set);
}

#[test]
fn texts_are_converted_to_the_type_of_the_option() {
    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__FIXED", "x")
        .variable("AUTHN_CREDENTIALS__FIXED__TRIES", "7");
    let config = loader(&[]).environment(environment).read();
    assert_eq!(codes(&config)[0], ("two-values", Some("credentials.fixed.tries")));

    let environment = Environment::empty()
        .variable("AUTHN_CREDENTIALS__FIXED__FIXED", "x")
        .variable("AUTHN_CREDENTIALS__FIXED__TRIES", "7")
        .variable("AUTHN_CREDENTIALS__FIXED__WORDS", "a, b c")
        .variable("AUTHN_CREDENTIALS__FIXED__WAIT", "1h30m")
        .variable("AUTHN_CREDENTIALS__FIXED__MORE", "{ 'x-a' = 's3cr3t', b = { env = 'PATH' } }")
        .variable("AUTHN_CREDENTIALS__FIXED__PAIRS", "{ a = '1', api_token = 's3cr3t' }")
        .variable("PATH", "s3cr3t")
        .variable("AUTHN_CREDENTIALS__FIXED__URL", "https://u:s3cr3t@a.test/?k=s3cr3t");
    let config = loader(&[]).environment(environment).read();
    let credentials = config.credentials().unwrap();
    assert_eq!(
        format!("{credentials:?}"),
        "Fixed { fixed: (set), tries: 7, url: \"https://***@a.test/?k=***\", words: [\"a\", \"b\", \
         \"c\"], more: (set), wait: \"1h30m\", pairs: { a = \"1\", api_token = (hidden) } }"
    );
    assert_eq!(setting(&config, "credentials.fixed.tries").value, Some(View::Integer(7)));
    assert!(!format!("{:?}", config.settings()).contains("s3cr3t"), "{:#?}", config.settings());
}

#[test]
fn all_problems_are_reported_at_once_without_a_value() {
    let text = "[credentials]\ndomian = 's3cr3t'\n[credentials.fixed]\nurl = 's3cr3t'\n\
                tries = 's3cr3t'\nwait = true\nmore = { a = 'x', b = 3 }\nbogus = 's3cr3t'\n\
                fixedd = 's3cr3t' # s3cr3t\nwords = 5\n[oops]\na = 's3cr3t'\n";
    let config = loader(&[text]).read();
    let mut codes = codes(&config);
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            ("missing-key", Some("credentials.fixed.fixed")),
            ("no-origins", Some("credentials.domain")),
            ("unknown-key", Some("credentials.domian")),
            ("unknown-key", Some("credentials.fixed.bogus")),
            ("unknown-key", Some("credentials.fixed.fixedd")),
            ("unknown-key", Some("oops")),
            ("wrong-type", Some("credentials.fixed.more.b")),
            ("wrong-type", Some("credentials.fixed.tries")),
            ("wrong-type", Some("credentials.fixed.url")),
            ("wrong-type", Some("credentials.fixed.wait")),
            ("wrong-type", Some("credentials.fixed.words")),
        ]
    );
    let rendered: String = config.problems().iter().map(|problem| problem.render(false)).collect();
    let error = config.credentials().unwrap_err();
    for output in [
        &rendered,
        &format!("{error} {error:?} {error:#?}"),
        &format!("{config:?} {:?}", config.settings()),
    ] {
        assert!(!output.contains("s3cr3t"), "{output}");
    }
    for expected in [
        "defaults:9:10",
        "fixedd = ***",
        "did you mean `fixed`?",
        "did you mean `domain`?",
        "expected an address such as https://idp.example.com, found a text without a scheme",
        "expected a duration like `5s`",
        "expected an integer from 0 to 255, found a text",
    ] {
        assert!(rendered.contains(expected), "{expected} is not in\n{rendered}");
    }
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.problems().len(), 10, "a warning alone does not prevent loading");
}

#[test]
fn a_syntax_error_shows_its_place_and_no_value() {
    let config = loader(&["[credentials]\nfixed = \"s3cr3t\ndomain = 'x'"]).read();
    let problem = &config.problems()[0];
    assert_eq!(problem.code().as_str(), "syntax");
    let provenance = problem.provenance().unwrap().to_string();
    assert!(provenance.starts_with("defaults:2:"), "{provenance}");
    let rendered = problem.render(false);
    assert!(rendered.contains("fixed = ***") && !rendered.contains("s3cr3t"), "{rendered}");
}

#[test]
fn nested_providers_are_built_with_their_problems() {
    let text = "[credentials.other]\nof = { fixed = 'inner' }\n\
                [[credentials.other.more]]\nfixed = { fixed = 'x', tries = 'y' }\n\
                [[credentials.other.more]]\nnope = {}\n";
    let config = loader(&[text]).read();
    let mut codes = codes(&config);
    codes.retain(|(code, _)| *code != "no-origins");
    assert_eq!(
        codes,
        [
            ("wrong-type", Some("credentials.other.more.0.fixed.tries")),
            ("unknown-provider", Some("credentials.other.more.1.nope")),
        ]
    );
    assert_eq!(token(loader(&["[credentials.other]\nof = { fixed = 'inner' }"])), "inner");
    let settings = config.settings();
    let inner = settings.iter().find(|setting| setting.key == "credentials.other.of.fixed.fixed");
    assert_eq!(inner.unwrap().class, Class::Secret);
}

/// Returns the token of the request being served.
#[authn::token_provider("serving")]
struct Serving {}

impl TokenProvider for Serving {
    async fn token(&self, _: &Context) -> Result<Token> {
        Err(authn::Error::no_token())
    }

    fn is_per_request(&self) -> bool {
        true
    }
}

/// Exchanges another's token.
#[authn::token_provider("exchanging", cached)]
struct Exchanging {
    /// Whose.
    #[provider]
    subject: Credentials,
}

impl authn::TokenSource for Exchanging {
    async fn request_token(
        &self,
        _: &Context,
        _: Option<&authn::TokenSet>,
    ) -> Result<authn::TokenSet> {
        Ok(self.subject.token().await?.into())
    }
}

#[test]
fn a_token_of_the_request_being_served_is_never_cached() {
    for subject in ["{ serving = {} }", "{ other = { of = { serving = {} } } }"] {
        let config = loader(&[&format!("[credentials.exchanging]\nsubject = {subject}")]).read();
        let refused = ("cached-per-request", Some("credentials.exchanging"));
        assert!(codes(&config).contains(&refused), "{config:?}");
    }
    let credentials = loader(&["[credentials.other]\nof = { serving = {} }"]).load().unwrap();
    assert!(credentials.is_per_request());
    let credentials = loader(&["[credentials.exchanging]\nsubject = { fixed = 'x' }"]).load();
    assert!(!credentials.unwrap().is_per_request());
}

#[test]
fn an_empty_configuration_is_reported() {
    let config = loader(&[]).read();
    assert_eq!(codes(&config), [("no-credentials", None)]);
    let config = loader(&["[credentials]\ndomain = 'x'"]).read();
    assert_eq!(codes(&config), [("no-provider", Some("credentials"))]);
    let config = loader(&[BASE]).profile("prdo").read();
    assert_eq!(codes(&config), [("unknown-profile", None)]);
    assert!(config.problems()[0].help().unwrap().contains("`prod`"));
    let environment = Environment::empty().variable("AUTHN_CREDENTIAL__DOMAIN", "x");
    let config = loader(&[BASE]).environment(environment).read();
    assert_eq!(codes(&config), [("unknown-variable", None)]);
    assert!(config.problems()[0].help().unwrap().contains("AUTHN_CREDENTIALS__DOMAIN"));
    assert!(config.credentials().is_ok(), "a variable that means nothing is a warning");
}

#[test]
fn applications_have_files_and_variables_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("etc/my-app/config.toml", "[credentials]\nfixed = 'system'\ndomain = 'system'");
    write("user/my-app/config.toml", "[credentials]\ndomain = 'user'");
    let environment = Environment::empty()
        .system_directory(folder.path().join("etc"))
        .user_directory(folder.path().join("user"))
        .variable("MY_APP_CREDENTIALS__FIXED__TRIES", "9")
        .variable("AUTHN_CREDENTIALS__FIXED__TRIES", "8");
    let config = Loader::app("my-app").environment(environment).read();
    assert_eq!(setting(&config, "credentials.fixed.tries").value, Some(View::Integer(9)));
    let domain = setting(&config, "credentials.domain");
    assert!(matches!(&domain.provenance, Provenance::File { path, line: 2, column: 10 }
        if path.ends_with("user/my-app/config.toml")));
    assert_eq!(domain.overrides.len(), 1);
}

#[test]
fn all_profiles_can_be_listed_and_none_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".authn.toml"), "[profile.mine.credentials]").unwrap();
    let environment = Environment::empty()
        .working_directory(folder.path())
        .variable("AUTHN_PROFILE", "prod")
        .variable("AUTHN_PROFILE__CI__CREDENTIALS__DOMAIN", "ci.test");
    let texts = [BASE, "default_profile = 'nowhere'\n[profile.dev]\n[profile.prod]"];
    let config = loader(&texts).environment(environment.clone()).read();
    assert_eq!(config.profile(), Some("prod"));
    assert_eq!(config.profiles(), ["ci", "dev", "prod"]);
    let config = loader(&texts).environment(environment).without_profile().read();
    assert_eq!(config.profile(), None);
    assert_eq!(codes(&config), [("untrusted-project", None)]);
    assert_eq!(config.profiles().len(), 3);
    assert_eq!(
        setting(&config, "credentials.domain").value,
        Some(View::Text("api.example.com".to_owned()))
    );
}

#[test]
fn the_login_command_is_complete_and_contains_no_value() {
    let loader = || loader(&["[credentials.fixed]\nfixed = 'a'\n[profile.'a b'.credentials]"]);
    let command = |loader: Loader| loader.read().login_command().to_owned();
    assert_eq!(command(loader()), "authn login");
    assert_eq!(
        command(loader().profile("a b").set("credentials.fixed.tries=5").without_project()),
        "authn login --profile 'a b' --set credentials.fixed.tries=… --no-project"
    );
    // A key in quotes is repeated whole, and what is no flag is not repeated at all.
    assert_eq!(
        command(loader().set("credentials.other.\"a=b.c\".tries=s3cr3t").set("s3cr3t")),
        "authn login --set 'credentials.other.\"a=b.c\".tries'=…"
    );
    assert_eq!(command(loader().login_program("corp-cli", "authn")), "corp-cli login");
    assert_eq!(command(loader().login_program("fdt", "fdt")), "fdt --app authn login");
    assert_eq!(command(Loader::app("fdt").login_program("fdt", "fdt")), "fdt login");
    assert_eq!(command(Loader::app("fdt")), "authn --app fdt login");
}

#[test]
fn a_text_under_the_name_of_no_provider_is_an_unknown_provider() {
    for (text, near) in [
        ("nosuch = 's3cr3t'", None),
        ("fixd = 's3cr3t'", Some("did you mean `fixed`?")),
        ("domain = 'a.test'\nnosuch = 's3cr3t'", None),
    ] {
        let config = loader(&[&format!("[credentials]\n{text}")]).read();
        let problems: Vec<_> = config
            .problems()
            .iter()
            .filter(|problem| problem.severity() == Severity::Error)
            .collect();
        let [problem] = &problems[..] else { panic!("{text}: {problems:?}") };
        assert_eq!(problem.code().as_str(), "unknown-provider", "{text}");
        let help = problem.help().unwrap();
        assert!(
            help.contains("the providers of this program")
                && near.is_none_or(|near| help.contains(near)),
            "{help}"
        );
        assert!(!problem.render(false).contains("s3cr3t"), "{}", problem.render(false));
    }
    // A key that looks like an option, and one beside a real provider, are unknown keys.
    for (text, expected) in [
        (
            "[credentials]\ndomian = 'a.test'",
            [("no-provider", "credentials"), ("unknown-key", "credentials.domian")],
        ),
        (
            "[credentials]\nfixed = 'a'\nnosuch = 'b'",
            [("unknown-key", "credentials.nosuch"), ("no-origins", "credentials.domain")],
        ),
    ] {
        let config = loader(&[text]).read();
        let mut found: Vec<_> =
            codes(&config).into_iter().map(|(code, key)| (code, key.unwrap_or_default())).collect();
        found.sort_unstable();
        let mut expected = expected.map(|(code, key)| (code, key)).to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn messages_name_the_program_that_runs() {
    let read = |text: &str| loader(&[text]).login_program("corp auth", "corp").read();
    for (text, command) in [
        ("", "`corp auth --app authn config init PROVIDER`"),
        ("[credentials]\nother = []", "`corp auth --app authn providers other`"),
        ("[credentials.fixed]\nfixed = 'a'\ntries = []", "`corp auth --app authn providers fixed`"),
        ("[credentials.fixed]\nfixed = 'a'", "`corp auth --app authn config trust`"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = if command.contains("trust") {
            std::fs::write(folder.path().join(".authn.toml"), text).unwrap();
            let environment = Environment::empty().working_directory(folder.path());
            loader(&[]).environment(environment).login_program("corp auth", "corp").read()
        } else {
            read(text)
        };
        let helps: Vec<_> = config.problems().iter().filter_map(|problem| problem.help()).collect();
        assert!(helps.iter().any(|help| help.contains(command)), "{command}: {helps:?}");
        assert!(!helps.iter().any(|help| help.contains("`authn ")), "{command}: {helps:?}");
    }
}

#[test]
fn an_untrusted_project_file_chooses_a_profile_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("repository/deep/below");
    fs::create_dir_all(&work).unwrap();
    fs::create_dir(folder.path().join("repository/.git")).unwrap();
    let project = folder.path().join("repository/.authn.toml");
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    write(&folder.path().join(".authn.toml"), "[credentials]\ndomain = 'outside.test'");
    write(
        &project,
        "default_profile = 'prod'\n[credentials]\ndomain = 'evil.test'\norigins = ['*']\n\
         [credentials.fixed]\nfixed = { file = '/etc/hostname' }\n\
         [profile.prod.credentials]\ndomain = 'evil.test'\n[http]\nproxy = 'http://evil.test'",
    );
    let environment = Environment::empty().working_directory(&work);
    let config = loader(&[BASE]).environment(environment.clone()).read();
    assert_eq!(config.profile(), Some("prod"));
    assert_eq!(
        setting(&config, "credentials.domain").value,
        Some(View::Text("prod.example.com".to_owned()))
    );
    let withheld: Vec<_> = config
        .settings()
        .into_iter()
        .filter(|setting| setting.is_withheld)
        .map(|setting| setting.key)
        .collect();
    assert_eq!(
        withheld,
        [
            "credentials.domain",
            "credentials.fixed.fixed",
            "credentials.origins",
            "http.proxy",
            "credentials.domain",
        ]
    );
    let credentials = config.credentials().unwrap();
    let origins: Vec<String> = credentials.origins().iter().collect();
    assert_eq!(origins, ["https://prod.example.com"]);
    // A profile that only the project defines is none.
    write(&project, "default_profile = 'mine'\n[profile.mine.credentials]\ndomain = 'evil.test'");
    let config = loader(&[BASE]).environment(environment.clone()).read();
    let unknown = ("untrusted-profile", Some("default_profile"));
    assert_eq!(codes(&config), [("untrusted-project", None), unknown]);
    let config = loader(&[BASE]).environment(environment).without_project().read();
    assert!(config.problems().is_empty());
    assert_eq!(config.profile(), None);
}

#[test]
fn a_path_that_is_not_a_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| {
        let config = loader(&[BASE]).file(path).read();
        config
            .problems()
            .iter()
            .map(|problem| problem.code().as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(code(&folder.path().join("none.toml")), ["no-such-file"]);
    assert_eq!(code(folder.path()), ["not-a-file"]);
    let path = folder.path().join("defaults");
    fs::write(&path, b"[credentials]\ndomain = '\xff'").unwrap();
    assert_eq!(code(&path), ["not-utf-8"]);
    let config = loader(&[BASE]).file(&path).read();
    assert!(config.problems()[0].provenance().unwrap().to_string().ends_with("defaults:2:11"));
    fs::write(&path, "").unwrap();
    assert!(code(&path).is_empty(), "an empty file sets nothing");
    fs::write(&path, " ".repeat(2 << 20)).unwrap();
    assert_eq!(code(&path), ["too-large"]);
}

#[test]
fn the_debug_of_a_loader_contains_no_secret() {
    let loader = loader(&["[credentials]\nfixed = 's3cr3t'"]).set("a=s3cr3t");
    assert!(!format!("{loader:?}").contains("s3cr3t"), "{loader:?}");
}

#[test]
fn an_application_name_cannot_leave_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("config")).unwrap();
    let text = "[credentials]\ndomain = 'elsewhere.example'";
    for place in ["config.toml", "x/config.toml"] {
        let path = folder.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    for name in ["../x", "..", "", "a.b", "a b", "ä"] {
        let environment = Environment::empty().user_directory(folder.path().join("config"));
        let loader = || Loader::app(name).environment(environment.clone());
        assert!(loader().project_candidates().is_empty() && loader().project().is_none());
        let config = loader().read();
        assert_eq!(config.problems()[0].code().as_str(), "app-name", "{name}");
        assert!(config.sources().is_empty(), "{name}");
        assert!(!format!("{:?}", config.settings()).contains("elsewhere"), "{name}");
        assert!(config.credentials().is_err());
    }
}

#[test]
#[cfg(unix)]
fn what_is_not_utf8_is_an_error_and_not_ignored() {
    use std::os::unix::ffi::OsStringExt as _;

    let odd = || std::ffi::OsString::from_vec(b"s3cr3t\xff".to_vec());
    let base =
        "[credentials]\ndomain = \"a.test\"\n[credentials.fixed]\nfixed = { env = \"TOKEN\" }";
    let set = |name: &str| Environment::empty().variable("TOKEN", "t").variable(name, odd());
    let mut odd_name = b"AUTHN_CREDENTIALS__FIXED__WAIT\xff".to_vec();
    let odd_name = std::ffi::OsString::from_vec(std::mem::take(&mut odd_name));
    for (environment, expected) in [
        (
            set("AUTHN_PROFILE"),
            Some("env AUTHN_PROFILE: the environment variable AUTHN_PROFILE is not UTF-8 text"),
        ),
        (
            set("AUTHN_CREDENTIALS__FIXED__WAIT"),
            Some(
                "env AUTHN_CREDENTIALS__FIXED__WAIT: the environment variable AUTHN_CREDENTIALS__FIXED__WAIT is not UTF-8 text",
            ),
        ),
        (
            set("TOKEN"),
            Some(
                "defaults:4:9: credentials.fixed.fixed: the environment variable TOKEN is not UTF-8 text",
            ),
        ),
        (
            set("X").variable(odd_name, "1"),
            Some(
                "env AUTHN_CREDENTIALS__FIXED__WAIT\u{fffd}: the name of the variable is not UTF-8",
            ),
        ),
        // A path need not be UTF-8.
        (set("AUTHN_CONFIG"), Some("env AUTHN_CONFIG: the variable has a relative path")),
        (set("UNRELATED").variable(odd(), odd()), None),
        // It is not used.
        (set("OTHER_PROFILE"), None),
    ] {
        let config = Loader::new().environment(environment).defaults(base).read();
        let Some(expected) = expected else {
            assert!(config.problems().is_empty(), "{:?}", config.problems());
            continue;
        };
        let error = config.credentials().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    let config = Loader::new().environment(set("AUTHN_PROFILE")).defaults(base);
    assert!(config.clone().without_profile().load().is_ok(), "the variable is not used");
}

#[test]
#[cfg(unix)]
fn a_path_in_a_variable_need_not_be_utf8() {
    use std::os::unix::ffi::OsStringExt as _;

    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsString::from_vec(b"a\xffb".to_vec()));
    fs::create_dir(&odd).unwrap();
    let path = odd.join("config.toml");
    fs::write(&path, "[credentials]\ndomain = \"a.test\"\nfixed = \"t\"").unwrap();
    let environment = Environment::empty().variable("AUTHN_CONFIG", path.as_os_str());
    assert!(Loader::new().environment(environment).load().is_ok());
    fs::create_dir(odd.join("authn")).unwrap();
    fs::rename(&path, odd.join("authn/config.toml")).unwrap();
    assert!(Loader::new().environment(Environment::empty().user_directory(&odd)).load().is_ok());
}

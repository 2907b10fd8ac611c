//! Limits of a configuration: nesting, keys that are long or many, and problems that are many.

use authn::{
    Environment, Loader,
    config::{Config, ProblemCode, Severity},
};

/// How many problems are shown.
const SHOWN: usize = 50;

/// The largest number of parts of a key.
const DEEPEST: usize = 32;

fn loader() -> Loader {
    Loader::new().environment(Environment::empty())
}

fn inline(text: &str) -> Config {
    loader().defaults(text).read()
}

/// Returns the same part this number of times, with a separator.
fn nested(part: &str, separator: &str, parts: usize) -> String {
    vec![part; parts].join(separator)
}

fn problem(config: &Config, code: ProblemCode) -> Option<String> {
    config.problems().iter().find(|problem| problem.code() == code).map(ToString::to_string)
}

/// The ways to write a value at a key with this number of parts, each with the provenance of a problem.
#[expect(clippy::type_complexity, reason = "a table")]
fn ways() -> Vec<(&'static str, fn(usize) -> Config, &'static str)> {
    let mut ways: Vec<(_, fn(usize) -> Config, _)> = vec![
        ("dotted key", |parts| inline(&format!("{} = 1", nested("a", ".", parts))), "defaults:1:"),
        (
            "header",
            |parts| inline(&format!("[{}]\na = 1", nested("a", ".", parts - 1))),
            "defaults:",
        ),
        (
            "list of tables",
            |parts| inline(&format!("[[{}]]\na = 1", nested("a", ".", parts - 2))),
            "defaults:",
        ),
        (
            "inline tables",
            |parts| {
                inline(
                    &format!("{}1{}", "a = { ".repeat(parts), " }".repeat(parts))
                        .replace("{ 1 }", "1"),
                )
            },
            "defaults:1:",
        ),
        (
            "lists",
            |parts| inline(&format!("a = {}1{}", "[".repeat(parts - 1), "]".repeat(parts - 1))),
            "defaults:1:",
        ),
        (
            "profile",
            |parts| inline(&format!("[profile.p]\n{} = 1", nested("a", ".", parts - 2))),
            "defaults:",
        ),
        (
            "variable",
            |parts| {
                let name = format!("AUTHN_CREDENTIALS__{}", nested("A", "__", parts - 1));
                Loader::new().environment(Environment::empty().variable(name, "1")).read()
            },
            "env AUTHN_CREDENTIALS__A__A",
        ),
        (
            "value of a variable",
            |parts| {
                let value = format!("{}1{}", "[".repeat(parts - 2), "]".repeat(parts - 2));
                let environment = Environment::empty().variable("AUTHN_CREDENTIALS__A", value);
                Loader::new().environment(environment).read()
            },
            "env AUTHN_CREDENTIALS__A",
        ),
        (
            "flag",
            |parts| loader().set(&format!("{}=1", nested("a", ".", parts))).read(),
            "flag --set",
        ),
        (
            "value of a flag",
            |parts| {
                let value = format!("{}1{}", "[".repeat(parts - 2), "]".repeat(parts - 2));
                loader().set(&format!("a.b={value}")).read()
            },
            "flag --set a.b",
        ),
    ];
    #[cfg(feature = "figment")]
    {
        use figment::providers::{Format as _, Json};

        ways.push((
            "layer",
            |parts| {
                let text = format!("{}1{}", "{\"a\":".repeat(parts), "}".repeat(parts));
                loader().layer(Json::string(&text)).read()
            },
            "JSON source string: default.a.a",
        ));
        ways.push((
            "lists of a layer",
            |parts| {
                let text = format!("{{\"a\":{}1{}}}", "[".repeat(parts - 1), "]".repeat(parts - 1));
                loader().layer(Json::string(&text)).read()
            },
            "JSON source string: default.a",
        ));
    }
    ways
}

#[test]
fn values_are_nested_at_most_32_deep_in_every_layer() {
    for (name, read, place) in ways() {
        let config = read(DEEPEST);
        assert_eq!(problem(&config, ProblemCode::TooDeep), None, "{name}");
        assert_eq!(problem(&config, ProblemCode::Syntax), None, "{name}");
        let mut deeper = vec![DEEPEST + 1, 79, 100];
        if !name.contains("layer") {
            deeper.extend([1000, 15_000]);
        }
        for parts in deeper {
            let config = read(parts);
            let found = problem(&config, ProblemCode::TooDeep);
            let found = found.unwrap_or_else(|| panic!("{name} {parts}: {:?}", config.problems()));
            assert!(found.starts_with(place), "{name} {parts}: {found}");
            assert!(found.ends_with("; nest at most 32 tables and lists in each other"), "{found}");
            assert!(found.len() < 400, "{name} {parts}: {found}");
            assert!(config.credentials().is_err());
        }
    }
}

#[test]
fn dotted_keys_in_inline_tables_do_not_multiply() {
    let key = nested("a", ".", 79);
    let text = format!("{}1{}", format!("{key} = {{ ").repeat(70), " }".repeat(70));
    let text = text.replace("{ 1 }", "1");
    let found = problem(&inline(&text), ProblemCode::TooDeep).expect("a problem");
    assert!(found.starts_with("defaults:1:"), "{found}");
    let environment =
        Environment::empty().variable("AUTHN_CREDENTIALS__A", format!("{{ {text} }}"));
    let config = Loader::new().environment(environment).read();
    assert!(problem(&config, ProblemCode::TooDeep).is_some());
}

#[test]
fn a_long_key_is_shortened_in_every_message() {
    let long = "k".repeat(100_000);
    let upper = long.to_uppercase();
    for config in [
        inline(&format!("{long} = 1")),
        inline(&format!("[credentials]\n{long} = 1")),
        inline(&format!("[profile.{long}]\ncredentials.x = 1")),
        inline(&format!("default_profile = \"{long}\"")),
        inline(&format!("[credentials]\nprovider = \"{long}\"")),
        inline(&format!("[credentials.{long}]\n[credentials.{long}2]")),
        loader().profile(&long).read(),
        loader().set(&format!("{long}=1")).read(),
        loader().set(&format!("{long}=1")).set(&format!("{long}.a=1")).read(),
        Loader::new()
            .environment(Environment::empty().variable(format!("AUTHN_{upper}"), "1"))
            .read(),
        Loader::new()
            .environment(Environment::empty().variable(format!("AUTHN_HTTP__{upper}"), "1"))
            .read(),
    ] {
        for problem in config.problems() {
            assert!(problem.to_string().len() < 2000, "{}", problem.to_string().len());
            let rendered = problem.render(false);
            assert!(rendered.len() < 4000, "{}", rendered.len());
        }
    }
}

#[test]
fn many_problems_are_counted_and_the_first_are_shown() {
    let keys: Vec<_> = (0..5000).map(|number| format!("domian_{number} = 1\n")).collect();
    let keys = keys.concat();
    let config = inline(&format!("[credentials]\n{keys}"));
    let unknown = config.problems().iter().filter(|one| one.code() == ProblemCode::UnknownKey);
    assert_eq!(unknown.count(), 5000, "every value with a problem is known");
    // Only those that are shown have a line and a suggestion.
    let suggestions = config
        .problems()
        .iter()
        .filter(|problem| problem.help().is_some_and(|help| help.starts_with("did you mean")));
    assert!(suggestions.count() <= SHOWN);
    let error = config.credentials().expect_err("unknown keys");
    assert_eq!(error.problems().len(), SHOWN);
    assert!(error.problems().iter().all(|problem| problem.severity() == Severity::Error));
    let text = error.to_string();
    let summary =
        "the configuration has 5001 problems: the first 50 are listed, and 4951 more are not\n";
    assert!(text.starts_with(summary), "{text}");
    assert!(error.problems()[1].render(false).contains("domian_0 = ***"));
}

#[test]
fn the_excerpt_of_a_long_line_is_cut_around_its_mark() {
    let secrets = |name: &str| -> String {
        let pair = |number| format!("{name}{number} = \"s3cr3t\", \"{name}{number} key\" = 'x', ");
        (0..1000).map(pair).collect()
    };
    let text = format!("credentials = {{ {}number = 1, {} z = 1 }}", secrets("a"), secrets("b"));
    let config = inline(&text);
    let at = text.find(" number = 1").expect("it is there") + " number = ".len() + 1;
    let place = format!("defaults:1:{at}");
    let number = config
        .problems()
        .iter()
        .find(|problem| problem.key() == Some("credentials.number"))
        .expect("an unknown key");
    assert_eq!(number.provenance().expect("a place").to_string(), place);
    for problem in config.problems() {
        let rendered = problem.render(false);
        assert!(!rendered.contains("s3cr3t"), "{rendered}");
        assert!(rendered.len() < 2000, "{rendered}");
    }
}

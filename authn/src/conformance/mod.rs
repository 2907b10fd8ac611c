//! Tests a provider or a store in one line, and all linked providers in a loop.
//!
//! ```
//! # use authn::{Context, Result, SecretString, Token, TokenProvider};
//! # /// Returns a fixed token.
//! # #[authn::token_provider("conforming")]
//! # struct Conforming {
//! #     /// The token.
//! #     _token: SecretString,
//! # }
//! # impl TokenProvider for Conforming {
//! #     async fn token(&self, _: &Context) -> Result<Token> { Token::new(&*self._token.expose()) }
//! # }
//! let report = authn::conformance::check::<Conforming>("token = 'abc'");
//! assert!(report.token.is_ok());
//! ```

mod attempt;
mod canary;
mod refusal;
mod stores;

use std::time::SystemTime;

use toml_edit::{Array, DocumentMut, Item, Table};

use self::attempt::Attempt;
use crate::{
    Entry, Environment, Loader, Provider, Registry, Result, Token, View,
    diagnostic::ProblemCode,
    options::{Field, Kind, Type},
};

pub use canary::{Canary, Encoding};
pub use refusal::{rejects, rejects_at};
pub use stores::{check_store, check_store_with};

/// The result of a check that found no fault; [`check`] panics with faults.
///
/// Assert what the exchange did, too: the check accepts any error, because there may be no server.
///
/// ```no_run
/// # fn example(report: authn::conformance::Report) {
/// assert!(report.token.is_ok()); // or `report.token.unwrap_err().kind()`, if there is no server
/// assert_eq!(report.unswept, ["key"]); // the provider accepts only a real key
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "check whether the exchange succeeded"]
pub struct Report {
    /// The result of the exchange with the given options.
    pub token: Result<Token>,
    /// The secret options for which the provider accepts no made-up value together with the given options. They were
    /// not searched for in `Debug` and in the exchange. A check with other options may reach them.
    pub unswept: Vec<&'static str>,
}

/// Checks a provider with the given options, which are the lines of its table in TOML.
///
/// It checks that
///
/// - the options are accepted,
/// - the provider and each of its options are documented,
/// - each default can be read as it is shown,
/// - neither the exchange nor `authorize` panics, also with other secrets,
/// - the token has not expired,
/// - no secret is shown by `Debug`, by `config show`, in problems, in the error of the exchange or of
///   `authorize`, or by the headers of a request that it authorises.
///
/// For the last of these it sets each secret option to a made-up secret and searches for it. Sessions are in a temporary
/// folder.
///
/// # Panics
///
/// If there are faults, with a list of them. An exchange that fails is no fault, because there may be no server: its error
/// is in the report, for the test to assert.
pub fn check<P: Provider>(options: &str) -> Report {
    check_entry(&P::ENTRY, options)
}

/// Checks a provider like [`check`], by its entry in the registry.
///
/// ```standalone_crate
/// for entry in authn::Registry::linked()?.iter() {
///     let options = authn::conformance::sample(entry, "made-up");
///     let report = authn::conformance::check_entry(entry, &options);
///     println!("{}: {:?}", entry.name(), report.token);
/// }
/// # Ok::<(), authn::Error>(())
/// ```
///
/// # Panics
///
/// If there are faults, with a list of them.
pub fn check_entry(entry: &Entry, options: &str) -> Report {
    let mut faults = documentation(entry);
    faults.extend(defaults(entry));
    let (_folder, loader) = loader(entry, options, None);
    let token = loader.load().and_then(|credentials| {
        let attempt = Attempt::of(&credentials);
        faults.extend(attempt.panics(entry));
        attempt.token
    });
    match &token {
        Ok(token) if token.expires_at().is_some_and(|at| at <= SystemTime::now()) => {
            faults.push("the token that the exchange gave has expired".to_owned());
        }
        Err(error) if !error.problems().is_empty() => {
            faults.push(format!("the options are not accepted: {error}"));
        }
        _ => {}
    }
    let mut unswept = Vec::new();
    for (path, field) in secrets(entry) {
        let (swept, leaks) = leaks(entry, &path, field, options);
        for leak in leaks {
            // A panic has been found before, if it is not of that secret.
            if !faults.contains(&leak) {
                faults.push(leak);
            }
        }
        if !swept {
            unswept.push(field.key());
        }
    }
    assert!(faults.is_empty(), "provider `{}`:\n- {}", entry.name(), faults.join("\n- "));
    Report { token, unswept }
}

/// Returns lines for a provider's table that set each secret option to `secret`, and each other required option to a value
/// of its type. The values need not make sense together.
pub fn sample(entry: &Entry, secret: &str) -> String {
    let lines =
        entry.fields().filter(|field| is_sampled(field)).map(|field| assignment(field, secret));
    let inner = entry.has_inner_provider().then(|| inner_sample(secret)).flatten();
    lines.chain(inner).collect::<Vec<_>>().join("\n")
}

/// Returns another provider's table for among the options: any that returns a token and needs only a secret.
fn inner_sample(secret: &str) -> Option<String> {
    let registry = Registry::linked().ok()?;
    let simple = registry.iter().find(|entry| {
        !entry.has_inner_provider()
            && entry.has_placement()
            && entry.shorthand().is_some_and(|field| field.kind() == Kind::Secret)
    })?;
    Some(format!("{} = {secret:?}", simple.name()))
}

/// Returns whether an option is secret, required, or a table with such options.
fn is_sampled(field: &Field) -> bool {
    field.kind() == Kind::Secret
        || field.is_required()
        || field.value_type().options().is_some_and(|(fields, _)| fields.iter().any(is_sampled))
}

/// Returns all secret options with their paths, including those in tables.
fn secrets(entry: &Entry) -> impl Iterator<Item = (String, &'static Field)> {
    entry.options().into_iter().filter(|(_, field)| field.kind() == Kind::Secret)
}

fn assignment(field: &Field, secret: &str) -> String {
    format!("{} = {}", field.key(), value(&field.value_type(), secret))
}

fn table(entries: impl Iterator<Item = String>) -> String {
    format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
}

fn value(r#type: &Type, secret: &str) -> String {
    match r#type {
        Type::Boolean => "false".to_owned(),
        Type::Integer => "1".to_owned(),
        Type::Number => "1.0".to_owned(),
        Type::String | Type::Path | Type::Any => "\"sample\"".to_owned(),
        // Port 9 is `discard`. Usually no program listens on it.
        Type::Url | Type::Origin => "\"http://127.0.0.1:9\"".to_owned(),
        Type::Duration => "\"1s\"".to_owned(),
        Type::Choice(words) => format!("{:?}", words.first().copied().unwrap_or_default()),
        Type::Command => "[\"sample\"]".to_owned(),
        Type::List(of) => format!("[{}]", value(of, secret)),
        Type::Map(of) => format!("{{ sample = {} }}", value(of, secret)),
        Type::Table(entries) => {
            table(entries.iter().map(|(key, of)| format!("{key} = {}", value(of, secret))))
        }
        Type::Tuple(length) => format!("[{}]", vec!["\"1\""; *length].join(", ")),
        Type::Text(form) => format!("{:?}", form_sample(form)),
        Type::Options(fields) => {
            let sampled = fields.iter().filter(|field| is_sampled(field));
            table(sampled.map(|field| assignment(field, secret)))
        }
        Type::Secret => format!("{secret:?}"),
        Type::Provider => table(inner_sample(secret).into_iter()),
    }
}

/// Returns a text of a named form.
fn form_sample(form: &str) -> &'static str {
    match (form.contains("socket"), form.contains("IPv6")) {
        (true, true) => "[::1]:9",
        (true, false) => "127.0.0.1:9",
        (false, true) => "::1",
        (false, false) => "127.0.0.1",
    }
}

/// Returns the faults of defaults that can't be read as they are shown.
fn defaults(entry: &Entry) -> Vec<String> {
    let read = |(path, field): (String, &Field)| {
        let default = field.default().filter(View::is_complete)?;
        let (_folder, loader) = loader(entry, &format!("{path} = {default}"), None);
        let config = loader.read();
        let key = format!("credentials.{}.{path}", entry.name());
        let problem = config.problems().iter().find(|problem| {
            let below = problem.key().and_then(|at| at.strip_prefix(&key));
            matches!(
                problem.code(),
                ProblemCode::WrongType | ProblemCode::UnknownKey | ProblemCode::Syntax
            ) && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })?;
        Some(format!("the default of `{path}`, {default}, is refused: {problem}"))
    };
    let is_settable = |path: &String| !path.contains("[]") && !path.contains(".NAME.");
    let options = entry.options().into_iter().filter(|(path, _)| is_settable(path));
    options.filter_map(read).collect()
}

fn documentation(entry: &Entry) -> Vec<String> {
    let provider = entry.doc().is_empty().then(|| "it has no documentation".to_owned());
    let options = entry.options().into_iter().filter(|(_, field)| field.doc().is_empty());
    let options = options.map(|(path, _)| format!("`{path}` has no documentation"));
    provider.into_iter().chain(options).collect()
}

/// Sets a secret option together with the given ones, and searches for it in everything that can be shown. Returns also
/// whether the search included the exchange.
fn leaks(entry: &Entry, path: &str, field: &Field, options: &str) -> (bool, Vec<String>) {
    let mut faults = Vec::new();
    let mut tries = vec![
        (options.to_owned(), String::new()),
        // A secret may exclude another one.
        (without_secrets(entry, options), String::new()),
    ];
    // If a made-up secret alone is not accepted, it may be accepted as a comment above the given one, such as in a PEM
    // file.
    tries.extend(given(path, options).map(|given| (options.to_owned(), format!("\n{given}"))));
    for (options, below) in tries {
        let canary = Canary::new();
        let secret = format!("{}{below}", canary.as_str());
        let mut look = |place: &str, shown: &str| {
            if let Some(encoding) = canary.find_in(shown.as_bytes()) {
                faults.push(format!("{place} shows the secret `{path}` ({encoding:?})"));
            }
        };
        let variable = variable(entry, path, field, &options, &secret);
        let (_folder, loader) = loader(entry, &options, Some(variable));
        let config = loader.read();
        look("a setting", &format!("{:?}", config.settings()));
        look("a problem", &format!("{:?}", config.problems()));
        for problem in config.problems() {
            look("a rendered problem", &problem.render(false));
        }
        let Ok(credentials) = config.credentials() else { continue };
        look("`{:?}`", &format!("{credentials:?}"));
        look("`{:#?}`", &format!("{credentials:#?}"));
        let attempt = Attempt::of(&credentials);
        attempt.show(&mut look);
        faults.extend(attempt.panics(entry));
        return (true, faults);
    }
    (false, faults)
}

/// Returns the key and the value of a given option.
fn find<'d>(
    document: &'d toml_edit::Document<&str>,
    path: &str,
) -> Option<(&'d toml_edit::Key, &'d toml_edit::Item)> {
    let (table, key) = match path.rsplit_once('.') {
        Some((table, key)) => (find(document, table)?.1.as_table_like()?, key),
        None => (document.as_table() as &dyn toml_edit::TableLike, path),
    };
    table.get_key_value(key)
}

/// Returns the text of a given option.
fn given(path: &str, options: &str) -> Option<String> {
    let document = toml_edit::Document::parse(options).ok()?;
    find(&document, path)?.1.as_str().map(str::to_owned)
}

/// Returns the given options without the secret ones.
fn without_secrets(entry: &Entry, options: &str) -> String {
    let Ok(document) = toml_edit::Document::parse(options) else { return options.to_owned() };
    let mut spans: Vec<_> = secrets(entry)
        .filter_map(|(path, _)| {
            let (key, value) = find(&document, &path)?;
            Some(key.span()?.start..value.span()?.end)
        })
        .collect();
    // From the last to the first, so that the spans of the others stay valid.
    spans.sort_unstable_by_key(|span| std::cmp::Reverse(span.start));
    let mut left = options.to_owned();
    for span in spans {
        left.replace_range(span, "");
    }
    left
}

/// Returns the variable that sets a secret option. If the option is in a table that was not given, or in a list or a map
/// of tables, the variable sets this table, list or map as a whole.
fn variable(
    entry: &Entry,
    path: &str,
    field: &Field,
    options: &str,
    secret: &str,
) -> (String, String) {
    let document = toml_edit::Document::parse(options).ok();
    let is_given = |path| document.as_ref().is_some_and(|document| find(document, path).is_some());
    let all = entry.options();
    let holders = path.match_indices(['.', '[']).map(|(end, _)| &path[..end]);
    let whole = holders
        .filter_map(|holder| all.iter().find(|(path, _)| path == holder))
        .find(|(path, field)| !matches!(field.value_type(), Type::Options(_)) || !is_given(path));
    let (path, field) = whole.map_or((path, field), |(path, field)| (path, field));
    let name = format!("AUTHN_CREDENTIALS__{}__{}", entry.name(), path.replace('.', "__"));
    let text = match field.value_type() {
        Type::Secret => secret.to_owned(),
        other => value(&other, secret),
    };
    (name.to_uppercase(), text)
}

/// Returns a configuration with these options of a provider. They are the provider's own document: a table in it is one below
/// the provider's.
fn configuration(name: &str, options: &str) -> String {
    let Ok(document) = options.parse::<DocumentMut>() else {
        // Loading it reports why.
        return format!("[credentials.{name}]\n{options}\n");
    };
    let mut credentials = Table::new();
    credentials.insert("origins", toml_edit::value(Array::from_iter(["*"])));
    credentials.insert(name, Item::Table(document.as_table().clone()));
    let mut configuration = DocumentMut::new();
    configuration.insert("credentials", Item::Table(credentials));
    configuration.to_string()
}

/// Creates a loader with a state directory of its own, which is removed with the guard.
fn loader(
    entry: &Entry,
    options: &str,
    variable: Option<(String, String)>,
) -> (tempfile::TempDir, Loader) {
    let folder = tempfile::tempdir()
        .unwrap_or_else(|error| panic!("no temporary folder can be created: {error}"));
    let mut environment = Environment::empty().state_directory(folder.path());
    if let Some((name, value)) = variable {
        environment = environment.variable(name, value);
    }
    let name = entry.name();
    let mut loader = Loader::new().environment(environment).defaults(&configuration(name, options));
    // If that fails, the loader reports the problem of the linked providers.
    if let Ok(registry) = Registry::builder().linked().with(*entry).build() {
        loader = loader.registry(registry);
    }
    (folder, loader)
}

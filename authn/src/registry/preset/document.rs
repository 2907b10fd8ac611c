//! `PresetDocument`: the text of a preset, read. It starts with what the preset is about, and `[options]` has the values.

use crate::{
    diagnostic::{Problem, ProblemCode, Provenance, nearest, shortened},
    options::{Entries, Item, Value},
};

/// What is known of a service, by the name that the option `preset` chooses. [`Loader::presets`](crate::Loader::presets)
/// lists the presets.
///
/// ```
/// use authn::{Environment, Loader, config::Preset};
///
/// authn::preset!("shown", r#"
///     title = "A service"
///     provider = "shown_provider"
///     source = "https://docs.example.com/login"
///     needs = ["client_id"]
///     [options]
/// "#);
///
/// /// Returns a constant token.
/// #[authn::token_provider("shown_provider")]
/// struct ShownProvider {}
/// # impl authn::TokenProvider for ShownProvider {
/// #     async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> { authn::Token::new("abc") }
/// # }
///
/// # fn main() -> authn::Result<()> {
/// let presets: Vec<Preset> = Loader::new().environment(Environment::empty()).presets()?;
/// assert_eq!((presets[0].name.as_str(), presets[0].title.as_str()), ("shown", "A service"));
/// assert_eq!(presets[0].needs, ["client_id"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preset {
    /// The name that a configuration chooses it by.
    pub name: String,
    /// The service, in a few words.
    pub title: String,
    /// The provider whose options it sets.
    pub provider: String,
    /// The page of the service that documents the values.
    pub source: String,
    /// The day on which the values were compared with that page, `YYYY-MM-DD`.
    pub checked: Option<String>,
    /// The options that a user must set beside it: the path of each, such as `parameters.tenant`, or several with ` or `
    /// between them, of which one is enough.
    pub needs: Vec<String>,
    /// Where it is: in a linked crate, or in a file of the user's own.
    pub provenance: Provenance,
}

/// A preset, and its values.
pub(crate) struct PresetDocument {
    pub(crate) preset: Preset,
    pub(crate) options: Entries,
}

/// The keys before the values.
const KEYS: [&str; 6] = ["title", "provider", "source", "checked", "needs", OPTIONS];

/// The table of the values.
const OPTIONS: &str = "options";

impl PresetDocument {
    /// Reads a preset from the values of its text. Problems are added to `problems`.
    pub(crate) fn read(
        name: &str,
        provenance: Provenance,
        entries: Entries,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        Reader { name, provenance, problems }.read(entries)
    }
}

/// Reads a preset, and reports all problems of its head.
struct Reader<'a> {
    name: &'a str,
    provenance: Provenance,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn read(mut self, mut entries: Entries) -> Option<PresetDocument> {
        let before = self.problems.len();
        for (key, item) in &entries {
            if !KEYS.contains(&key.as_str()) {
                let near = nearest(key, KEYS.into_iter());
                let help = near.map_or_else(
                    || format!("move an option of the provider into `[{OPTIONS}]`"),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("there is no key `{}` in a preset", shortened(key));
                self.report(ProblemCode::UnknownKey, &message, key, Some(item), help);
            }
        }
        let title = self.text(&entries, "title", true);
        let provider = self.text(&entries, "provider", true);
        let source = self.text(&entries, "source", true);
        let checked = self.text(&entries, "checked", false);
        let needs = self.needs(&entries);
        let options = match entries.remove(OPTIONS) {
            None => Entries::new(),
            Some(Item { value: Value::Table(entries), .. }) => entries,
            Some(item) => {
                self.wrong_type("a table", OPTIONS, &item);
                Entries::new()
            }
        };
        if self.problems.len() > before {
            return None;
        }
        let (name, provenance) = (self.name.to_owned(), self.provenance);
        let (title, provider, source) = (title?, provider?, source?);
        let preset = Preset { name, title, provider, source, checked, needs, provenance };
        Some(PresetDocument { preset, options })
    }

    fn text(&mut self, entries: &Entries, key: &str, required: bool) -> Option<String> {
        let Some(item) = entries.get(key) else {
            if required {
                let help = format!("set `{key}` at the start of the preset");
                let message = format!("the preset has no `{key}`");
                self.report(ProblemCode::MissingKey, &message, key, None, help);
            }
            return None;
        };
        if item.as_text().is_none() {
            self.wrong_type("a text", key, item);
        }
        item.as_text().map(str::to_owned)
    }

    fn needs(&mut self, entries: &Entries) -> Vec<String> {
        let Some(item) = entries.get("needs") else { return Vec::new() };
        let texts: Option<Vec<String>> = match &item.value {
            Value::Array(items) => {
                items.iter().map(|item| item.as_text().map(str::to_owned)).collect()
            }
            _ => None,
        };
        texts.unwrap_or_else(|| {
            self.wrong_type("a list of texts", "needs", item);
            Vec::new()
        })
    }

    fn wrong_type(&mut self, expected: &str, key: &str, item: &Item) {
        let message = format!("expected {expected}, found {}", item.found());
        self.report(ProblemCode::WrongType, &message, key, Some(item), format!("write {expected}"));
    }

    fn report(
        &mut self,
        code: ProblemCode,
        message: &str,
        key: &str,
        item: Option<&Item>,
        help: String,
    ) {
        let provenance = item.map_or(&self.provenance, |item| &item.provenance);
        let problem = Problem::error(code, message).with_key(key).with_help(help);
        self.problems.push(problem.with_provenance(provenance.clone()));
    }
}

//! `Document`: the text of a preset, read. It starts with what the preset is about, and `[options]` has the values.

use std::sync::Arc;

use crate::{
    config::layers::file,
    diagnostic::{Problem, ProblemCode, Provenance, SourceText, nearest},
    options::{Entries, Item, Value, toml},
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
    /// The options that a user must set beside it.
    pub needs: Vec<String>,
    /// Where it is: in a linked crate, or in a file of the user's own.
    pub provenance: Provenance,
}

/// A preset, and its values.
pub(super) struct Document {
    pub(super) preset: Preset,
    pub(super) options: Entries,
    /// The text of a user's file, from which problems show lines.
    pub(super) text: Option<Arc<SourceText>>,
}

/// The keys before the values.
const KEYS: [&str; 6] = ["title", "provider", "source", "checked", "needs", OPTIONS];

/// The table of the values.
const OPTIONS: &str = "options";

impl Document {
    /// Reads the text of a linked preset.
    pub(super) fn linked(name: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let provenance = Provenance::Preset { name: name.to_owned() };
        let Some(entries) = toml::parse_document(text, &provenance) else {
            // Its text is a part of this program, so there is no file to show.
            let message = "the text of this preset is not valid TOML";
            let problem = Problem::error(ProblemCode::Syntax, message)
                .with_provenance(provenance)
                .with_help("fix it in the crate that registers it");
            problems.push(problem);
            return None;
        };
        Reader { name, provenance, problems }.read(entries, None)
    }

    /// Reads the text of a user's file.
    pub(super) fn of_user(
        name: &str,
        text: Arc<SourceText>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let provenance = text.provenance(0);
        let entries = file::document(&text, problems)?;
        Reader { name, provenance, problems }.read(entries, Some(text))
    }
}

/// Reads a preset, and reports all problems of its head.
struct Reader<'a> {
    name: &'a str,
    provenance: Provenance,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn read(mut self, mut entries: Entries, text: Option<Arc<SourceText>>) -> Option<Document> {
        let before = self.problems.len();
        for (key, item) in &entries {
            if !KEYS.contains(&key.as_str()) {
                let near = nearest(key, KEYS.into_iter());
                let help = near.map_or_else(
                    || format!("move an option of the provider into `[{OPTIONS}]`"),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(ProblemCode::UnknownKey, "unknown key", key, Some(item), help);
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
        Some(Document { preset, options, text })
    }

    fn text(&mut self, entries: &Entries, key: &str, required: bool) -> Option<String> {
        match entries.get(key) {
            Some(item) => {
                let text = item.as_text();
                if text.is_none() {
                    self.wrong_type("a text", key, item);
                }
                text.map(str::to_owned)
            }
            None => {
                if required {
                    let help = format!("set `{key}` at the start of the preset");
                    self.report(ProblemCode::MissingKey, "a required key is missing", key, None, help);
                }
                None
            }
        }
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

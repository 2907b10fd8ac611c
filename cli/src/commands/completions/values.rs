//! The values that a shell can propose: from the registry, and from the configuration without its secrets.

use std::{cell::OnceCell, collections::BTreeSet, ffi::OsString, path::PathBuf};

use authn::{
    Entry, Loader, Registry,
    config::{Config, LayerName, Provenance},
    options::{Field, Kind, Type},
    private::sorted,
    reference::{TableDescription, describe},
};
use clap_complete::engine::CompletionCandidate;

use crate::{commands::options::first_sentence, program::Program};

/// What the values of an argument are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Profile,
    Provider,
    /// A table of a configuration, or an option.
    Table,
    /// The key of an option.
    Key,
    /// The key of an option that `config show` lists.
    Setting,
    /// The key of an option that a file of the user sets.
    InFile,
    /// The value of the option whose key is before it.
    Value,
    /// The key of an option with an equals sign.
    Assignment,
}

/// A command line that is not complete.
#[derive(Clone)]
pub(super) struct Line {
    loader: Loader,
    words: Vec<String>,
}

/// A word, and what it means.
type Proposal = (String, Option<String>);

impl Line {
    pub(super) fn new(program: &Program, words: &[OsString]) -> Self {
        let words: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let value = |long: &str, short: &str| {
            let after = |(at, word): (usize, &String)| {
                let is_flag = word == long || (!short.is_empty() && word == short);
                let joined = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
                joined
                    .map(str::to_owned)
                    .or_else(|| is_flag.then(|| words.get(at + 1).cloned()).flatten())
            };
            // The last word may be the one that is completed.
            words
                .iter()
                .enumerate()
                .take(words.len().saturating_sub(2))
                .filter_map(after)
                .next_back()
        };
        let app = value("--app", "").unwrap_or_else(|| program.app.clone());
        // No secret is read, and no command is run.
        let mut loader = program.loader(&app).explaining();
        if let Some(profile) = value("--profile", "-p") {
            loader = loader.profile(profile);
        }
        if let Some(file) = value("--config", "") {
            loader = loader.file(PathBuf::from(file));
        }
        if words.iter().any(|word| word == "--no-project") {
            loader = loader.without_project();
        }
        Self { loader, words }
    }

    /// Returns the values that start with what is typed.
    pub(super) fn proposed(&self, wanted: Wanted, typed: &str) -> Vec<CompletionCandidate> {
        let mut all = self.all(wanted, typed);
        all.retain(|(value, _)| value.starts_with(typed));
        let candidate =
            |(value, help): Proposal| CompletionCandidate::new(value).help(help.map(Into::into));
        all.into_iter().map(candidate).collect()
    }

    fn all(&self, wanted: Wanted, typed: &str) -> Vec<Proposal> {
        match wanted {
            Wanted::Profile => plain(self.config().profiles().iter().cloned()),
            Wanted::Provider => self.registry().iter().map(of_provider).collect(),
            Wanted::Table => {
                let tables = describe(&self.registry());
                let mut all: Vec<Proposal> = tables
                    .iter()
                    .filter(|table| !table.key.is_empty())
                    .map(|table| (table.key.clone(), Some(first_sentence(&table.doc))))
                    .collect();
                if typed.contains('.') || typed.starts_with("default") {
                    all.extend(
                        self.keys(typed).into_iter().map(|(key, field)| of_option(key, field)),
                    );
                }
                all
            }
            Wanted::Key => {
                let keys = self.keys(typed).into_iter();
                keys.flat_map(|(key, field)| with_references(&key, field)).collect()
            }
            Wanted::Assignment => {
                let keys = self.keys(typed).into_iter();
                let set = |(key, help): Proposal| (format!("{key}="), help);
                // A secret itself is refused there.
                let refers = |(key, field): (String, &'static Field)| {
                    let is_secret = is_secret(field);
                    with_references(&key, field)
                        .into_iter()
                        .filter(move |(own, _)| !is_secret || *own != key)
                        .collect::<Vec<_>>()
                };
                keys.flat_map(refers).map(set).collect()
            }
            Wanted::Setting => {
                plain(self.config().settings().into_iter().map(|setting| setting.key))
            }
            Wanted::InFile => {
                let config = self.config();
                let is_written =
                    |layer| matches!(layer, LayerName::User | LayerName::File | LayerName::Project);
                let files = config.sources().iter().filter(|source| is_written(source.name));
                let files: BTreeSet<_> = sorted(files.filter_map(|source| source.path.as_ref()));
                let is_there = |place: &Provenance| matches!(place, Provenance::File { path, .. } if files.contains(path));
                let mut settings = config.settings();
                settings.retain(|setting| {
                    is_there(&setting.provenance)
                        || setting.overrides.iter().any(|other| is_there(&other.provenance))
                });
                plain(settings.into_iter().map(|setting| setting.key))
            }
            Wanted::Value => self.values(),
        }
    }

    fn config(&self) -> Config {
        self.loader.clone().read()
    }

    fn registry(&self) -> Registry {
        self.loader.providers().unwrap_or_default()
    }

    /// Returns the keys of the options that fit the configuration: those of the active provider and of all sections, and of
    /// another provider if its key is typed.
    fn keys(&self, typed: &str) -> Vec<(String, &'static Field)> {
        let registry = self.registry();
        let active = OnceCell::new();
        let is_wanted = |table: &&TableDescription| {
            let Some(name) = table.key.strip_prefix("credentials.") else { return true };
            if typed.starts_with(&format!("{}.", table.key)) {
                return true;
            }
            let active = active.get_or_init(|| self.config().provider().map(str::to_owned));
            active.as_deref().is_none_or(|active| active == name)
        };
        let tables = describe(&registry);
        let options = tables.iter().filter(is_wanted).flat_map(|table| {
            table.options.iter().map(|(path, field)| (table.key_of(path), *field))
        });
        // A key in a list or in a map is not complete.
        let is_key = |(key, field): &(String, &'static Field)| {
            !key.contains("[]")
                && !key.contains(".NAME")
                && !matches!(field.value_type(), Type::Options(_))
        };
        options.filter(is_key).collect()
    }

    /// Returns the values of the option whose key is on the line.
    fn values(&self) -> Vec<Proposal> {
        let after = self.words.iter().skip_while(|word| *word != "set").skip(1);
        let Some(key) = after.into_iter().find(|word| !word.starts_with('-')) else {
            return Vec::new();
        };
        let names = match key.as_str() {
            "default_profile" => self.config().profiles().to_vec(),
            "credentials.provider" => {
                return self.registry().iter().map(of_provider).collect();
            }
            key if key.rsplit('.').next() == Some("preset") => {
                let presets = self.loader.readable_presets().map(|(presets, _)| presets);
                let is_of = |provider: &str| key == format!("credentials.{provider}.preset");
                let presets = presets.unwrap_or_default().into_iter();
                presets.filter(|preset| is_of(&preset.provider)).map(|preset| preset.name).collect()
            }
            key if key.rsplit('.').next() == Some("store") => {
                let stores = self.config().stores();
                let names = stores.iter().map(|store| store.name().to_owned());
                names.chain(["memory".to_owned()]).collect()
            }
            key => {
                let own = self.keys(key).into_iter().find(|(other, _)| other == key);
                match own.map(|(_, field)| field.value_type()) {
                    Some(Type::Choice(words)) => words.into_iter().map(str::to_owned).collect(),
                    Some(Type::Boolean) => vec!["true".to_owned(), "false".to_owned()],
                    _ => Vec::new(),
                }
            }
        };
        plain(names)
    }
}

/// Returns words without what they mean.
fn plain(names: impl IntoIterator<Item = String>) -> Vec<Proposal> {
    names.into_iter().map(|name| (name, None)).collect()
}

fn of_provider(entry: &Entry) -> Proposal {
    (entry.name().to_owned(), Some(entry.summary()))
}

fn of_option(key: String, field: &Field) -> Proposal {
    (key, Some(first_sentence(&field.doc())))
}

fn is_secret(field: &Field) -> bool {
    field.kind() == Kind::Secret && field.value_type() == Type::Secret
}

/// Returns the key of an option, and those of references to it if it is a secret.
fn with_references(key: &str, field: &Field) -> Vec<Proposal> {
    let references = if is_secret(field) { &["", ".env", ".file"][..] } else { &[""] };
    references.iter().map(|end| of_option(format!("{key}{end}"), field)).collect()
}

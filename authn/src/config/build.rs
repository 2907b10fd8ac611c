//! Builds providers of the merged values, and notes every problem on the way instead of the first alone.

use std::{
    cell::{Cell, RefCell},
    path::Path,
};

use super::{
    layers::merge::Part,
    visibility::{Guide, excerpt},
};
use crate::{
    Bound, CacheOptions, Context, Credentials, Environment, Managed, Registry, SecretString,
    diagnostic::{Origin, Problem, SourceText},
    options::{Built, Host, Item, Key, Options as _, Table, Value, invalid},
    registry::Stores,
    request::options::{Override, PlacementOptions},
    secret::Target,
    store::{Drawer, StoreKey, fingerprint},
};

/// Deepest nesting of providers in providers.
const DEEPEST: u32 = 8;

/// Notes problems, with the lines of the files where they are.
pub(crate) struct Notes<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) parts: &'a [Part],
    pub(crate) texts: &'a [Option<std::sync::Arc<SourceText>>],
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl Notes<'_> {
    /// Notes a problem at an item. `hide` masks the item's own value in the line that is shown.
    pub(crate) fn note(&self, problem: Problem, item: Option<&Item>, hide: bool) {
        let Some(item) = item else {
            self.problems.borrow_mut().push(problem);
            return;
        };
        let excerpt = self.excerpt(item, hide);
        let problem = problem.with_origin(Some(item.origin.clone())).with_excerpt(excerpt);
        self.problems.borrow_mut().push(problem);
    }

    fn excerpt(&self, item: &Item, hide: bool) -> Option<crate::diagnostic::Excerpt> {
        let Origin::File { path, .. } = &item.origin else { return None };
        let span = item.span.clone()?;
        let of_file = |text: &&std::sync::Arc<SourceText>| text.path == *path;
        let (index, source) = self
            .texts
            .iter()
            .enumerate()
            .find_map(|(index, text)| Some((index, text.as_ref().filter(of_file)?)))?;
        let parts = self.parts.iter().filter(|part| part.layer == index).map(|part| &part.values);
        Some(excerpt(source, parts, self.registry, &span, hide))
    }
}

/// One building of a tree of providers.
pub(crate) struct Build<'a> {
    pub(crate) notes: &'a Notes<'a>,
    pub(crate) environment: &'a Environment,
    pub(crate) context: Context,
    pub(crate) prefix: &'a str,
    pub(crate) profile: Option<&'a str>,
    pub(crate) stores: Stores,
    /// The references of the provider that is being built.
    references: RefCell<Vec<SecretString>>,
    /// Fingerprints of the secrets of the provider that is being built, and of those below it.
    secrets: RefCell<Vec<String>>,
    /// A provider below the one that is being built belongs to the request being served.
    per_request_below: Cell<bool>,
    depth: Cell<u32>,
}

impl<'a> Build<'a> {
    pub(crate) fn new(
        notes: &'a Notes<'a>,
        environment: &'a Environment,
        context: Context,
        prefix: &'a str,
        profile: Option<&'a str>,
        stores: Stores,
    ) -> Self {
        Self {
            profile,
            stores,
            notes,
            environment,
            context,
            prefix,
            references: RefCell::default(),
            secrets: RefCell::default(),
            per_request_below: Cell::new(false),
            depth: Cell::new(0),
        }
    }

    /// Builds a provider of its table.
    pub(crate) fn credentials(&self, key: &Key, name: &str, item: &Item) -> Option<Credentials> {
        let Some(entry) = self.notes.registry.get(name) else {
            let problem = Problem::error("unknown-provider", self.notes.registry.unknown(name));
            self.notes.note(problem.with_key(key), Some(item), item.as_table().is_none());
            return None;
        };
        if self.depth.get() >= DEEPEST {
            let problem = Problem::error("too-deep", "providers are nested too deeply")
                .with_key(key)
                .with_help(format!("nest at most {DEEPEST}"));
            self.notes.note(problem, Some(item), false);
            return None;
        }
        let Value::Table(entries) = &item.value else {
            let problem = Problem::error(
                "wrong-type",
                format!("expected a table of options, found {}", item.found()),
            )
            .with_key(key)
            .with_help(format!("`authn providers {name}` lists the options"));
            self.notes.note(problem, Some(item), true);
            return None;
        };

        // What is below counts for this provider alone.
        let outer_references = self.references.take();
        let outer_secrets = self.secrets.take();
        let outer_per_request = self.per_request_below.replace(false);
        self.depth.set(self.depth.get() + 1);
        let mut table = Table::new(self, key.clone(), item, entries, entry.fields());
        let provider = entry.build(&mut table);
        let placement = if entry.has_placement() {
            PlacementOptions::from_table(&mut table).map(PlacementOptions::into_placement)
        } else {
            Override::from_table(&mut table).map(Override::into_placement)
        };
        table.finish();
        self.depth.set(self.depth.get() - 1);
        let references = self.references.replace(outer_references);
        let secrets = self.secrets.replace(outer_secrets);
        self.secrets.borrow_mut().extend(secrets.iter().cloned());
        let per_request_below = self.per_request_below.replace(outer_per_request);

        let (provider, placement) = (provider?, placement?);
        if entry.is_cached() && per_request_below {
            let problem = Problem::error(
                "cached-per-request",
                "a token that belongs to the request being served must not be cached",
            )
            .with_key(key)
            .with_help("take the per-request provider out of this one");
            self.notes.note(problem, Some(item), false);
            return None;
        }
        let per_request = per_request_below || provider.is_per_request();
        if per_request {
            self.per_request_below.set(true);
        }
        // A cached provider resolves them at each exchange, the others at each call.
        let resolves = !entry.is_cached() && !references.is_empty();
        let context = self
            .context
            .clone()
            .with_key(&key.to_string())
            .with_placement(placement)
            .with_references(references);
        let managed = provider.managed();
        let store = managed.and_then(Managed::store);
        let context = match store.filter(|store| store != "memory") {
            Some(store) => {
                let how = managed.map_or(&[][..], Managed::login_options);
                context.with_drawer(Some(self.drawer(key, name, item, &store, &secrets, how)?))
            }
            None => context,
        };
        if let Err(error) = provider.validate(&context) {
            match error.problems() {
                [] => {
                    let problem = Problem::error("invalid", error.to_string()).with_key(key);
                    self.notes.note(problem, Some(item), false);
                }
                problems => invalid(self, problems.to_vec(), key, item),
            }
            return None;
        }
        Some(Credentials::of(Bound { provider, context, per_request, resolves }))
    }

    /// Gives the place where a provider's session is kept.
    fn drawer(
        &self,
        key: &Key,
        name: &str,
        item: &Item,
        store: &str,
        secrets: &[String],
        login_options: &[&str],
    ) -> Option<Drawer> {
        let Some(found) = self.stores.get(store) else {
            let at = item.as_table().and_then(|entries| entries.get("store"));
            let problem = self.stores.unknown(store).with_key(key.child("store"));
            self.notes.note(problem, at.or(Some(item)), false);
            return None;
        };
        let mut options = format!("host={}\n", self.context.host().unwrap_or_default());
        let guide = Guide::Top(self.notes.registry);
        let guide = key.segments().iter().fold(guide, |guide, segment| guide.child(segment));
        canonical(item, guide, "", login_options, &mut options);
        let key = StoreKey::of(name, self.profile, &options);
        Some(Drawer { name: store.into(), store: found, key, fingerprint: secrets.join("-") })
    }
}

impl Host for Build<'_> {
    fn note(&self, problem: Problem, at: Option<&Item>, hide: bool) {
        self.notes.note(problem, at, hide);
    }

    fn variable(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, key.segments().join("__").to_uppercase())
    }

    fn reference_kinds(&self) -> Vec<&'static str> {
        self.notes.registry.reference_kinds().collect()
    }

    fn is_reference(&self, key: &str) -> bool {
        self.notes.registry.is_reference(key)
    }

    fn target(&self, kind: &str, text: &str, at: &Origin) -> Result<Target, Box<Problem>> {
        match kind {
            "env" => Ok(Target::variable(text, self.environment)),
            "file" => {
                let base = match at {
                    Origin::File { path, .. } | Origin::Layer { file: Some(path), .. } => {
                        path.parent()
                    }
                    _ => None,
                };
                let path = self.environment.absolute(text, base);
                if matches!(at, Origin::Layer { file: None, .. })
                    && !Path::new(text).is_absolute()
                    && !text.starts_with("~/")
                {
                    let message = "a relative path in a layer that is no file leads nowhere";
                    let problem = Problem::error("relative-path", message);
                    return Err(Box::new(problem.with_help("write the whole path, or `~/…`")));
                }
                Ok(Target::File(path))
            }
            _ => self.stores.target(kind, text, self.notes.registry),
        }
    }

    fn saw(&self, secret: &SecretString) {
        self.secrets.borrow_mut().push(fingerprint(secret));
        if secret.can_change() {
            self.references.borrow_mut().push(secret.clone());
        }
    }

    fn provider(&self, key: &Key, name: &str, item: &Item) -> Option<Built> {
        self.credentials(key, name, item).map(|built| Box::new(built) as Built)
    }
}

/// Writes the plain options that make one session another: not the scope, whose tokens stand side by side
/// in one session, not how the framework handles them, and not how somebody logs in.
fn canonical(item: &Item, guide: Guide<'_>, path: &str, login: &[&str], text: &mut String) {
    use std::fmt::Write as _;
    // Writing to a string can't fail.
    let _ = match &item.value {
        _ if guide.class() == super::Class::Secret => Ok(()),
        Value::Table(entries) => {
            let of_framework = |key: &str| {
                let fields = CacheOptions::FIELDS.iter().chain(PlacementOptions::FIELDS);
                fields.into_iter().any(|field| field.key() == key) || login.contains(&key)
            };
            for (key, item) in entries {
                if key != "scope" && !(path.is_empty() && of_framework(key)) {
                    canonical(item, guide.child(key), &format!("{path}.{key}"), login, text);
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let index = index.to_string();
                canonical(item, guide.child(&index), &format!("{path}.{index}"), login, text);
            }
            Ok(())
        }
        Value::Boolean(value) => writeln!(text, "{path}={value}"),
        Value::Integer(value) => writeln!(text, "{path}={value}"),
        Value::Float(value) => writeln!(text, "{path}={value}"),
        Value::Text(value) => writeln!(text, "{path}={:?}", value.as_str()),
    };
}

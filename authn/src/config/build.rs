//! Builds the provider from the merged values, and reports all problems instead of only the first one.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use super::{
    Loader,
    choice::Choice,
    layers::merge::Part,
    misplaced, path,
    sections::{self, SECTIONS},
    session_key, session_owner,
    surroundings::surroundings,
    visibility::{Visibility, spans, type_at},
};
use crate::{
    Bound, Context, Credentials, Environment, Error, Managed, Registry, Result, SecretString,
    credentials::BuiltSession,
    diagnostic::{
        Excerpt, Mark, Problem, ProblemCode, Provenance, SHOWN, Severity, SourceText, Spans,
        excerpt,
    },
    kept::{Kept, KeptOptions},
    options::{
        BuiltProvider, Entries, Item, Key, LoadContext, Options as _, Table, Value, rejected,
        report_failure, report_unknown_key,
    },
    provider::{Declared, Erased, PER_REQUEST, PER_REQUEST_HELP},
    registry::{Entry, PresetOption, Stores},
    request::{
        DefaultPlace, binding,
        options::{Override, PlacementOptions},
    },
    secret::Target,
    store::{SessionSpec, StoreKey},
    telemetry::Labels,
};

/// How deep providers can be nested in providers.
const MAX_DEPTH: u32 = 8;

/// Collects problems, with the lines of the files in which they are.
pub(super) struct Reporter<'a> {
    pub(super) loader: &'a Loader,
    pub(super) registry: &'a Registry,
    pub(super) parts: &'a [Part],
    pub(super) texts: &'a [Option<Arc<SourceText>>],
    pub(super) problems: RefCell<Vec<Problem>>,
    /// The values of each file of which a line was shown, by the index of its layer.
    pub(super) spans: RefCell<BTreeMap<usize, Spans>>,
    /// The number of errors so far.
    pub(super) errors: Cell<usize>,
}

impl Reporter<'_> {
    /// Reports a problem at an item. `hide` masks the item's own value in the line that is shown.
    pub(super) fn report(&self, problem: Problem, item: Option<&Item>, hide: bool) {
        let shows_line = self.explains();
        if problem.severity() == Severity::Error {
            self.errors.set(self.errors.get() + 1);
        }
        let problem = match item {
            Some(item) => {
                let (problem, mark) = self.marked(problem, item, hide);
                let excerpt = shows_line.then(|| self.excerpt(item, mark)).flatten();
                problem.with_provenance(item.provenance.clone()).with_excerpt(excerpt)
            }
            None => problem,
        };
        self.problems.borrow_mut().push(problem);
    }

    /// Returns whether the next problem is one of those that are shown.
    pub(super) fn explains(&self) -> bool {
        self.errors.get() < SHOWN
    }

    /// Reports a problem at an item, and returns `None` because nothing can be built.
    fn refuse<T>(&self, problem: Problem, item: &Item, hide: bool) -> Option<T> {
        self.report(problem, Some(item), hide);
        None
    }

    /// Returns a problem, and how the value of its item is shown in the line. A value that may be shown, but not in the line,
    /// is added to the message.
    fn marked(&self, problem: Problem, item: &Item, hide: bool) -> (Problem, Mark) {
        if !hide {
            return (problem, Mark::AsInFile);
        }
        let is_rejection =
            matches!(problem.code(), ProblemCode::InvalidValue | ProblemCode::WrongType);
        let key = problem.key().filter(|_| is_rejection);
        let key = key.map(|key| Key::new(&key.split('.').collect::<Vec<_>>()));
        let of = key.and_then(|key| type_at(self.registry, &key));
        let Some(shown) = of.as_ref().and_then(|of| rejected(of, item)) else {
            return (problem, Mark::Hidden);
        };
        let is_whole = item.as_text().is_none_or(|text| *shown == *text);
        let is_in_line = is_whole && item.span.is_some();
        let problem = if is_in_line || problem.message().contains(&*shown) {
            problem
        } else {
            problem.and(&format!(" (found `{shown}`)"))
        };
        (problem, if is_whole { Mark::Shown } else { Mark::Hidden })
    }

    fn excerpt(&self, item: &Item, mark: Mark) -> Option<Excerpt> {
        let Provenance::File { path, .. } = &item.provenance else { return None };
        let span = item.span.clone()?;
        let is_of_file =
            |text: &Option<Arc<SourceText>>| text.as_ref().is_some_and(|text| text.path == *path);
        let index = self.texts.iter().position(is_of_file)?;
        let source = self.texts.get(index)?.as_ref()?;
        let of_file =
            || self.parts.iter().filter(|part| part.layer == index).map(|part| &part.values);
        let mut all = self.spans.borrow_mut();
        let spans = all.entry(index).or_insert_with(|| spans(of_file(), self.registry));
        Some(excerpt(&source.text, spans, &span, mark))
    }
}

/// The state while a tree of providers is built.
pub(super) struct Build<'a> {
    pub(super) reporter: &'a Reporter<'a>,
    pub(super) environment: &'a Environment,
    pub(super) context: Context,
    pub(super) loader: &'a Loader,
    pub(super) profile: Option<&'a str>,
    pub(super) stores: Stores,
    /// The name of the chosen provider.
    pub(super) chosen: Option<&'a str>,
    /// The tables whose presets have problems. What they lack because of that is no problem of its own.
    pub(super) unfilled: Vec<Key>,
    /// The providers with a session that were built.
    pub(super) sessions: RefCell<Vec<BuiltSession>>,
    found: RefCell<Found>,
    depth: Cell<u32>,
    /// Whether a provider that was read discovers origins, also one that can't be used.
    discovers_origins: Cell<bool>,
    /// Whether the next provider is one of a chain.
    is_link: Cell<bool>,
    /// Whether this provider is, or one around it.
    allows_absence: Cell<bool>,
}

/// The findings about a provider while it is built.
#[derive(Default)]
struct Found {
    /// The references among its secrets.
    references: Vec<SecretString>,
    /// Its secrets, and the secrets of the providers below it.
    secrets: Vec<SecretString>,
    /// Those of them that are absent.
    absent: Vec<SecretString>,
    /// Why some are absent.
    absences: Vec<(String, Error)>,
    /// Whether a provider below it could not be checked, because what it needs is absent.
    is_unchecked: bool,
    /// Whether it is one of a chain.
    is_link: bool,
    /// Whether it is, or a provider around it.
    allows_absence: bool,
    /// The providers in its table whose tokens belong to the request being served.
    per_request: Vec<usize>,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        reporter: &'a Reporter<'a>,
        environment: &'a Environment,
        profile: Option<&'a str>,
    ) -> Self {
        let loader = reporter.loader;
        Self {
            reporter,
            environment,
            context: loader.context(profile).change(|parts| {
                parts.surroundings = surroundings(reporter, environment);
                parts.environment = Arc::new(environment.clone());
            }),
            loader,
            profile,
            stores: loader.stores.clone(),
            chosen: None,
            unfilled: Vec::new(),
            sessions: RefCell::default(),
            found: RefCell::default(),
            depth: Cell::new(0),
            discovers_origins: Cell::new(false),
            is_link: Cell::new(false),
            allows_absence: Cell::new(false),
        }
    }

    /// Reads all sections of a configuration and builds the chosen provider; `None` if something is wrong.
    pub(super) fn run(
        &mut self,
        merged: &Entries,
        choice: Option<&'a Choice>,
    ) -> Option<Credentials> {
        self.chosen = choice.map(|choice| &*choice.name);
        for (name, item) in merged {
            if !sections::keys().any(|key| key == name) {
                report_unknown_key(self, &Key::new(&[name]), item);
            }
        }
        // All sections are read even after a failure, so that all problems are reported.
        let mut is_complete = true;
        for section in &SECTIONS {
            is_complete &= section.read(self, merged.get(section.key)).is_some();
        }
        if let Some(given) = self.loader.code.as_ref().and_then(|code| code.provider.clone()) {
            return self.bind(given).filter(|_| is_complete);
        }
        let choice = choice?;
        let item = merged.get("credentials");
        let table = item.and_then(|item| item.get(&[&choice.name]));
        let key = match table {
            // There is nothing else to show.
            None if self.reporter.registry.get(&choice.name).is_none() => choice.key.clone(),
            _ => Key::new(&["credentials", &choice.name]),
        };
        let credentials = self.credentials(&key, &choice.name, table.unwrap_or(&choice.item));
        let discovers = match &credentials {
            Some(credentials) => credentials.discovers_origins(),
            None => self.discovers_origins.get(),
        };
        if is_complete && self.context.origins().is_empty() && !discovers {
            let item = item.filter(|item| item.provenance != Provenance::Default);
            self.reporter.report(binding::unbound(), item, false);
        }
        credentials.filter(|_| is_complete)
    }

    /// Binds a provider that was made in code.
    fn bind(&self, provider: Arc<dyn Erased>) -> Option<Credentials> {
        let declared = provider.declared().and_then(Declared::place);
        let placement = declared.and_then(DefaultPlace::placement);
        let context =
            self.context.clone().change(|parts| parts.placement = placement.map(Arc::new));
        match Bound::new(provider, context, None) {
            Ok(bound) => Some(Credentials::of(bound)),
            Err(error) => {
                report_failure(self, &error, &Key::new(&["credentials"]), &Item::empty_table());
                None
            }
        }
    }

    /// Builds a provider from its table.
    pub(super) fn credentials(&self, key: &Key, name: &str, item: &Item) -> Option<Credentials> {
        let (entry, entries) = self.table_of(key, name, item)?;
        let entries = &*self.with_store(entry, entries);

        // The findings below this provider must not mix with those of its siblings.
        let outer = self.found.take();
        let is_link = self.is_link.take();
        let outer_allows = self.allows_absence.get();
        self.allows_absence.set(outer_allows || is_link);
        self.depth.set(self.depth.get() + 1);
        let mut table = Table::new(self, key.clone(), item, entries, entry.fields());
        let provider = entry.build(&mut table).filter(|_| !table.is_unfilled());
        let provider = provider.zip(PresetOption::from_table(&mut table));
        let placed_by = placed_by(key, entry, entries);
        let placement = if entry.has_placement() {
            let is_set = |key: &str| entries.contains_key(key);
            let options = PlacementOptions::from_table(&mut table);
            options.map(|options| options.or(entry.place(), is_set).into_placement())
        } else {
            Override::from_table(&mut table).map(Override::into_placement)
        };
        let kept = if entry.has_kept() { KeptOptions::from_table(&mut table) } else { None };
        table.finish();
        self.depth.set(self.depth.get() - 1);
        let found = self.leave(outer, is_link, outer_allows);
        let Found { references, secrets, per_request: below, .. } = &found;

        let ((provider, _), placement) = (provider?, placement?);
        self.note_discovery(&provider);
        // An exchange whose subject it is has a cache for each of its tokens.
        let subjects = provider.managed().map(Managed::subjects).unwrap_or_default();
        let is_subject = |nested| subjects.iter().any(|subject| subject.identity() == nested);
        if entry.is_cached() && !below.iter().copied().all(is_subject) {
            let problem = Problem::error(ProblemCode::CachedPerRequest, PER_REQUEST)
                .with_key(key)
                .with_help(PER_REQUEST_HELP);
            return self.reporter.refuse(problem, item, false);
        }
        let per_request = !below.is_empty() || provider.is_per_request();
        // A cached provider resolves its references at each exchange, any other provider at each call.
        let resolves = !entry.is_cached() && !references.is_empty();
        let managed = provider.managed();
        let store = match kept {
            Some(kept) => Some(kept.store),
            None => of_session(managed, &self.context),
        };
        let how = managed.map_or(&[][..], Managed::login_options);
        let options =
            session_key::options(self.context.host(), item, self.visibility(key), how, self);
        // What `reload` compares: a session is of one store, and of the user that is expected.
        let place = store.as_ref().and_then(|store| self.stores.get(store)?.place());
        let user = item.get(&["expected_username"]).and_then(Item::as_text);
        let identity =
            format!("{name}\n{:?}\n{store:?} {place:?} {user:?}\n{options}", self.profile);
        // In a store, a session may say itself whose it is.
        let how = [how, managed.map_or(&[][..], Managed::server_options)].concat();
        let options =
            session_key::options(self.context.host(), item, self.visibility(key), &how, self);
        let session_spec = match store.filter(|store| store != "memory") {
            Some(store) => Some(Arc::new(self.session_spec(
                key,
                name,
                item,
                &store,
                secrets.clone(),
                &options,
            )?)),
            None => None,
        };
        let context = self.context.clone().change(|parts| {
            parts.key = key.to_string().into();
            parts.labels = self.labels(name);
            parts.placement = placement.map(Into::into);
            parts.secrets = references.as_slice().into();
            parts.configured_scope = session_key::scope(item, self.visibility(key)).into();
            parts.kept = Kept::new(session_spec.clone().filter(|_| entry.has_kept()));
            // What it keeps is all that such a provider has of a session.
            parts.session_spec = session_spec.filter(|_| !entry.has_kept());
        });
        match self.bound(provider, context, placed_by.as_deref(), &found, entry) {
            Ok(mut bound) => {
                (bound.per_request, bound.resolves) = (per_request, resolves);
                bound.absences = found.absences.into();
                if per_request {
                    self.found.borrow_mut().per_request.push(bound.identity());
                }
                bound.refusing = entry.refusing().unwrap_or(bound.refusing);
                bound.managed().begin_session(&bound.context);
                let secrets = found.secrets;
                let session = BuiltSession { options: identity, secrets, bound: bound.clone() };
                self.sessions.borrow_mut().push(session);
                Some(Credentials::of(bound))
            }
            Err(error) => {
                self.report_invalid_options(&error, key, item);
                None
            }
        }
    }

    /// Returns the provider and its table. Problems are reported.
    fn table_of<'i>(
        &self,
        key: &Key,
        name: &str,
        item: &'i Item,
    ) -> Option<(&'a Entry, &'i Entries)> {
        let Some(entry) = self.reporter.registry.get(name) else {
            let problem = self.reporter.registry.unknown(name);
            return self.reporter.refuse(problem.with_key(key), item, item.as_table().is_none());
        };
        if self.depth.get() >= MAX_DEPTH {
            let problem = Problem::error(ProblemCode::TooDeep, "providers are nested too deeply")
                .with_key(key)
                .with_help(format!("nest at most {MAX_DEPTH} providers"));
            return self.reporter.refuse(problem, item, false);
        }
        let Value::Table(entries) = &item.value else {
            let message = format!("expected a table of options, found {}", item.found());
            let help = self.how_to_learn(name);
            let problem =
                Problem::error(ProblemCode::WrongType, message).with_key(key).with_help(help);
            return self.reporter.refuse(problem, item, true);
        };
        Some((entry, entries))
    }

    /// Notes whether a provider discovers origins.
    fn note_discovery(&self, provider: &Arc<dyn Erased>) {
        if provider.managed().is_some_and(Managed::discovers_origins) {
            self.discovers_origins.set(true);
        }
    }

    /// Returns the options, with the default store of credentials that are made in code.
    fn with_store<'e>(&self, entry: &Entry, entries: &'e Entries) -> Cow<'e, Entries> {
        let is_kept = entry.is_cached() || entry.has_kept();
        if self.loader.code.is_none() || !is_kept || entries.contains_key("store") {
            return Cow::Borrowed(entries);
        }
        // The file of a user's own sessions is not for the many users of a server program.
        let mut entries = entries.clone();
        entries.insert("store".to_owned(), Item::text("memory", Provenance::Code));
        Cow::Owned(entries)
    }

    /// Returns the findings about a provider that was read, and adds those that count for the one around it.
    fn leave(&self, outer: Found, is_link: bool, outer_allows: bool) -> Found {
        let allows_absence = self.allows_absence.replace(outer_allows);
        let inner = Found { is_link, allows_absence, ..self.found.replace(outer) };
        let mut outer = self.found.borrow_mut();
        outer.secrets.extend(inner.secrets.iter().cloned());
        if !is_link {
            // A chain passes over the provider that lacks them, and does not lack them itself.
            outer.absent.extend(inner.absent.iter().cloned());
            outer.absences.extend(inner.absences.iter().cloned());
            outer.is_unchecked |= inner.is_unchecked;
        }
        inner
    }

    /// Binds a provider that was read. One of a chain is checked later if something is absent.
    fn bound(
        &self,
        provider: Arc<dyn Erased>,
        context: Context,
        placed_by: Option<&str>,
        found: &Found,
        entry: &Entry,
    ) -> Result<Bound> {
        let explains = self.loader.explains;
        let lacks = !found.absent.is_empty() || found.is_unchecked;
        if !(lacks || explains && entry.is_cached()) {
            match Bound::new(Arc::clone(&provider), context.clone(), placed_by) {
                Err(error) if explains || (found.allows_absence && error.is_not_applicable()) => {
                    self.found.borrow_mut().is_unchecked |= !found.is_link;
                }
                bound => return bound,
            }
        }
        Bound::absent(provider, context, placed_by, &found.absent)
    }

    /// Reports that options don't fit, unless a preset that should have set some of them has a problem.
    fn report_invalid_options(&self, error: &Error, key: &Key, item: &Item) {
        if !self.unfilled.iter().any(|table| table.segments() == key.segments()) {
            report_failure(self, error, key, item);
        }
    }

    fn visibility(&self, key: &Key) -> Visibility<'_> {
        let top = Visibility::top(self.reporter.registry);
        key.segments().iter().fold(top, |visibility, segment| visibility.child(segment))
    }

    /// Returns what the spans and metrics of a provider are labelled with.
    fn labels(&self, name: &str) -> Labels {
        Labels::new(name, self.profile)
    }

    /// Returns where the sessions of a provider are stored.
    fn session_spec(
        &self,
        key: &Key,
        name: &str,
        item: &Item,
        store: &str,
        secrets: Vec<SecretString>,
        options: &str,
    ) -> Option<SessionSpec> {
        let Some(found) = self.stores.get(store) else {
            let problem = self.stores.missing(store, self.reporter.registry)?;
            let problem = problem.with_key(key.child("store"));
            return self.reporter.refuse(problem, item.get(&["store"]).unwrap_or(item), false);
        };
        Some(SessionSpec {
            store: found.labelled(self.labels(name)),
            key: StoreKey::of(name, self.profile, options),
            secrets,
            scope: session_key::scope(item, self.visibility(key)),
            owner: session_owner::of(self.profile, name, item, self.visibility(key)),
            fingerprint_key: OnceLock::new(),
        })
    }
}

/// Returns the name of the store of a provider's session. The providers of a chain have their own.
fn of_session(managed: Option<&dyn Managed>, context: &Context) -> Option<String> {
    managed.filter(|of| of.links().is_empty())?.store(context)
}

/// Returns the key that decides where the token is placed.
fn placed_by(key: &Key, entry: &Entry, entries: &Entries) -> Option<String> {
    let [_, placing, _] = entry.options_of_framework();
    match placing.iter().find(|field| entries.contains_key(field.key())) {
        Some(field) => Some(key.child(field.key()).to_string()),
        // It places its token itself, so no other table can.
        None => (!entry.has_placement()).then(|| key.to_string()),
    }
}

impl LoadContext for Build<'_> {
    fn report(&self, problem: Problem, at: Option<&Item>, hide: bool) {
        self.reporter.report(problem, at, hide);
    }

    fn explains(&self) -> bool {
        self.reporter.explains()
    }

    fn how_to_set(&self, key: &Key) -> String {
        if self.loader.code.is_some() {
            return match key.segments() {
                [credentials, _, method] if credentials == "credentials" => {
                    format!("call `{method}` on the builder")
                }
                _ => format!("set `{key}` on the builder"),
            };
        }
        let variable = key.is_reachable().then(|| self.loader.variable(&key.segments().join(".")));
        let variable = variable
            .map_or_else(String::new, |name| format!(", or the environment variable `{name}`"));
        format!("set `{key}`{variable}")
    }

    fn is_written(&self) -> bool {
        self.loader.code.is_none()
    }

    fn meant(&self, key: &Key, item: &Item) -> Option<String> {
        misplaced::help(self.reporter.registry, self.chosen, key, item)
    }

    fn how_to_learn(&self, provider: &str) -> String {
        let package = self.reporter.registry.get(provider).map(|entry| entry.location().package);
        if let Some(package) = package.filter(|_| !self.loader.has_own_program())
            && package != "authn-providers"
        {
            // The program `authn` does not link it.
            return format!(
                "the documentation of the crate `{package}` says what each option takes"
            );
        }
        if self.loader.code.is_some() {
            return format!(
                "the documentation of the builder of `{provider}` says what each option takes"
            );
        }
        let command = self.loader.command_line(&format!("providers {provider}"));
        format!("`{command}` lists what each option takes")
    }

    fn reference_kinds(&self) -> Vec<&'static str> {
        self.reporter.registry.reference_kinds().collect()
    }

    fn is_reference(&self, key: &str) -> bool {
        self.reporter.registry.is_reference(key)
    }

    fn target(&self, kind: &str, text: &str, at: &Provenance) -> Result<Target, Box<Problem>> {
        match kind {
            "env" => match self.environment.not_utf8(text) {
                Some(problem) => Err(problem.into()),
                None => Ok(Target::variable(text, self.environment)),
            },
            "file" => self.path(text, at).map(Target::File),
            _ => self.stores.target(kind, text, self.reporter.registry),
        }
    }

    fn command(&self, command: Vec<String>) -> Target {
        Target::Command { command, surroundings: self.context.surroundings().clone() }
    }

    fn path(&self, text: &str, at: &Provenance) -> Result<PathBuf, Box<Problem>> {
        path::absolute(text, at, self.environment)
    }

    fn record_secret(&self, secret: &SecretString) {
        let mut found = self.found.borrow_mut();
        found.secrets.push(secret.clone());
        if secret.can_change() {
            found.references.push(secret.clone());
        }
    }

    fn allows_absence(&self) -> bool {
        self.allows_absence.get()
    }

    fn record_absent(&self, secret: &SecretString) {
        self.found.borrow_mut().absent.push(secret.clone());
    }

    fn leaves_references(&self) -> bool {
        self.loader.explains
    }

    fn record_absence(&self, key: &Key, error: Error) {
        self.found.borrow_mut().absences.push((key.to_string(), error));
    }

    fn set_is_link(&self, is_link: bool) {
        self.is_link.set(is_link);
    }

    fn provider(&self, key: &Key, name: &str, item: &Item) -> Option<BuiltProvider> {
        self.credentials(key, name, item).map(|built| Box::new(built) as BuiltProvider)
    }
}

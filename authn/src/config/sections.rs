//! The top-level keys of a configuration, and how each is read.

use super::{build::Build, choice, visibility::Place};
#[cfg(feature = "reqwest")]
use crate::diagnostic::ProblemCode;
use crate::{
    http::options::HttpOptions,
    options::{Field, Item, Key, Options as _, Table, report_wrong_type, section},
    request::binding::Binding,
    store::StoreContext,
};

/// A top-level key of a configuration.
pub(crate) struct Section {
    pub(crate) key: &'static str,
    /// Its documentation in Markdown.
    doc: &'static str,
    /// The schema of its value.
    pub(super) below: Place<'static>,
    /// Reads its value, or its absence. Returns `None` after a failure, when all problems have been reported.
    read: fn(&mut Build<'_>, &Key, Option<&Item>) -> Option<()>,
}

/// All top-level keys. A new key is a new entry.
pub(crate) const SECTIONS: [Section; 5] = [
    Section {
        key: "http",
        doc: "How requests are sent: those for tokens, and those of the clients of `authn::reqwest`.",
        below: Place::Options(HttpOptions::FIELDS),
        read: http,
    },
    Section {
        key: "credentials",
        doc: "Which requests may be authorised, and in the table of a provider by which credentials.",
        below: Place::Credentials,
        read: credentials,
    },
    Section {
        key: "stores",
        doc: "Where sessions are kept, in a table for each token store. The option `store` of a provider chooses one \
              by its name; `memory` needs no table.",
        below: Place::Stores,
        read: stores,
    },
    // The last two are read before the layers are merged.
    Section {
        key: "default_profile",
        doc: "The profile that is used unless a flag or a variable chooses another.",
        below: Place::Plain(None),
        read: |_, _, _| Some(()),
    },
    Section {
        key: "profile",
        doc: "Profiles by name. `[profile.NAME]` can have all sections, such as `[profile.NAME.credentials]`, and \
              overrides what is outside of profiles in the same source.",
        below: Place::Unknown,
        read: |_, _, _| Some(()),
    },
];

/// Returns the documentation of a top-level key.
pub(crate) fn doc(key: &str) -> &'static str {
    SECTIONS.iter().find(|section| section.key == key).map_or("", |section| section.doc)
}

/// Returns the options of a section itself, without those of the tables in it.
pub(crate) fn options(key: &str) -> &'static [Field] {
    SECTIONS.iter().find(|section| section.key == key).map_or(&[], |section| section.fields())
}

/// Returns the top-level keys.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|section| section.key)
}

impl Section {
    /// Returns the options of its table.
    pub(super) fn fields(&self) -> &'static [Field] {
        match self.below {
            Place::Credentials => Binding::FIELDS,
            Place::Options(fields) => fields,
            _ => &[],
        }
    }

    pub(super) fn read(&self, build: &mut Build<'_>, item: Option<&Item>) -> Option<()> {
        (self.read)(build, &Key::new(&[self.key]), item)
    }
}

fn http(build: &mut Build<'_>, key: &Key, item: Option<&Item>) -> Option<()> {
    let options = section::<HttpOptions>(build, key, item)?;
    #[cfg(feature = "reqwest")]
    {
        let ca_file = options.ca_file.is_some();
        let client = crate::http::HttpClient::new(options);
        // A file of authorities that can't be used would otherwise be found when the first token is requested.
        if ca_file && let Err(error) = client.check_options() {
            let key = key.child("ca_file");
            let problem = error.as_problem(ProblemCode::InvalidValue).with_key(&key);
            build.reporter.report(problem, item.and_then(|item| item.get(&["ca_file"])), false);
            return None;
        }
        build.context = build.context.clone().change(|parts| parts.http = client);
    }
    #[cfg(not(feature = "reqwest"))]
    drop(options);
    Some(())
}

/// Reads the options of `[credentials]`. The providers' tables are read once a provider is chosen.
fn credentials(build: &mut Build<'_>, key: &Key, item: Option<&Item>) -> Option<()> {
    let empty = Item::empty_table();
    let item = item.unwrap_or(&empty);
    let Some(entries) = item.as_table() else { return report_wrong_type(build, key, item) };
    choice::report_unknown_keys(build, entries);
    let fields = Binding::FIELDS.iter();
    let binding = Binding::from_table(&mut Table::new(build, key.clone(), item, entries, fields))?;
    build.context = build.context.clone().change(|parts| {
        parts.origins = binding.origins().into();
        parts.host = binding.domain.map(Into::into);
    });
    Some(())
}

fn stores(build: &mut Build<'_>, _: &Key, item: Option<&Item>) -> Option<()> {
    let surroundings = StoreContext::new(build.loader.app_name(), build.environment);
    // An option of a store can refer to a secret in another one, which must be open by then.
    let mut stores = build.stores.clone();
    stores.read_sources(build, item, build.reporter.registry, &surroundings);
    build.stores = stores.clone();
    let read = stores.read(build, item, build.reporter.registry, &surroundings);
    build.stores = stores;
    // Without a state directory, a token that is fetched is for this program alone.
    let stores_tokens = build.context.awaits_refresh() && build.stores.has_file();
    build.context = build.context.clone().change(|parts| parts.stores_tokens = stores_tokens);
    read
}

//! The keys at the top of a configuration: what stands below each, and how it is read.

use super::{build::Build, choice, visibility::Place};
use crate::{
    http::options::HttpOptions,
    options::{Item, Key, Options as _, Table, report_wrong_type, section},
    request::binding::Binding,
    store::StoreContext,
};

/// One key at the top of a configuration.
pub(super) struct Section {
    pub(super) key: &'static str,
    /// What stands below it.
    pub(super) below: Place<'static>,
    /// Reads it, or its absence; `None` if that failed, and all problems have been noted.
    read: fn(&mut Build<'_>, &Key, Option<&Item>) -> Option<()>,
}

/// All keys at the top: a new one is one entry more.
pub(super) const SECTIONS: [Section; 5] = [
    Section { key: "http", below: Place::Options(HttpOptions::FIELDS), read: http },
    Section { key: "credentials", below: Place::Credentials, read: credentials },
    Section { key: "stores", below: Place::Stores, read: stores },
    // These two are read before the layers are merged.
    Section { key: "default_profile", below: Place::Plain(None), read: |_, _, _| Some(()) },
    Section { key: "profile", below: Place::Unknown, read: |_, _, _| Some(()) },
];

/// Returns the keys at the top.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|section| section.key)
}

impl Section {
    pub(super) fn read(&self, build: &mut Build<'_>, item: Option<&Item>) -> Option<()> {
        (self.read)(build, &Key::new(&[self.key]), item)
    }
}

fn http(build: &mut Build<'_>, key: &Key, item: Option<&Item>) -> Option<()> {
    let options = section::<HttpOptions>(build, key, item)?;
    #[cfg(feature = "reqwest")]
    {
        let client = crate::http::HttpClient::new(options, build.environment);
        build.context = build.context.clone().change(|parts| parts.http = client);
    }
    #[cfg(not(feature = "reqwest"))]
    drop(options);
    Some(())
}

/// The options beside the providers' tables, which are the choice's.
fn credentials(build: &mut Build<'_>, key: &Key, item: Option<&Item>) -> Option<()> {
    let empty = Item::empty_table();
    let item = item.unwrap_or(&empty);
    let Some(entries) = item.as_table() else { return report_wrong_type(build, key, item) };
    choice::report_unknown_keys(build.reporter, entries);
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
    let mut stores = build.stores.clone();
    let read = stores.read(build, item, build.reporter.registry, &surroundings);
    build.stores = stores;
    read
}

//! Which program this is, and what it is linked with.

use authn::Entry;

use super::{finding::Finding, patient::Patient};

const CHECK: &str = "version";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let providers: Vec<&str> = config.registry().iter().map(Entry::name).collect();
    let stores = config.stores();
    let stores: Vec<&str> = stores.iter().map(authn::config::KnownStore::name).collect();
    vec![Finding::ok(
        CHECK,
        format!(
            "authn {}; providers {}; stores {}",
            env!("CARGO_PKG_VERSION"),
            providers.join(", "),
            ["memory"].into_iter().chain(stores).collect::<Vec<_>>().join(", "),
        ),
    )]
}

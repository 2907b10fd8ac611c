//! `Warnings`: the warnings of stores and about the set-up of the machine, which are shown without a log.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::Context};

use super::fields::Fields;
use crate::output::Output;

/// The modules whose warnings are shown without a log.
pub(super) const SHOWN: [&str; 3] = ["authn::store", "authn::http::proxy", "authn::input_file"];

/// Writes warnings as the program writes its own, each once.
pub(super) struct Warnings {
    output: Output,
    written: Mutex<BTreeSet<String>>,
}

impl Warnings {
    pub(super) fn new(output: Output) -> Self {
        Self { output, written: Mutex::default() }
    }

    /// Writes those of some modules.
    pub(super) fn of<'m>(self, modules: impl Iterator<Item = &'m str>) -> impl Layer<Registry> {
        let targets = modules.map(|module| (module, Level::WARN));
        self.with_filter(Targets::new().with_targets(targets))
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let fields = Fields::of(event);
        let name = fields.get("name").and_then(Value::as_str);
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.insert(format!("{}{name}", fields.message)) {
            let (message, help) = match fields.message.split_once("; ") {
                Some((message, help)) => (message, Some(help)),
                None => (&*fields.message, None),
            };
            self.output.warning(&format!("{message}{name}"), help);
        }
    }
}

//! Logs on standard error, enabled by `-v` or by the variable `AUTHN_LOG`.
//!
//! - [`format`]: the shape of the lines: [`text`], [`json`], or that of `tracing-subscriber`
//! - [`line`]: makes a shape one of `tracing-subscriber`
//! - [`warnings`]: the warnings that are always shown

mod fields;
mod format;
mod json;
mod line;
mod text;
mod warnings;

use std::{
    collections::BTreeSet,
    env, io,
    sync::atomic::{AtomicBool, Ordering},
};

use authn::private::sorted;

use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterExt as _, Targets, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use self::{
    format::Format,
    json::Json,
    line::Shaped,
    text::Text,
    warnings::{SHOWN, Warnings},
};
use crate::{app::App, exit::Failure};

/// Whether lines of a log may be written.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// Starts logging if it is enabled, and the output of warnings that the log will not contain.
pub(crate) fn start(app: &App) -> Result<(), Failure> {
    let configured = Format::configured(app)?;
    let wanted = wanted(app);
    IS_ON.store(wanted.is_some(), Ordering::Relaxed);
    let is_logged = |module: &&str| {
        wanted.as_ref().is_some_and(|wanted| wanted.would_enable(module, &Level::WARN))
    };
    let others = SHOWN.into_iter().filter(|module| !is_logged(module));
    let warnings = Warnings::new(app.output.clone()).of(others).boxed();
    let lines = wanted.map(|wanted| {
        // A user who wants everything wants the time and the module, too.
        let usual = if shows_all(&wanted) { Format::Full } else { Format::Text };
        let format = configured.unwrap_or(usual);
        lines(wanted, our_crates(app), format, app.output.stderr_colour(), io::stderr)
    });
    let layers: Vec<_> = lines.into_iter().chain([warnings]).collect();
    // A second start in one process keeps the first one's.
    let _ = Registry::default().with(layers).try_init();
    Ok(())
}

/// Returns whether lines of a log may be written, which would disturb a line that is redrawn.
pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Returns the layer that writes the wanted events, except for unsafe ones.
fn lines<W>(
    wanted: Targets,
    ours: BTreeSet<&'static str>,
    format: Format,
    colour: bool,
    writer: W,
) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // A line is complete without the spans that it is in. They are shown only if everything is wanted.
    let shows_spans = shows_all(&wanted);
    let safe =
        filter_fn(move |metadata| (metadata.is_event() || shows_spans) && is_safe(metadata, &ours));
    let wanted = safe.and(wanted);
    // Colours are a feature of that crate that is not enabled here, and asking for them would panic.
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .log_internal_errors(false);
    match format {
        Format::Full => layer.with_filter(wanted).boxed(),
        Format::Text => layer.event_format(Shaped(Text { colour })).with_filter(wanted).boxed(),
        Format::Json => layer.event_format(Shaped(Json)).with_filter(wanted).boxed(),
    }
}

fn shows_all(wanted: &Targets) -> bool {
    wanted.would_enable("authn", &Level::TRACE)
}

/// Returns the wanted levels. The flag overrides the variable.
fn wanted(app: &App) -> Option<Targets> {
    let level = match app.global.verbose {
        0 => {
            let name = app.variable("LOG");
            let text = env::var_os(&name).filter(|text| !text.is_empty())?;
            return text.to_str().and_then(|text| text.parse().ok()).or_else(|| {
                app.output.warning(
                    &format!("{name} is invalid, so nothing is logged"),
                    Some(
                        "set it to a level such as `debug`, or to levels of crates such as \
                         `authn=trace,reqwest=info`",
                    ),
                );
                None
            });
        }
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    Some(Targets::new().with_default(level))
}

/// Returns the crates whose logs contain no secrets: authn's and those of the linked providers.
fn our_crates(app: &App) -> BTreeSet<&'static str> {
    let registry = app.providers().unwrap_or_default();
    let providers = registry.iter().map(|entry| root(entry.location().module));
    sorted(providers.chain(["authn", "authn_cli", "authn_providers"]))
}

/// Returns whether an event is safe to write. HTTP and TLS libraries log headers and bodies at finer levels, so
/// those are only written for our crates, whatever levels are wanted.
fn is_safe(metadata: &Metadata<'_>, ours: &BTreeSet<&str>) -> bool {
    *metadata.level() <= Level::INFO || ours.contains(root(metadata.target()))
}

fn root(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{app::Global, program::Program};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_finer_levels_are_only_for_our_crates() {
        let written = Written::default();
        let writer = written.clone();
        let wanted = "trace".parse().unwrap();
        let layer = lines(
            wanted,
            our_crates(&App::new(Program::default(), Global::default())),
            Format::Full,
            false,
            move || writer.clone(),
        );
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::trace!(target: "authn::cache", "one");
            tracing::trace!(target: "authn_providers::oauth", "two");
            tracing::info!(target: "hyper", "three");
            tracing::debug!(target: "hyper::proto::h1", "s3cr3t");
            tracing::trace!(target: "authnx", "s3cr3t");
            let _span = tracing::trace_span!(target: "h2", "sending", header = "s3cr3t").entered();
            tracing::info!(target: "authn", "four");
        });
        let written = written.text();
        for word in ["one", "two", "three", "four"] {
            assert!(written.contains(word), "{written}");
        }
        assert!(!written.contains("s3cr3t"), "{written}");
    }

    #[test]
    fn spans_are_only_at_the_finest_level() {
        for (wanted, is_shown) in [("info", false), ("debug", false), ("trace", true)] {
            let written = Written::default();
            let writer = written.clone();
            let ours = BTreeSet::from(["authn"]);
            let layer =
                lines(wanted.parse().unwrap(), ours, Format::Full, false, move || writer.clone());
            tracing::subscriber::with_default(Registry::default().with(layer), || {
                let _span = tracing::info_span!(target: "authn", "exchange").entered();
                tracing::info!(target: "authn", "started");
            });
            let written = written.text();
            assert!(written.contains("started"), "{wanted}: {written}");
            assert_eq!(written.contains("exchange"), is_shown, "{wanted}: {written}");
        }
    }
}

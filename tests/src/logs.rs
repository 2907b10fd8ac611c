//! `Logs`: everything that any crate of this program logs, by `tracing` or by `log`, at every level.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tracing_subscriber::{filter::LevelFilter, fmt::format::FmtSpan};

/// A handle on what has been logged; a clone shares it.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Starts to collect, and returns the logs of the process from then on.
    pub fn of_process() -> Self {
        static LOGS: OnceLock<Logs> = OnceLock::new();
        let start = || {
            let logs = Self::default();
            let writer = logs.clone();
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_span_events(FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .init();
            log::set_boxed_logger(Box::new(logs.clone())).expect("it is set once");
            log::set_max_level(log::LevelFilter::Trace);
            logs
        };
        LOGS.get_or_init(start).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether nothing has been logged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how much has been logged.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns what has been logged from a length on.
    pub fn text(&self, start: usize) -> String {
        String::from_utf8_lossy(&self.lock()[start..]).into_owned()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Logs {
    /// The harness's own client sends secrets to the test server, and is not searched.
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        !metadata.target().starts_with("ureq")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        self.lock().extend(line.into_bytes());
    }

    fn flush(&self) {}
}

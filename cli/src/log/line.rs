//! `Line`: the shape of a line of the log, which needs nothing but the event.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Writes events as lines.
pub(super) trait Line {
    /// Writes an event, with the end of the line.
    fn write(&self, event: &Event<'_>, writer: Writer<'_>) -> fmt::Result;
}

/// Makes a shape one of `tracing-subscriber`.
pub(super) struct Shaped<L>(pub(super) L);

impl<S, N, L> FormatEvent<S, N> for Shaped<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    L: Line,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        self.0.write(event, writer)
    }
}

//! `Operation`: something that takes time, with its span and the metric of its duration.

use tracing::{Instrument as _, Span};

use super::{
    Labels, Metric,
    metric::Start,
    spans::{self, fail},
};
use crate::{Error, Result};

/// Something that takes time. If it is dropped before its end, it was cancelled.
pub(crate) struct Operation {
    span: Span,
    metric: Option<Metric>,
    labels: Labels,
    start: Start,
}

impl Operation {
    fn new(span: Span, metric: impl Into<Option<Metric>>, labels: &Labels) -> Self {
        Self { span, metric: metric.into(), labels: labels.clone(), start: Start::now() }
    }

    /// An exchange, with the span that says who has started it.
    pub(crate) fn exchange(span: Span, labels: &Labels) -> Self {
        Self::new(span, Metric::Exchange, labels)
    }

    /// A caller that waits for an exchange. Its time is that of the exchange's span, so it has none.
    pub(crate) fn wait(labels: &Labels) -> Self {
        Self::new(Span::none(), Metric::Wait, labels)
    }

    /// A login.
    pub(crate) fn login(labels: &Labels) -> Self {
        Self::new(spans::login(labels), Metric::Login, labels)
    }

    /// An exchange that waits for the lease of its session.
    pub(crate) fn lease_wait(labels: &Labels) -> Self {
        Self::new(Span::none(), Metric::LeaseWait, labels)
    }

    /// A call of a store's function.
    pub(crate) fn store(store: &str, function: &'static str, labels: &Labels) -> Self {
        let metric = match function {
            "load" | "list" => Some(Metric::StoreRead),
            "reserve" | "save" | "remove_leftovers" => Some(Metric::StoreWrite),
            // Its wait is that for another holder, who may be a user that logs in.
            _ => None,
        };
        Self::new(spans::store(store, function, labels), metric, labels)
    }

    /// Does the work within the span, and measures it.
    pub(crate) async fn run<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let result = work.instrument(self.span.clone()).await;
        self.end(result.as_ref().err());
        result
    }

    /// Measures it until now.
    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.finish(error);
    }

    /// Ends it without measuring it.
    pub(crate) fn discard(mut self) {
        self.metric = None;
        self.finish(None);
    }

    fn finish(&mut self, error: Option<&Error>) {
        if let Some(error) = error {
            fail(&self.span, error.kind());
        }
        if let Some(metric) = self.metric.take() {
            metric.record_since(&self.start, &self.labels, error);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.metric.is_some() {
            self.finish(Some(&Error::cancelled("it was not waited for")));
        }
    }
}

//! `Json`: an event as a JSON object on a line, for programs that collect logs.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::Event;
use tracing_subscriber::fmt::format::Writer;

use super::{fields::Fields, line::Line};

/// Writes `timestamp`, `level`, `target` and `message`, and the fields under their own names.
pub(super) struct Json;

impl Line for Json {
    fn write(&self, event: &Event<'_>, mut writer: Writer<'_>) -> fmt::Result {
        let Fields { message, values } = Fields::of(event);
        let now = OffsetDateTime::now_utc().truncate_to_millisecond();
        let head = [
            ("timestamp", now.format(&Rfc3339).map_err(|_| fmt::Error)?.into()),
            ("level", event.metadata().level().as_str().into()),
            ("target", event.metadata().target().into()),
            ("message", message.into()),
        ];
        let line = serde_json::to_string(&Object(head.into_iter().chain(values).collect()));
        writeln!(writer, "{}", line.map_err(|_| fmt::Error)?)
    }
}

/// An object whose members are written in this order.
struct Object(Vec<(&'static str, Value)>);

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

//! `Format`: the shape of the lines.

use std::env;

use crate::{
    app::App,
    exit::{Code, Failure},
};

/// The shape of the lines, which the variable `AUTHN_LOG_FORMAT` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A sentence for each step.
    Text,
    /// With the time, the module, and the spans and their fields.
    Full,
    /// A JSON object for each event.
    Json,
}

impl Format {
    const ALL: [(&str, Self); 3] =
        [("text", Self::Text), ("full", Self::Full), ("json", Self::Json)];

    /// Returns the format that the variable names; `None` if it is not set.
    pub(super) fn configured(app: &App) -> Result<Option<Self>, Failure> {
        let name = app.variable("LOG_FORMAT");
        let Some(text) = env::var_os(&name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        match Self::ALL.iter().find(|(of, _)| text.to_str() == Some(of)) {
            Some((_, format)) => Ok(Some(*format)),
            None => {
                Err(Failure::new(Code::Configuration, format!("{name} is not a format of the log"))
                    .with_help("set it to `text`, `full` or `json`, or unset it"))
            }
        }
    }
}

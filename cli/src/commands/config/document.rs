//! The JSON of `config show`.
//!
//! `{"profile", "provider", "values": […], "withheld": […], "problems": […]}`. The values of a project's file that is
//! not trusted have a list of their own, so that each key is once among the values. A missing value is `null`. Members
//! that do not apply (the value of a secret, the line of a variable) are left out.

use authn::{
    View,
    config::{Class, Config, Overridden, Problem, Provenance, Setting},
};
use serde::Serialize;

use crate::report::severity;

/// The whole document.
#[derive(Serialize)]
pub(super) struct Document {
    profile: Option<String>,
    provider: Option<String>,
    values: Vec<ValueEntry>,
    withheld: Vec<ValueEntry>,
    problems: Vec<ProblemEntry>,
}

#[derive(Serialize)]
pub(in crate::commands) struct ValueEntry {
    key: String,
    kind: &'static str,
    set: bool,
    /// Only of a plain setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<View>,
    origin: Place,
    profile: Option<String>,
    reference: Option<String>,
    /// Why the target of the reference can't be used.
    unresolved: Option<String>,
    overrides: Vec<OverriddenEntry>,
}

/// A value without effect: its place, and the value if it may be shown.
#[derive(Serialize)]
struct OverriddenEntry {
    #[serde(flatten)]
    origin: Place,
    profile: Option<String>,
    value: View,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(in crate::commands) enum Place {
    Default,
    Preset { name: String },
    File { path: String, line: usize, column: usize },
    Env { name: String },
    Flag { name: String },
    Other { name: String },
}

#[derive(Serialize)]
pub(super) struct ProblemEntry {
    code: &'static str,
    severity: &'static str,
    message: String,
    key: Option<String>,
    origin: Option<Place>,
    help: Option<String>,
}

impl Document {
    pub(super) fn new(config: &Config, settings: &[Setting]) -> Self {
        let entries = |withheld| {
            let settings = settings.iter().filter(|setting| setting.is_withheld == withheld);
            settings.map(ValueEntry::of).collect()
        };
        Self {
            profile: config.profile().map(str::to_owned),
            provider: config.provider().map(str::to_owned),
            values: entries(false),
            withheld: entries(true),
            problems: config.problems().iter().map(ProblemEntry::of).collect(),
        }
    }
}

impl ValueEntry {
    pub(in crate::commands) fn of(setting: &Setting) -> Self {
        let kind = match setting.class {
            Class::Plain => "plain",
            Class::Secret => "secret",
            _ => "unknown",
        };
        let has_value = setting.class == Class::Plain && !setting.is_withheld;
        Self {
            key: setting.key.clone(),
            kind,
            set: setting.is_set,
            value: has_value.then(|| setting.shown()),
            origin: Place::of(&setting.provenance),
            profile: setting.profile.clone(),
            reference: setting.reference.clone(),
            unresolved: setting.unresolved.clone(),
            overrides: setting.overrides.iter().map(OverriddenEntry::of).collect(),
        }
    }
}

impl OverriddenEntry {
    fn of(overridden: &Overridden) -> Self {
        Self {
            origin: Place::of(&overridden.provenance),
            profile: overridden.profile.clone(),
            value: overridden.value.clone(),
        }
    }
}

impl Place {
    pub(in crate::commands) fn of(provenance: &Provenance) -> Self {
        match provenance {
            Provenance::Default => Self::Default,
            Provenance::Preset { name } => Self::Preset { name: name.clone() },
            Provenance::File { path, line, column } => {
                Self::File { path: path.display().to_string(), line: *line, column: *column }
            }
            Provenance::Environment { name } => Self::Env { name: name.clone() },
            Provenance::Flag { name } => Self::Flag { name: name.clone() },
            other => Self::Other { name: other.to_string() },
        }
    }
}

impl ProblemEntry {
    pub(super) fn of(problem: &Problem) -> Self {
        Self {
            code: problem.code().as_str(),
            severity: severity(problem.severity()),
            message: problem.message().to_owned(),
            key: problem.key().map(str::to_owned),
            origin: problem.provenance().map(Place::of),
            help: problem.help().map(str::to_owned),
        }
    }
}

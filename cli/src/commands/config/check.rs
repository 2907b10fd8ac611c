//! `config check`: everything that is wrong, at once.

use authn::config::{Config, Severity};

use crate::{
    commands::in_force,
    exit::{Code, Failure},
    output,
    session::Session,
};

pub(super) fn run(session: &Session) -> Result<(), Failure> {
    let config = session.loader().read();
    let output = &session.output;
    for problem in config.problems() {
        output.problem(problem);
    }
    let Some(counts) = counts(&config) else {
        output::tell(&format!("the configuration is fine ({})", in_force(&config)));
        return Ok(());
    };
    let summary = format!("the configuration has {counts} ({})", in_force(&config));
    if config.problems().iter().any(|problem| problem.severity() == Severity::Error) {
        output.error(&summary, None);
    } else {
        output.warning(&summary);
    }
    Err(Failure::Silent(Code::Configuration))
}

/// Counts the problems in words; `None` if there are none.
fn counts(config: &Config) -> Option<String> {
    let of = |severity, word: &str| {
        let same = config.problems().iter().filter(|problem| problem.severity() == severity);
        match same.count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        }
    };
    let counts = [of(Severity::Error, "error"), of(Severity::Warning, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    (!counts.is_empty()).then(|| counts.join(" and "))
}

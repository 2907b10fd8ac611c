//! `Problem`: a problem of a configuration, reported like one of a compiler: code, place, line, help.

use std::{fmt, ops::Range};

use annotate_snippets::{
    AnnotationKind, Group, Level, Renderer, Snippet,
    renderer::{AnsiColor, Effects},
};

use super::{ProblemCode, Provenance, printable, shortened};

/// How many problems are shown at once. Only these have a line of their file and a suggestion.
pub(crate) const SHOWN: usize = 50;

/// A problem of a configuration or a store. It contains no configured value.
///
/// ```
/// use authn::{Environment, Loader, config::Severity, diagnostic::ProblemCode};
///
/// let text = "[credentials]\ndomian = \"api.example.com\"";
/// let config = Loader::new().environment(Environment::empty()).defaults(text).read();
/// let key = Some("credentials.domian");
/// let problem = config.problems().iter().find(|problem| problem.key() == key).expect("a problem");
/// assert_eq!((problem.code(), problem.severity()), (ProblemCode::UnknownKey, Severity::Error));
/// assert_eq!(problem.message(), "there is no option `domian` in `credentials`");
/// assert_eq!(problem.help(), Some("did you mean `domain`?"));
/// assert_eq!(problem.provenance().expect("a place").to_string(), "defaults:2:10");
/// assert!(problem.render(false).contains("domian = ***"));
/// ```
#[must_use]
#[derive(Clone)]
pub struct Problem {
    code: ProblemCode,
    severity: Severity,
    message: String,
    key: Option<String>,
    provenance: Option<Provenance>,
    help: Option<String>,
    excerpt: Option<Excerpt>,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// The configuration can't be used.
    Error,
    /// The configuration can be used, but something in it has no effect or will fail later.
    Warning,
}

/// The line of a file where the problem is, with masked values.
#[derive(Clone)]
pub(crate) struct Excerpt {
    pub(crate) line: String,
    pub(crate) marked: Range<usize>,
}

impl Problem {
    pub(crate) fn error(code: ProblemCode, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            key: None,
            provenance: None,
            help: None,
            excerpt: None,
        }
    }

    pub(crate) fn warning(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Turns the problem into a warning.
    pub(crate) fn make_warning(&mut self) {
        self.severity = Severity::Warning;
    }

    /// Adds a text to the end of the message.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.message.push_str(more);
        self
    }

    /// Returns whether it can be the mere consequence of a source that can't be used: something is not set.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(
            self.code,
            ProblemCode::Invalid
                | ProblemCode::MissingKey
                | ProblemCode::NoCredentials
                | ProblemCode::NoOrigins
                | ProblemCode::NoProvider
        )
    }

    /// Removes the key and the line from the file.
    pub(crate) fn without_contents(self) -> Self {
        Self { key: None, excerpt: None, ..self }
    }

    /// Removes the place and the line, which are those of a text that is in no file.
    #[doc(hidden)]
    pub fn without_place(self) -> Self {
        Self { provenance: None, excerpt: None, ..self }
    }

    pub(crate) fn with_key(mut self, key: impl fmt::Display) -> Self {
        self.key = Some(key.to_string());
        self
    }

    pub(crate) fn with_provenance(mut self, provenance: impl Into<Option<Provenance>>) -> Self {
        self.provenance = provenance.into();
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_excerpt(mut self, excerpt: impl Into<Option<Excerpt>>) -> Self {
        self.excerpt = excerpt.into();
        self
    }

    /// Returns the kind of the problem.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// Returns how bad the problem is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns what is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the full key of the value with the problem.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns where the value with the problem comes from.
    pub fn provenance(&self) -> Option<&Provenance> {
        self.provenance.as_ref()
    }

    /// Returns how to fix the problem.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Returns the whole report with the masked line, in colour for a terminal or without.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let key = self.key.as_deref().map(shortened);
        let title = match (&key, &self.excerpt) {
            (Some(key), None) if !self.names_key() => {
                printable(&format!("{}: {key}: {}", self.code, self.message))
            }
            _ => printable(&format!("{}: {}", self.code, self.message)),
        };
        let place = self.provenance.as_ref().map(ToString::to_string);
        let help = self.help.as_deref().map(printable);
        // A line with control characters could change the terminal, so it is left out.
        let excerpt = self.excerpt.as_ref().filter(|excerpt| is_printable(&excerpt.line));
        let mut group = Group::with_title(level.primary_title(title.as_str()));
        if let (Some(Provenance::File { path, line, .. }), Some(excerpt)) =
            (&self.provenance, excerpt)
        {
            let label = printable(key.as_deref().unwrap_or_default());
            group = group.element(
                Snippet::source(excerpt.line.as_str())
                    .path(printable(&path.display().to_string()))
                    .line_start(*line)
                    .annotation(AnnotationKind::Primary.span(excerpt.marked.clone()).label(label)),
            );
        } else if let Some(place) = &place {
            group = group.element(Level::NOTE.with_name("at").message(place.as_str()));
        }
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour {
            // The colours of the command line, which are those of clap.
            let bold = |colour: AnsiColor| colour.on_default().effects(Effects::BOLD);
            Renderer::styled().error(bold(AnsiColor::Red)).help(bold(AnsiColor::Cyan))
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }

    /// Returns whether the message names the key with its table, as a problem does that is about the key itself.
    fn names_key(&self) -> bool {
        let key = self.key.as_deref().unwrap_or_default();
        matches!(self.code, ProblemCode::UnknownKey | ProblemCode::UnknownProvider)
            || self.message.contains(&format!("`{}`", shortened(key)))
    }
}

/// Returns whether a line can be shown as it is.
fn is_printable(line: &str) -> bool {
    line.split('\t').all(|part| printable(part) == part)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(provenance) = &self.provenance {
            write!(f, "{provenance}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{}: ", printable(&shortened(key)))?;
        }
        write!(f, "{} ({})", printable(&self.message), self.code)?;
        match &self.help {
            Some(help) => write!(f, "; {}", printable(help)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({self})")
    }
}

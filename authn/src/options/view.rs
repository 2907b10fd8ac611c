//! `View`: a value without its secrets.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

use super::{Options, Secret};
use crate::process;

/// Replaces a masked part of a URL. Its width doesn't depend on the value.
const MASK: &str = "***";

/// A value as it may be shown to every user.
///
/// ```
/// use authn::View;
///
/// let view = View::text("https://user:password@example.com/");
/// assert_eq!(view.to_string(), "\"https://***@example.com/\"");
/// assert_eq!(View::Set.to_string(), "(set)");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// No value.
    NotSet,
    /// A secret that is set. Its value is not shown.
    Set,
    /// A value that may not be shown.
    Hidden,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<View>),
    /// A table, in the order to be shown.
    Table(Vec<(String, View)>),
}

impl View {
    /// Removes the entries of tables that have no value to show.
    pub(crate) fn without_unset(self) -> Self {
        match self {
            Self::List(items) => Self::List(items.into_iter().map(Self::without_unset).collect()),
            Self::Table(entries) => Self::Table(
                entries
                    .into_iter()
                    .filter(|(_, view)| !matches!(view, Self::NotSet | Self::Set))
                    .map(|(key, view)| (key, view.without_unset()))
                    .collect(),
            ),
            view => view,
        }
    }

    /// Returns whether no part is hidden, so that the value can be written into a configuration.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::Hidden => false,
            Self::List(items) => items.iter().all(Self::is_complete),
            Self::Table(entries) => entries.iter().all(|(_, view)| view.is_complete()),
            _ => true,
        }
    }

    /// Creates the view of a map whose keys the user chooses. Values under keys such as `token` are hidden.
    pub(crate) fn of_map(entries: impl Iterator<Item = (String, Self)>) -> Self {
        let hide = |(key, view): (String, Self)| {
            let view = if names_secret(&key) { Self::Hidden } else { view };
            (key, view)
        };
        Self::Table(entries.map(hide).collect())
    }

    /// Creates the view of the program of a command.
    pub(crate) fn of_program(program: &str) -> Self {
        process::shown_program(program).map_or(Self::Hidden, Self::text)
    }

    /// Creates the view of a text. Secrets in a URL are masked.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(redact_text(text.as_ref()))
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("(not set)"),
            Self::Set => f.write_str("(set)"),
            Self::Hidden => f.write_str("(hidden)"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => write!(f, "[{}]", joined(items.iter())),
            Self::Table(entries) if entries.is_empty() => f.write_str("{}"),
            Self::Table(entries) => {
                let entries = entries.iter().map(|(key, view)| format!("{key} = {view}"));
                write!(f, "{{ {} }}", joined(entries))
            }
        }
    }
}

fn joined(parts: impl Iterator<Item = impl fmt::Display>) -> String {
    parts.map(|part| part.to_string()).collect::<Vec<_>>().join(", ")
}

/// Serialises texts, numbers, lists and tables as such, and values that are not shown as `null`.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotSet | Self::Set | Self::Hidden => serializer.serialize_none(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Table(entries) => {
                serializer.collect_map(entries.iter().map(|(key, view)| (key, view)))
            }
        }
    }
}

/// The views of a set of options, by their keys.
///
/// ```
/// use authn::{View, options::Views};
///
/// let mut views = Views::new();
/// views.push("tries", View::Integer(3));
/// assert_eq!(views, { let mut same = Views::new(); same.push("tries", View::Integer(3)); same });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[doc(hidden)]
pub struct Views(Vec<(&'static str, View)>);

impl Views {
    /// Creates an empty list of views.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the view of an option.
    pub fn push(&mut self, key: &'static str, view: View) {
        self.0.push((key, view));
    }

    /// Adds the views of more options of the same table.
    pub fn flatten<T: Options>(&mut self, options: &T) {
        self.0.extend(options.views().0);
    }

    pub(crate) fn into_entries(self) -> Vec<(String, View)> {
        self.0.into_iter().map(|(key, view)| (key.to_owned(), view)).collect()
    }

    /// Writes the `Debug` of a struct.
    pub fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(name);
        for (key, view) in &self.0 {
            shown.field(key, &format_args!("{view}"));
        }
        shown.finish()
    }
}

/// Returns the view of a secret, which only says whether it is set.
#[doc(hidden)]
pub fn set_or_not<T: Secret>(secret: &T) -> View {
    if secret.is_set() { View::Set } else { View::NotSet }
}

/// Returns whether the name of a key suggests that its value is a secret, in a map with keys that the user chooses.
pub(crate) fn names_secret(key: &str) -> bool {
    const PARTS: [&str; 10] = [
        "assertion",
        "auth",
        "cookie",
        "credential",
        "key",
        "passw",
        "secret",
        "session",
        "signature",
        "token",
    ];
    let key = key.to_ascii_lowercase();
    PARTS.iter().any(|part| key.contains(part))
}

/// Masks the secrets of a URL in a text. A text that is not a URL is unchanged, unless it could contain a password, such as
/// `user:password@host`.
fn redact_text(text: &str) -> String {
    let has_password = || text.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    if !text.contains("://") {
        return if has_password() { MASK.to_owned() } else { text.to_owned() };
    }
    match Url::parse(text.trim()) {
        Ok(url) if url.host_str().is_none() && has_password() => MASK.to_owned(),
        Ok(url) if has_secrets(&url) => redact_url(url),
        // The text as a whole is not a URL, and the part before an `@` could be a password.
        Err(_) if text.contains(['@', '?']) => MASK.to_owned(),
        Ok(_) | Err(_) => text.to_owned(),
    }
}

/// Returns a URL without user, password, query values and fragment. A text such as `user:password@host` parses as a URL with
/// the scheme `user`, so only the scheme is kept if the parts of a URL are not certain.
pub(crate) fn redact_url(mut url: Url) -> String {
    if url.cannot_be_a_base() || (url.host_str().is_none() && url.path().contains('@')) {
        return format!("{}:{MASK}", url.scheme());
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Fails only for URLs that can't have a user.
        let _ = url.set_username(MASK);
        let _ = url.set_password(None);
    }
    if let Some(query) = url.query() {
        // A part without `=` may be a secret as a whole.
        let redact = |part: &str| match part.split_once('=') {
            Some((key, _)) => format!("{key}={MASK}"),
            None => MASK.to_owned(),
        };
        let parts: Vec<String> = query.split('&').map(redact).collect();
        url.set_query(Some(&parts.join("&")));
    }
    if url.fragment().is_some() {
        url.set_fragment(Some(MASK));
    }
    url.into()
}

fn has_secrets(url: &Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::options::Show as _;

    #[test]
    fn urls_lose_users_query_values_and_fragments() {
        for (text, shown) in [
            ("https://a.test/p", "https://a.test/p"),
            ("https://alice:s3cr3t@a.test/p", "https://***@a.test/p"),
            ("https://s3cr3t@a.test/?k=s3cr3t&l", "https://***@a.test/?k=***&***"),
            ("https://a.test/?s3cr3t", "https://a.test/?***"),
            ("https://a.test/?k=s3cr3t=s3cr3t&s3cr3t&", "https://a.test/?k=***&***&***"),
            ("postgres://u:s3cr3t@h/db", "postgres://***@h/db"),
            ("https://a.test/#access_token=s3cr3t", "https://a.test/#***"),
            ("see https://u:s3cr3t@a.test", "***"),
            ("plain text", "plain text"),
            ("alice@a.test", "alice@a.test"),
            ("a.test:3128", "a.test:3128"),
            ("urn:ietf:params:oauth", "urn:ietf:params:oauth"),
            ("alice:s3cr3t@a.test:3128", "***"),
            (":s3cr3t@a.test", "***"),
            ("alice:s3cr3t@a.test/x://y", "***"),
            ("file:///a/b", "file:///a/b"),
        ] {
            assert_eq!(View::text(text), View::Text(shown.to_owned()), "{text}");
        }
        let url = Url::parse("https://u:p@a.test/?q=s").unwrap();
        assert_eq!(url.show().to_string(), "\"https://***@a.test/?q=***\"");
        for text in ["alice:s3cr3t@a.test:3128", "alice:/s3cr3t@a.test"] {
            assert_eq!(Url::parse(text).unwrap().show().to_string(), "\"alice:***\"");
        }
    }

    #[test]
    fn views_print_like_toml() {
        let mut table = BTreeMap::new();
        table.insert("a".to_owned(), vec![1_u8, 2]);
        assert_eq!(table.show().to_string(), "{ a = [1, 2] }");
        assert_eq!(Some(Duration::from_secs(90)).show().to_string(), "\"1m30s\"");
        assert_eq!("\u{1b}[31m".show().to_string(), "\"\\u{1b}[31m\"");
    }
}

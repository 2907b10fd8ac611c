//! `Show`: how a plain option is shown, instead of by its own `Debug`, which might say too much.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::View;
use crate::time::duration;

/// Stands for what a URL hides. Its width says nothing of the value's.
const MASK: &str = "***";

/// Says how a plain option may be shown. A type without it is shown as its `serde::Serialize` writes it, an
/// enum of words as the word that it is read from, and everything else as `(hidden)`.
///
/// ```
/// use authn::{Show, View};
///
/// enum Mode { Fast, Slow }
///
/// impl Show for Mode {
///     fn show(&self) -> View {
///         View::text(match self { Mode::Fast => "fast", Mode::Slow => "slow" })
///     }
/// }
/// ```
pub trait Show {
    /// Returns the view.
    fn show(&self) -> View;
}

macro_rules! show {
    ($($type:ty => |$value:ident| $view:expr;)*) => {$(
        impl Show for $type {
            fn show(&self) -> View {
                let $value = self;
                $view
            }
        }
    )*};
}

show! {
    bool => |value| View::Boolean(*value);
    i8 => |value| View::Integer((*value).into());
    i16 => |value| View::Integer((*value).into());
    i32 => |value| View::Integer((*value).into());
    i64 => |value| View::Integer(*value);
    u8 => |value| View::Integer((*value).into());
    u16 => |value| View::Integer((*value).into());
    u32 => |value| View::Integer((*value).into());
    u64 => |value| i64::try_from(*value).map_or_else(|_| View::Text(value.to_string()), View::Integer);
    usize => |value| (*value as u64).show();
    f32 => |value| View::Float((*value).into());
    f64 => |value| View::Float(*value);
    str => |value| View::text(value);
    String => |value| View::text(value);
    Path => |value| View::Text(value.display().to_string());
    PathBuf => |value| value.as_path().show();
    Url => |value| View::Text(redact_url(value.clone()));
    Duration => |value| View::Text(duration::format(*value));
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> View {
        (**self).show()
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> View {
        self.as_ref().map_or(View::NotSet, Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> View {
        View::List(self.iter().map(Show::show).collect())
    }
}

impl<T: Show> Show for BTreeMap<String, T> {
    fn show(&self) -> View {
        table(self.iter().map(|(key, value)| (key.clone(), value.show())))
    }
}

impl<T: Show, S> Show for HashMap<String, T, S> {
    fn show(&self) -> View {
        let sorted: BTreeMap<&String, &T> = self.iter().collect();
        table(sorted.into_iter().map(|(key, value)| (key.clone(), value.show())))
    }
}

/// Shows a map whose keys the user chose.
pub(super) fn table(entries: impl Iterator<Item = (String, View)>) -> View {
    let hide = |(key, view): (String, View)| {
        let view = if names_secret(&key) { View::Hidden } else { view };
        (key, view)
    };
    View::Table(entries.map(hide).collect())
}

/// Returns whether a key of the user's choice sounds as if its value were a secret, in a map that is shown.
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

/// Hides what a URL in a text would show of secrets; a text that is no URL stays, unless a password could
/// stand in it as in `user:password@host`.
pub(crate) fn redact_text(text: &str) -> String {
    let has_password = || text.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    if !text.contains("://") {
        return if has_password() { MASK.to_owned() } else { text.to_owned() };
    }
    match Url::parse(text.trim()) {
        Ok(url) if url.host_str().is_none() && has_password() => MASK.to_owned(),
        Ok(url) if has_secrets(&url) => redact_url(url),
        // Not a URL as a whole: whatever stands before an `@` could be a password.
        Err(_) if text.contains(['@', '?']) => MASK.to_owned(),
        Ok(_) | Err(_) => text.to_owned(),
    }
}

/// Returns a URL without user, password, query values and fragment. Of one whose parts can't be told, like
/// `user:password@host`, which begins with a scheme by its letters, only that is left.
pub(crate) fn redact_url(mut url: Url) -> String {
    if url.cannot_be_a_base() || (url.host_str().is_none() && url.path().contains('@')) {
        return format!("{}:{MASK}", url.scheme());
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Fails only for URLs that can't have a user.
        let _ = url.set_username(MASK);
        let _ = url.set_password(None);
    }
    if url.query().is_some() {
        let keys: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        let mut query = url.query_pairs_mut();
        query.clear().extend_pairs(keys.iter().map(|key| (key, MASK)));
        drop(query);
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
    use super::*;

    #[test]
    fn urls_lose_users_query_values_and_fragments() {
        for (text, shown) in [
            ("https://a.test/p", "https://a.test/p"),
            ("https://alice:s3cr3t@a.test/p", "https://***@a.test/p"),
            ("https://s3cr3t@a.test/?k=s3cr3t&l", "https://***@a.test/?k=***&l=***"),
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

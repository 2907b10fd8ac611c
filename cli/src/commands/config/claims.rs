//! What a configuration names outside of itself, in the words of the user who is to judge it: profiles,
//! origins, servers, commands, files, variables.

use std::collections::BTreeMap;

use authn::{
    Url, View,
    config::{Provenance, Setting},
    options::Type,
};

use super::shown;
use crate::style::{Table, visible};

/// Stands for a text that may not be shown, because a password could be in it: it may name a server as well.
const MASK: &str = "***";

/// What something is that a configuration names, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Chosen or defined.
    Profile,
    /// Requests there carry the credentials.
    Origin,
    /// Asked for tokens, or on the way there.
    Server,
    /// Run.
    Command,
    /// Read or written.
    File,
    /// Read from the environment.
    Variable,
    /// Where else a secret stands.
    Secret,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Origin => "origin",
            Self::Server => "server",
            Self::Command => "command",
            Self::File => "file",
            Self::Variable => "variable",
            Self::Secret => "secret",
        }
    }
}

/// Returns every setting with its line, as a table.
pub(super) fn settings(settings: &[Setting]) -> Table {
    let mut table = Table::new(&["LINE", "KEY", "VALUE"]);
    for setting in settings {
        table.row([line(setting), visible(&setting.key), value(setting)]);
    }
    table
}

/// Returns what the settings name, each once with its lines, as a table; `None` if they name nothing.
pub(super) fn named(settings: &[Setting]) -> Option<Table> {
    let mut lines: BTreeMap<(What, String), Vec<String>> = BTreeMap::new();
    for setting in settings {
        for named in names(setting) {
            let lines = lines.entry(named).or_default();
            let line = line(setting);
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
    }
    let mut table = Table::new(&["WHAT", "NAME", "LINE"]);
    for ((what, name), lines) in &lines {
        table.row([what.word().to_owned(), visible(name), lines.join(", ")]);
    }
    (!lines.is_empty()).then_some(table)
}

/// Counts the settings whose values the schema does not say may be shown.
pub(super) fn hidden(settings: &[Setting]) -> usize {
    settings.iter().filter(|setting| setting.shown() == View::Hidden).count()
}

fn value(setting: &Setting) -> String {
    match &setting.reference {
        Some(reference) => format!("{}, from {}", shown(setting), visible(reference)),
        None => shown(setting),
    }
}

fn line(setting: &Setting) -> String {
    match setting.provenance {
        Provenance::File { line, .. } => line.to_string(),
        _ => String::new(),
    }
}

/// What one setting names, by what the schema says of it.
fn names(setting: &Setting) -> Vec<(What, String)> {
    let mut names = Vec::new();
    let (profile, key) = split_profile(&setting.key);
    names.extend(profile.map(|profile| (What::Profile, profile.to_owned())));
    if let Some(reference) = &setting.reference {
        names.push(match reference.split_once(' ') {
            Some(("file", path)) => (What::File, path.to_owned()),
            Some(("env", name)) => (What::Variable, name.to_owned()),
            Some(("command", words)) => (What::Command, words.to_owned()),
            _ => (What::Secret, reference.clone()),
        });
    }
    let Some(value) = &setting.value else { return names };
    let value_type = setting.value_type.as_ref().map(innermost);
    if value_type == Some(&Type::Command) {
        names.push((What::Command, value.to_string()));
        return names;
    }
    texts(value, &mut |text| {
        names.extend(match (key, value_type) {
            ("default_profile", _) => Some((What::Profile, text.to_owned())),
            ("credentials.domain", _) => Some((What::Origin, host(text))),
            (_, Some(Type::Origin)) => Some((What::Origin, origin(text))),
            (_, Some(Type::Url)) => Some((What::Server, origin(text))),
            (_, Some(Type::Path)) => Some((What::File, text.to_owned())),
            _ => named_by(text),
        });
    });
    names
}

/// Returns the type of what a list or a map consists of.
fn innermost(of: &Type) -> &Type {
    match of {
        Type::List(of) | Type::Map(of) => innermost(of),
        other => other,
    }
}

/// What a text of any meaning names, as far as its looks tell. Whatever can be read as a URL with a host is a
/// server, however it is spelt: more is read so than begins with `scheme://`.
fn named_by(text: &str) -> Option<(What, String)> {
    if server(text).is_some() || text.contains("://") || text == MASK {
        return Some((What::Server, origin(text)));
    }
    let looks_like_path = ["/", "~/", "./", "../"].iter().any(|start| text.starts_with(start));
    looks_like_path.then(|| (What::File, text.to_owned()))
}

/// Returns scheme, host and port in the letters that are looked up, so that no letter passes for another; what
/// can't be read as a server stays as it is.
fn origin(text: &str) -> String {
    server(text).unwrap_or_else(|| host(text))
}

/// The same of a text that has no scheme, as `credentials.domain`: its beginning is never taken for one.
fn host(text: &str) -> String {
    let named = if text.contains("://") {
        server(text)
    } else {
        let named = server(&format!("https://{text}"));
        named.map(|named| named.trim_start_matches("https://").to_owned())
    };
    named.unwrap_or_else(|| text.to_owned())
}

fn server(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

/// Walks through the texts of a value.
fn texts(value: &View, take: &mut impl FnMut(&str)) {
    match value {
        View::Text(text) => take(text),
        View::List(items) => items.iter().for_each(|item| texts(item, take)),
        View::Table(entries) => entries.iter().for_each(|(_, item)| texts(item, take)),
        _ => {}
    }
}

/// Takes the profile off a key, as a key in a file has it: `profile.NAME.credentials.domain`.
fn split_profile(key: &str) -> (Option<&str>, &str) {
    let Some(rest) = key.strip_prefix("profile.") else { return (None, key) };
    // A name that is no bare word stands in quotes, in which a dot may be.
    let end = match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut escaped = false;
            let close = quoted.find(|character| {
                let closes = character == '"' && !escaped;
                escaped = character == '\\' && !escaped;
                closes
            });
            close.map(|close| close + 2)
        }
        None => rest.find('.'),
    };
    let end = end.unwrap_or(rest.len());
    (Some(&rest[..end]), rest[end..].trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use authn::{Environment, Loader};

    use super::*;

    #[test]
    fn a_profile_is_taken_off_a_key() {
        for (key, profile, rest) in [
            ("credentials.domain", None, "credentials.domain"),
            ("profile.a.credentials.domain", Some("a"), "credentials.domain"),
            (r#"profile."a.b\"c".http.proxy"#, Some(r#""a.b\"c""#), "http.proxy"),
            ("profile.a", Some("a"), ""),
        ] {
            assert_eq!(split_profile(key), (profile, rest), "{key}");
        }
    }

    #[test]
    fn a_server_is_named_in_the_letters_that_are_looked_up() {
        for (text, shown) in [
            ("https://a.test/path?x=***", "https://a.test"),
            ("https://a.test:8443", "https://a.test:8443"),
            ("https://\u{430}pple.test", "https://xn--pple-43d.test"),
            ("\u{430}pple.test", "xn--pple-43d.test"),
            ("https://a.test@evil.test/", "https://evil.test"),
            ("socks5://a.test:1080", "socks5://a.test:1080"),
            ("https://*.a.test", "https://*.a.test"),
            ("*", "*"),
            ("https:evil.test/x", "https://evil.test"),
            ("HTTPS:/\\evil2.test/x", "https://evil2.test"),
            ("ht\ttp\ns:evil4.test", "https://evil4.test"),
        ] {
            assert_eq!(origin(text), shown);
        }
    }

    /// Returns what a file names in which options have these values.
    fn named_in(options: &str) -> Vec<(What, String)> {
        let config =
            Loader::new().environment(Environment::empty()).inline("x.toml", options).read();
        config.settings().iter().filter(|setting| setting.is_set).flat_map(names).collect()
    }

    #[test]
    fn the_type_of_an_option_tells_what_it_names() {
        for (options, what, name) in [
            ("http.proxy = 'http://p.test'", What::Server, "http://p.test"),
            ("http.ca_file = 'ca.pem'", What::File, "ca.pem"),
            ("http.ca_file = 'https:evil.test'", What::File, "https:evil.test"),
            ("stores.file.directory = 'x'", What::File, "x"),
            ("credentials.oauth.issuer_url = 'https://a.test/x'", What::Server, "https://a.test"),
            ("credentials.oauth.browser = ['a', 'b']", What::Command, "[\"a\", \"b\"]"),
            ("credentials.oauth.parameters.x = 'https:a.test'", What::Server, "https://a.test"),
            ("credentials.cached.oauth.browser = ['a']", What::Command, "[\"a\"]"),
            ("credentials.origins = ['*']", What::Origin, "*"),
            ("credentials.domain = 'a.test'", What::Origin, "a.test"),
        ] {
            let named = named_in(options);
            assert!(named.contains(&(what, name.to_owned())), "{options}: {named:?}");
        }
        let texts = named_in("http.user_agent = 'x'\ncredentials.oauth.issuer = 'a.test'\n");
        let of_texts = texts.iter().filter(|(_, name)| ["x", "a.test"].contains(&&**name));
        assert_eq!(of_texts.count(), 0, "{texts:?}");
    }

    #[test]
    fn texts_are_known_by_looks() {
        let what = |text| named_by(text).map(|(what, _)| what);
        assert_eq!(what("https://a.test"), Some(What::Server));
        assert_eq!(what("~/.ssh/id"), Some(What::File));
        assert_eq!(what("cli"), None);
    }

    #[test]
    fn no_spelling_keeps_a_server_from_being_named() {
        for (text, named) in [
            ("https:evil.test/x", "https://evil.test"),
            ("HTTPS:/\\evil2.test/x", "https://evil2.test"),
            ("http:evil3.test:80", "http://evil3.test"),
            ("ht\ttps:evil4.test", "https://evil4.test"),
            (" \nhttps:\r\n//evil5.test", "https://evil5.test"),
            ("\\\\https://evil6.test", "\\\\https://evil6.test"),
            ("https:///:", "https:///:"),
            (MASK, MASK),
        ] {
            assert_eq!(named_by(text), Some((What::Server, named.to_owned())), "{text:?}");
        }
        assert_eq!(origin("evil7.test"), "evil7.test");
    }

    #[test]
    fn a_domain_has_no_scheme() {
        for (text, shown) in
            [("http:80", "http:80"), ("a.test:8443", "a.test:8443"), ("x@evil.test", "evil.test")]
        {
            assert_eq!(host(text), shown);
        }
    }
}

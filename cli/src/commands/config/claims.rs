//! The external things that a configuration refers to, for the user who decides whether to trust it: profiles,
//! origins, servers, commands, files, variables. What its presets bring is a part of it.

use std::{collections::BTreeMap, path::Path};

use authn::{
    Url, View,
    config::{Provenance, Setting},
    options::Type,
};

use super::shown;
use crate::style::{Table, visible};

/// Replaces a text that may contain a password. The text may name a server as well.
const MASK: &str = "***";

/// The kind of a thing that a configuration refers to, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::commands) enum Kind {
    /// A profile that is chosen or defined.
    Profile,
    /// An origin whose requests carry the credentials.
    Origin,
    /// A server that issues tokens, or a proxy.
    Server,
    /// A command that is run.
    Command,
    /// A file that is read or written.
    File,
    /// A variable that is read from the environment.
    Variable,
    /// Another place of a secret, such as a keyring.
    Secret,
}

impl Kind {
    pub(in crate::commands) fn word(self) -> &'static str {
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

/// Returns every setting with its line in the project's file, as a table.
pub(super) fn settings(settings: &[Setting], project: &Path) -> Table {
    let mut table = Table::new(&["LINE", "KEY", "VALUE"]);
    for setting in settings {
        table.row([line(setting, project), visible(&setting.key), value(setting)]);
    }
    table
}

/// Returns a table of the things that the settings refer to, each once with its lines; `None` if there are none.
pub(super) fn named(settings: &[Setting], project: &Path) -> Option<Table> {
    let mut lines: BTreeMap<(Kind, String), Vec<String>> = BTreeMap::new();
    for setting in settings {
        for named in names(setting) {
            let lines = lines.entry(named).or_default();
            let line = line(setting, project);
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
    }
    let mut table = Table::new(&["KIND", "NAME", "LINE"]);
    for ((kind, name), lines) in &lines {
        table.row([kind.word().to_owned(), visible(name), lines.join(", ")]);
    }
    (!lines.is_empty()).then_some(table)
}

/// Counts the settings whose values no schema allows to be shown.
pub(super) fn hidden(settings: &[Setting]) -> usize {
    settings.iter().filter(|setting| setting.shown() == View::Hidden).count()
}

fn value(setting: &Setting) -> String {
    match &setting.reference {
        Some(reference) => format!("{}, from {}", shown(setting), visible(reference)),
        None => shown(setting),
    }
}

/// Returns the line of a setting in the project's file, or the preset that brings it.
fn line(setting: &Setting, project: &Path) -> String {
    match &setting.provenance {
        Provenance::File { path, line, .. } if path == project => line.to_string(),
        other => visible(&other.to_string()),
    }
}

/// Returns the things that a setting refers to, by its type in the schema.
pub(in crate::commands) fn names(setting: &Setting) -> Vec<(Kind, String)> {
    let mut names = Vec::new();
    let (profile, key) = split_profile(&setting.key);
    names.extend(profile.map(|profile| (Kind::Profile, profile.to_owned())));
    if let Some(command) = &setting.command {
        names.push((Kind::Command, command.to_string()));
        return names;
    }
    if let Some(reference) = &setting.reference {
        names.push(match reference.split_once(' ') {
            Some(("file", path)) => (Kind::File, path.to_owned()),
            Some(("env", name)) => (Kind::Variable, name.to_owned()),
            Some(("command", words)) => (Kind::Command, words.to_owned()),
            _ => (Kind::Secret, reference.clone()),
        });
    }
    let Some(value) = &setting.value else { return names };
    let value_type = setting.value_type.as_ref().map(innermost);
    if value_type == Some(&Type::Command) {
        names.push((Kind::Command, value.to_string()));
        return names;
    }
    texts(value, &mut |text| {
        names.extend(match (key, value_type) {
            ("default_profile", _) => Some((Kind::Profile, text.to_owned())),
            ("credentials.domain", _) => Some((Kind::Origin, host(text))),
            (_, Some(Type::Origin)) => Some((Kind::Origin, origin(text))),
            (_, Some(Type::Url)) => Some((Kind::Server, origin(text))),
            (_, Some(Type::Path)) => Some((Kind::File, text.to_owned())),
            // It names the variable that is sent.
            _ if key == "gitlab.variable" || key.ends_with(".gitlab.variable") => {
                Some((Kind::Variable, text.to_owned()))
            }
            (_, None | Some(Type::Any)) => guessed(text),
            // Such as a scope or an audience, which is sent, and not contacted.
            _ => None,
        });
    });
    names
}

/// Returns the type of the items of a list or a map.
fn innermost(of: &Type) -> &Type {
    match of {
        Type::List(of) | Type::Map(of) => innermost(of),
        other => other,
    }
}

/// Returns the thing that a text of no known type seems to name. Each text that parses as a URL with a host is a
/// server, however it is spelt: URL parsers accept more than texts that start with `scheme://`.
fn guessed(text: &str) -> Option<(Kind, String)> {
    if server(text).is_some() || text.contains("://") || text == MASK {
        return Some((Kind::Server, origin(text)));
    }
    let looks_like_path = ["/", "~/", "./", "../"].iter().any(|start| text.starts_with(start));
    looks_like_path.then(|| (Kind::File, text.to_owned()))
}

/// Returns scheme, host and port, with the host as it is looked up in DNS (punycode), so that no letter imitates
/// another. A text that is not a server is returned unchanged.
fn origin(text: &str) -> String {
    server(text).unwrap_or_else(|| host(text))
}

/// Like [`origin`], for a text without a scheme such as `credentials.domain`: its start is never parsed as a scheme.
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

/// Calls a function with each text in a value.
fn texts(value: &View, take: &mut impl FnMut(&str)) {
    match value {
        View::Text(text) => take(text),
        View::List(items) => items.iter().for_each(|item| texts(item, take)),
        View::Table(entries) => entries.iter().for_each(|(_, item)| texts(item, take)),
        _ => {}
    }
}

/// Splits the profile off a key of a file, such as `profile.NAME.credentials.domain`.
fn split_profile(key: &str) -> (Option<&str>, &str) {
    let Some(rest) = key.strip_prefix("profile.") else { return (None, key) };
    // A name that is not a bare word is in quotes, and may contain a dot.
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
    fn a_profile_is_split_off_a_key() {
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
    fn a_server_is_named_as_it_is_looked_up() {
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

    /// Returns the things that a file with these options refers to.
    fn named_in(options: &str) -> Vec<(Kind, String)> {
        let config = Loader::new().environment(Environment::empty()).defaults(options).read();
        config.settings().iter().filter(|setting| setting.is_set).flat_map(names).collect()
    }

    #[test]
    fn the_type_of_an_option_decides_the_kind() {
        for (options, kind, name) in [
            ("http.proxy = 'http://p.test'", Kind::Server, "http://p.test"),
            ("http.ca_file = 'ca.pem'", Kind::File, "ca.pem"),
            ("http.ca_file = 'https:evil.test'", Kind::File, "https:evil.test"),
            ("stores.file.directory = 'x'", Kind::File, "x"),
            ("credentials.oauth.certificate = 'c.pem'", Kind::File, "c.pem"),
            ("credentials.oauth.certificate_key = { file = '/k.pem' }", Kind::File, "/k.pem"),
            ("credentials.oauth.issuer_url = 'https://a.test/x'", Kind::Server, "https://a.test"),
            ("credentials.exec.command = ['a', 'b']", Kind::Command, "[\"a\", (hidden)]"),
            ("credentials.jwt = { command = ['a', 'b'] }", Kind::Command, "a (1 argument)"),
            ("credentials.oauth.browser = ['a', 'b']", Kind::Command, "[\"a\", (hidden)]"),
            ("credentials.gitlab.variable = 'A_TOKEN'", Kind::Variable, "A_TOKEN"),
            ("credentials.cached.gitlab.variable = 'B'", Kind::Variable, "B"),
            ("credentials.cached.oauth.browser = ['a']", Kind::Command, "[\"a\"]"),
            ("credentials.origins = ['*']", Kind::Origin, "*"),
            ("credentials.domain = 'a.test'", Kind::Origin, "a.test"),
        ] {
            let named = named_in(options);
            assert!(named.contains(&(kind, name.to_owned())), "{options}: {named:?}");
        }
        for options in [
            "credentials.oauth.scope = 'https://a.test/read'",
            "credentials.oauth.audience = '//a.test/projects/1'",
            "credentials.oauth.parameters.x = 'https:a.test'",
            "credentials.gcp_metadata.scopes = ['https://a.test/read']",
            "credentials.gcp_metadata.audience = 'https://a.test'",
            "credentials.azure_managed_identity.resource = 'https://a.test'",
        ] {
            assert_eq!(named_in(options), [], "{options}");
        }
        let texts = named_in("http.user_agent = 'x'\ncredentials.oauth.issuer = 'a.test'\n");
        let of_texts = texts.iter().filter(|(_, name)| ["x", "a.test"].contains(&&**name));
        assert_eq!(of_texts.count(), 0, "{texts:?}");
    }

    #[test]
    fn the_kind_of_a_text_is_guessed() {
        let kind = |text| guessed(text).map(|(kind, _)| kind);
        assert_eq!(kind("https://a.test"), Some(Kind::Server));
        assert_eq!(kind("~/.ssh/id"), Some(Kind::File));
        assert_eq!(kind("cli"), None);
    }

    #[test]
    fn no_spelling_hides_a_server() {
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
            assert_eq!(guessed(text), Some((Kind::Server, named.to_owned())), "{text:?}");
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

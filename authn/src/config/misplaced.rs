//! What is meant by a key that its table doesn't know: the option of another table, or one whose name is almost the same.
//!
//! The reader of a configuration and what writes one ask this module alone.

use super::{
    sections::{self, SECTIONS},
    visibility::Visibility,
};
use crate::{
    Registry,
    diagnostic::{Provenance, nearest},
    options::{Field, Item, Key},
};

const CREDENTIALS: &str = "credentials";
const STORES: &str = "stores";
const PROFILE: &str = "profile";

/// Returns what is meant by a key that is not known at its place, as the help of a problem; `None` if that is not
/// certain. `chosen` is the provider in use.
pub(super) fn help(
    registry: &Registry,
    chosen: Option<&str>,
    key: &Key,
    item: &Item,
) -> Option<String> {
    let near = || near(registry, key).map(|near| format!("did you mean `{near}`?"));
    elsewhere(registry, chosen, key, item).or_else(near)
}

/// Returns where a key belongs, as the help of a problem; `None` if no other table has it, or several have.
pub(super) fn elsewhere(
    registry: &Registry,
    chosen: Option<&str>,
    key: &Key,
    item: &Item,
) -> Option<String> {
    let (name, table) = key.segments().split_last()?;
    let is_table = item.as_table().is_some();
    let is_top = table.is_empty();
    // A variable and a flag have no tables.
    let is_file = matches!(item.provenance, Provenance::File { .. });
    let written =
        |table| if is_file { format!("[{table}.{name}]") } else { format!("{table}.{name}") };
    if !is_top && is_table && sections::keys().any(|key| key == name) {
        return Some(match name.as_str() {
            PROFILE => "a profile is a table at the top: `[profile.NAME.credentials]`".to_owned(),
            _ if is_file => format!(
                "`{name}` is a table of its own: write `[{name}]`, or `[profile.NAME.{name}]` in a profile"
            ),
            _ => format!("`{name}` is a table of its own: leave out what is before it"),
        });
    }
    if !is_top && name == "default_profile" {
        return Some("`default_profile` belongs at the top, before every table".to_owned());
    }
    if is_table && table != [CREDENTIALS] && registry.get(name).is_some() {
        let place = written(CREDENTIALS);
        let in_profile = if is_file {
            format!(", or `[profile.NAME.credentials.{name}]` in a profile")
        } else {
            String::new()
        };
        return Some(format!("`{name}` is a provider: write `{place}`{in_profile}"));
    }
    if is_table && table != [STORES] && registry.store_fields(name).is_some() {
        return Some(format!("`{name}` is a store: write `{}`", written(STORES)));
    }
    let homes = homes(registry, chosen, name);
    let [home] = homes.as_slice() else { return None };
    // That of a provider which is not used would lead astray.
    let is_used = match (chosen, home.segments()) {
        (Some(chosen), [first, provider]) => first != CREDENTIALS || chosen == provider,
        _ => true,
    };
    (is_used && home.segments() != table)
        .then(|| format!("`{name}` is an option of `[{home}]`: set `{}`", home.child(name)))
}

/// Returns the name that the table of a key has, and that is almost the key's.
pub(super) fn near<'r>(registry: &'r Registry, key: &Key) -> Option<&'r str> {
    let (name, table) = key.segments().split_last()?;
    nearest(name, Visibility::at(registry, table).names().into_iter())
}

/// Returns the keys that can be meant by one that no table has, the most likely one first. The key has no profile.
pub(crate) fn meant(registry: &Registry, chosen: Option<&str>, path: &[String]) -> Vec<Key> {
    let known = known_parts(registry, path);
    let (table, rest) = path.split_at(known);
    let Some((name, _)) = rest.split_first() else { return Vec::new() };
    // What is before the name can be wrong, and the table that it names can be missing before it.
    let tables = tables(registry, chosen, name);
    let moved: Vec<Key> =
        tables.into_iter().filter_map(|table| respelled(registry, table, rest)).collect();
    if !moved.is_empty() {
        return moved;
    }
    if let Some(key) = respelled(registry, Key::new(table), rest) {
        return vec![key];
    }
    let providers = Key::new(&[CREDENTIALS]);
    let stores = Key::new(&[STORES]);
    [providers, stores]
        .into_iter()
        .find_map(|table| respelled(registry, table, rest))
        .into_iter()
        .collect()
}

/// Returns the number of parts of a key that are known.
fn known_parts(registry: &Registry, path: &[String]) -> usize {
    let mut at = Visibility::top(registry);
    let is_known = |part: &&String| {
        at = at.child(part);
        !at.is_unknown()
    };
    path.iter().take_while(is_known).count()
}

/// Returns the key of these parts in a table, each replaced by the name that it almost has; `None` if it has none.
fn respelled(registry: &Registry, table: Key, parts: &[String]) -> Option<Key> {
    let mut at = Visibility::at(registry, table.segments());
    let mut key = table;
    for part in parts {
        let is_known = !at.child(part).is_unknown();
        let name: &str = if is_known { part } else { nearest(part, at.names().into_iter())? };
        (at, key) = (at.child(name), key.child(name));
    }
    Some(key)
}

/// Returns the tables that have a table or an option of this name.
fn tables(registry: &Registry, chosen: Option<&str>, name: &str) -> Vec<Key> {
    let named = [&[][..], &[CREDENTIALS], &[STORES]].map(Key::new::<&str>);
    let has = |table: &Key| !Visibility::at(registry, table.segments()).child(name).is_unknown();
    match named.into_iter().find(has) {
        Some(table) => vec![table],
        None => homes(registry, chosen, name),
    }
}

/// Returns the tables that have an option of this name: of `[credentials]`, the chosen provider and the other sections
/// the first that has it, or else all providers and stores.
fn homes(registry: &Registry, chosen: Option<&str>, name: &str) -> Vec<Key> {
    let has = |field: &Field| field.key() == name;
    if sections::options(CREDENTIALS).iter().any(has) {
        return vec![Key::new(&[CREDENTIALS])];
    }
    let chosen = chosen.and_then(|chosen| registry.get(chosen));
    if let Some(entry) = chosen.filter(|entry| entry.fields().any(has)) {
        return vec![Key::new(&[CREDENTIALS, entry.name()])];
    }
    if let Some(section) = SECTIONS.iter().find(|section| section.fields().iter().any(has)) {
        return vec![Key::new(&[section.key])];
    }
    let providers = registry.iter().filter(|entry| entry.fields().any(has));
    let providers = providers.map(|entry| Key::new(&[CREDENTIALS, entry.name()]));
    let has_store =
        |store: &&str| registry.store_fields(store).is_some_and(|all| all.iter().any(has));
    let stores = registry.store_names().filter(has_store).map(|store| Key::new(&[STORES, store]));
    providers.chain(stores).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Context, Environment, Loader, Result, SecretString, Token, TokenProvider,
        diagnostic::ProblemCode,
    };

    /// Needs a client.
    #[crate::token_provider("clients")]
    struct Clients {
        /// The client.
        client_id: Option<String>,
        /// Its secret.
        _client_secret: Option<SecretString>,
        /// A word.
        word: Option<String>,
    }

    /// Needs a word.
    #[crate::token_provider("words")]
    struct Words {
        /// A word.
        word: Option<String>,
    }

    impl TokenProvider for Clients {
        async fn token(&self, _: &Context) -> Result<Token> {
            let _ = (&self.client_id, &self._client_secret, &self.word);
            Token::new("t")
        }
    }

    impl TokenProvider for Words {
        async fn token(&self, _: &Context) -> Result<Token> {
            let _ = &self.word;
            Token::new("t")
        }
    }

    /// A configuration with a misplaced key, that key, and the help.
    const CASES: &[(&str, &str, &str)] = &[
        ("[credentials.http]\nca_file = '/x'", "credentials.http", "write `[http]`"),
        ("[credentials.stores.file]\ndirectory = '/x'", "credentials.stores", "write `[stores]`"),
        ("[credentials.profile.a]\nx = 1", "credentials.profile", "`[profile.NAME.credentials]`"),
        ("[credentials.credentials]\nx = 1", "credentials.credentials", "write `[credentials]`"),
        ("[credentials]\ndefault_profile = 'a'", "credentials.default_profile", "at the top"),
        ("[credentials.clients.http]\nx = 1", "credentials.clients.http", "write `[http]`"),
        ("[http.stores]\nx = 1", "http.stores", "write `[stores]`"),
        ("[clients]\nclient_id = 'c'", "clients", "write `[credentials.clients]`"),
        ("[http.clients]\nclient_id = 'c'", "http.clients", "write `[credentials.clients]`"),
        ("[file]\ndirectory = '/x'", "file", "write `[stores.file]`"),
        ("[credentials.file]\ndirectory = '/x'", "credentials.file", "write `[stores.file]`"),
        ("[credentials]\nca_file = '/x'", "credentials.ca_file", "set `http.ca_file`"),
        ("ca_file = '/x'", "ca_file", "set `http.ca_file`"),
        ("domain = 'a.test'", "domain", "set `credentials.domain`"),
        (
            "[credentials.clients]\ndomain = 'a.test'",
            "credentials.clients.domain",
            "set `credentials.domain`",
        ),
        ("[http]\norigins = ['*']", "http.origins", "set `credentials.origins`"),
        (
            "[credentials]\nprovider = 'clients'\nclient_secret = 's'",
            "credentials.client_secret",
            "set `credentials.clients.client_secret`",
        ),
        ("client_id = 's'", "client_id", "set `credentials.clients.client_id`"),
        (
            "[credentials]\nprovider = 'words'\nword = 'a'",
            "credentials.word",
            "set `credentials.words.word`",
        ),
        // Two providers have it, and none is chosen.
        ("word = 'a'", "word", "check its spelling, or remove it"),
    ];

    #[test]
    fn a_key_in_the_wrong_table_says_where_it_belongs() {
        let registry = Registry::builder().register::<Clients>().register::<Words>();
        let registry = registry.build().expect("two providers");
        for (text, key, expected) in CASES {
            for (text, profile) in [
                ((*text).to_owned(), false),
                // The same in a profile.
                (nested(text), true),
            ] {
                let environment = Environment::empty();
                let loader = Loader::new().registry(registry.clone()).environment(environment);
                let loader = loader.defaults(&text);
                let loader = if profile { loader.profile("dev") } else { loader };
                let config = loader.read();
                let found = config.problems().iter().find(|problem| problem.key() == Some(key));
                let problem = found.unwrap_or_else(|| panic!("{text}: {:#?}", config.problems()));
                assert_eq!(problem.code(), ProblemCode::UnknownKey, "{text}");
                let help = problem.help().unwrap_or_default();
                assert!(help.contains(expected), "{text}\n{help}");
            }
        }
    }

    #[test]
    fn a_variable_and_a_flag_are_told_without_tables() {
        let registry = Registry::builder().register::<Clients>().build().expect("one provider");
        for (flag, key, expected) in [
            ("credentials.http.ca_file", "credentials.http", "leave out what is before it"),
            ("clients.client_id", "clients", "write `credentials.clients`"),
            ("credentials.file.directory", "credentials.file", "write `stores.file`"),
            ("credentials.ca_file", "credentials.ca_file", "set `http.ca_file`"),
        ] {
            let loader = Loader::new().registry(registry.clone()).environment(Environment::empty());
            let config = loader.set(&format!("{flag}=/x")).read();
            let found = config.problems().iter().find(|problem| problem.key() == Some(key));
            let help = found.and_then(|problem| problem.help()).unwrap_or_default();
            assert!(help.contains(expected), "{flag}: {:#?}", config.problems());
        }
    }

    #[test]
    fn a_key_at_its_place_is_not_misplaced() {
        let registry = Registry::builder().register::<Clients>().build().expect("one provider");
        let table = Item::empty_table();
        for key in [&["credentials", "clients"][..], &["stores", "file"], &["http"], &["other"]] {
            assert_eq!(elsewhere(&registry, None, &Key::new(key), &table), None, "{key:?}");
        }
        let text = Item::text("x", Provenance::Default);
        assert_eq!(elsewhere(&registry, None, &Key::new(&["http", "ca_file"]), &text), None);
    }

    /// Returns a configuration within a profile.
    fn nested(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix('[') {
            Some(table) => format!("[profile.dev.{table}"),
            None => line.to_owned(),
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        if text.starts_with('[') { text } else { format!("[profile.dev]\n{text}") }
    }
}

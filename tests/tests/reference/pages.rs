//! The pages of the reference. After a change of an option, update `docs/configuration.md` with
//! `UPDATE_README=1 cargo test -p authn-tests --test reference`.

use std::{collections::BTreeSet, env};

use authn::{Registry, reference::describe};
use authn_providers as _;
use authn_tests::{
    command::{Sandbox, binary},
    document::{Document, difference},
};

/// Returns the full keys of all options.
fn keys() -> BTreeSet<String> {
    let registry = Registry::linked().expect("the linked providers");
    let tables = describe(&registry).into_iter();
    tables
        .flat_map(|table| {
            let keys: Vec<String> =
                table.options.iter().map(|(path, _)| table.key_of(path)).collect();
            keys
        })
        .filter(|key| !key.contains("corp_"))
        .collect()
}

fn authn(arguments: &[&str]) -> String {
    let outcome = Sandbox::new().run(binary("authn"), arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome.stdout
}

#[test]
fn the_page_of_the_configuration_is_current() {
    let page = Document::read("docs/configuration.md");
    let expected = authn(&["options", "--markdown"]);
    if page.text() == expected {
        return;
    }
    if env::var_os("UPDATE_README").is_some() {
        page.write(&expected);
        return;
    }
    panic!(
        "docs/configuration.md is stale:\n{}\
         update it with `UPDATE_README=1 cargo test -p authn-tests --test reference`",
        difference(page.text(), &expected)
    );
}

#[test]
fn every_option_is_in_each_reference() {
    let keys = keys();
    assert!(keys.len() > 300 && keys.contains("http.timeout"), "{}", keys.len());
    let mut tables = BTreeSet::from(["default_profile".to_owned()]);
    tables.extend(
        authn(&["options"]).lines().filter_map(|row| row.split('\t').next()).map(str::to_owned),
    );
    let mut described = BTreeSet::new();
    for table in &tables {
        let rows = authn(&["options", table]);
        described.extend(rows.lines().filter_map(|row| row.split('\t').next()).map(str::to_owned));
    }
    assert_eq!(described, keys, "`authn options`");

    let (markdown, man) = (authn(&["options", "--markdown"]), authn(&["man", "--format"]));
    let man = man.replace("\\-", "-");
    let mut sections =
        [markdown.split("\n### ").skip(1), man.split("\n.SS ").skip(1)].map(|parts| {
            let part = |part: &str| {
                let (heading, text) = part.split_once('\n').unwrap_or_default();
                let key = heading.trim_matches(['`', '"', ' ']).trim_matches(['[', ']']);
                (key.to_owned(), text.to_owned())
            };
            parts.map(part).collect::<Vec<_>>()
        });
    for (sections, before) in sections.iter_mut().zip(["- **`", ".TP\n\\fB"]) {
        let found: BTreeSet<String> = sections
            .iter()
            .flat_map(|(table, text)| {
                let keys = text.split(before).skip(1).map(|rest| {
                    let end = rest.find(['`', '\\']).unwrap_or(rest.len());
                    match table.as_str() {
                        "Outside of all tables" => rest[..end].to_owned(),
                        table => format!("{table}.{}", &rest[..end]),
                    }
                });
                keys.collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, keys, "{before}");
    }
}

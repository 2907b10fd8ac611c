//! The front page of `cargo doc` and the guides in `authn/guide`, held against the code.

use std::{collections::BTreeMap, path::Path, time::Duration};

use authn::Registry;
use authn_providers as _;
use authn_tests::document::Document;
use syn::{Attribute, Expr, ExprCall, ExprLit, Item, Lit, UseTree};

const GUIDES: [&str; 6] =
    ["layers", "refresh_timing", "sessions", "signing_requests", "stores", "writing_a_provider"];
const LONGEST_GUIDE: usize = 170;

/// The documentation of `authn/src/lib.rs`.
fn front_page() -> String {
    let source = Document::read("authn/src/lib.rs");
    let lines = source.text().lines().map_while(|line| line.strip_prefix("//!"));
    lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
}

/// The cells of each row of the table whose head is this line, without their backticks.
fn table(text: &str, head: &str) -> Vec<Vec<String>> {
    let mut lines = text.lines().skip_while(|line| *line != head);
    assert!(lines.next().is_some(), "there is no table with the head {head}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_providers_and_their_features_are_those_of_the_crate() {
    let page = table(&front_page(), "| provider | feature | credential |");
    let shown: Vec<(&str, &str)> = page.iter().map(|row| (&*row[0], &*row[1])).collect();
    let features = features_of_providers();
    let expected: Vec<(&str, &str)> =
        features.iter().map(|(name, feature)| (&**name, &**feature)).collect();
    assert_eq!(shown, expected);
    let registry = Registry::linked().expect("the built-in providers have names of their own");
    let built_in = registry.iter().filter(|entry| entry.location().package == "authn-providers");
    let linked: Vec<&str> = built_in.map(authn::Entry::name).collect();
    assert_eq!(linked, features.keys().collect::<Vec<_>>());
}

/// The feature of each provider, by the condition of its re-export in `providers/src/lib.rs`.
fn features_of_providers() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in parse("providers/src/lib.rs").items {
        let Item::Use(item) = item else { continue };
        let UseTree::Path(path) = &item.tree else { continue };
        let Some(feature) = item.attrs.iter().find_map(feature) else { continue };
        let places = [
            format!("providers/src/{}.rs", path.ident),
            format!("providers/src/{}/mod.rs", path.ident),
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let place = places.iter().find(|place| root.join(place).exists());
        let source = Document::read(place.expect("the module has a file"));
        // Some modules have only what several providers share.
        let Some(name) = source.text().split("token_provider(\"").nth(1) else { continue };
        found.insert(name.split('"').next().expect("a name").to_owned(), feature);
    }
    found
}

/// The feature in `#[cfg(feature = "…")]`.
fn feature(attribute: &Attribute) -> Option<String> {
    let condition = attribute.path().is_ident("cfg").then(|| attribute.parse_args())?;
    let Ok(syn::Meta::NameValue(condition)) = condition else { return None };
    match condition.value {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Some(name.value()),
        _ => None,
    }
}

#[test]
fn the_features_and_the_rust_version_are_those_of_the_manifests() {
    let page = front_page();
    let manifest = Document::read("authn/Cargo.toml");
    let features = manifest.text().split("[features]\n").nth(1).expect("it has features");
    let features = features.split("\n\n").next().expect("they end");
    let (mut names, mut default) = (Vec::new(), "");
    for (name, value) in features.lines().filter_map(|line| line.split_once(" = ")) {
        match name {
            "default" => default = value,
            name => names.push(name),
        }
    }
    let row = |name: &&str| {
        let is_default = default.contains(&format!("{name:?}"));
        [(*name).to_owned(), (if is_default { "yes" } else { "no" }).to_owned()]
    };
    let shown = table(&page, "| feature | default | what it adds |");
    let shown: Vec<&[String]> = shown.iter().map(|row| &row[..2]).collect();
    assert_eq!(shown, names.iter().map(row).collect::<Vec<_>>());

    let workspace = Document::read("Cargo.toml");
    let version = workspace.text().split("rust-version = \"").nth(1).expect("it has a version");
    let version = version.split('"').next().expect("a version");
    assert!(
        page.contains(&format!("The minimum supported Rust version is {version}.")),
        "{version}"
    );
}

#[test]
fn the_figures_are_those_that_were_measured() {
    let measured = Document::read("benches/README.md");
    let rows = table(&front_page(), "| call | nanoseconds | allocations |");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let found = measured.text().lines().find(|line| {
            line.replace('`', "").starts_with(&format!("| authn: {} | {} |", row[0], row[1]))
                && line.ends_with(&format!("| {} |", row[2]))
        });
        assert!(found.is_some(), "benches/README.md has no row {row:?}");
    }
}

#[test]
fn the_front_page_leads_to_every_part_and_its_code_fits() {
    let page = front_page();
    assert!(table(&page, "| I want to … | look at |").len() >= 12);
    for guide in GUIDES {
        assert!(page.contains(&format!("guide::{guide}")), "it does not lead to {guide}");
    }
    let blocks = page.split("```").skip(1).step_by(2);
    let wide: Vec<&str> =
        blocks.flat_map(str::lines).filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn every_guide_is_short_and_is_a_page() {
    let source = Document::read("authn/src/guide.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../authn/guide");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("there are guides")
        .map(|file| {
            file.expect("a guide").path().file_stem().expect("a name").display().to_string()
        })
        .collect();
    names.sort();
    assert_eq!(names, GUIDES);
    for name in GUIDES {
        let page = format!("include_str!(\"../guide/{name}.md\")]\npub mod {name} {{}}\n");
        assert!(source.text().contains(&page), "authn/src/guide.rs has no page of {name}");
        let lines = Document::read(&format!("authn/guide/{name}.md")).text().lines().count();
        assert!(lines <= LONGEST_GUIDE, "{name}.md has {lines} lines");
    }
}

#[test]
fn the_constants_of_refresh_timing_are_those_of_the_code() {
    let guide = Document::read("authn/guide/refresh_timing.md");
    let rows = table(guide.text(), "| constant | value | file | reason |");
    assert!(rows.len() >= 14, "the guide has constants, and {} were found", rows.len());
    for row in &rows {
        let [name, value, file, _] = &row[..] else { panic!("{row:?}") };
        let found = parse(file).items.into_iter().find_map(|item| match item {
            Item::Const(item) if item.ident == name => Some(durations(&item.expr)),
            _ => None,
        });
        assert_eq!(found, Some(written(value)), "{file} has another {name} than the guide");
    }
    // None of the cache is left out.
    for file in ["schedule", "exchange", "adopt", "login"] {
        let file = format!("authn/src/cache/{file}.rs");
        for item in parse(&file).items {
            if let Item::Const(item) = item
                && !durations(&item.expr).is_empty()
            {
                let name = item.ident.to_string();
                let is_shown = rows.iter().any(|row| row[0] == name && row[2] == file);
                assert!(is_shown, "refresh_timing.md has no row for {name} of {file}");
            }
        }
    }
}

/// The durations in `Duration::from_secs(10)`, or in `BackOff::new` of two such.
fn durations(value: &Expr) -> Vec<Duration> {
    let Expr::Call(ExprCall { func, args, .. }) = value else { return Vec::new() };
    let Expr::Path(path) = &**func else { return Vec::new() };
    let count = match args.first() {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(count), .. })) => count.base10_parse().ok(),
        _ => None,
    };
    let name = path.path.segments.last().map(|last| last.ident.to_string());
    match (name.unwrap_or_default().as_str(), count) {
        ("from_millis", Some(count)) => vec![Duration::from_millis(count)],
        ("from_secs", Some(count)) => vec![Duration::from_secs(count)],
        ("from_mins", Some(count)) => vec![Duration::from_mins(count)],
        ("from_hours", Some(count)) => vec![Duration::from_hours(count)],
        ("new", None) => args.iter().flat_map(durations).collect(),
        _ => Vec::new(),
    }
}

/// The durations that a guide writes as `10 s`, or as `5 ms to 100 ms`.
fn written(text: &str) -> Vec<Duration> {
    let one = |text: &str| {
        let (count, unit) = text.split_once(' ').expect("a number and a unit");
        let count = count.parse().expect("a number");
        match unit {
            "ms" => Duration::from_millis(count),
            "s" => Duration::from_secs(count),
            "min" => Duration::from_mins(count),
            _ => panic!("{text}: the unit is not known here"),
        }
    };
    text.split(" to ").map(one).collect()
}

fn parse(file: &str) -> syn::File {
    let source = Document::read(file);
    syn::parse_file(source.text()).unwrap_or_else(|error| panic!("{file}: {error}"))
}

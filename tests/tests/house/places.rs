//! Where to find what, as CONTRIBUTING.md has it, held against the sources.

use std::collections::BTreeSet;

use authn_tests::document::Document;
use syn::{
    Ident, ImplItemFn, ItemConst, ItemEnum, ItemFn, ItemImpl, ItemMacro, ItemStatic, ItemStruct,
    ItemTrait, ItemType, TraitItemFn, Type,
    visit_mut::{self, VisitMut},
};

const START: &str = "<!-- places -->\n";
const END: &str = "<!-- /places -->";
const LEAST: usize = 30;

#[test]
fn every_place_defines_its_name() {
    let document = Document::read("CONTRIBUTING.md");
    let (_, rest) = document.text().split_once(START).expect("the table has a start");
    let (table, _) = rest.split_once(END).expect("the table has an end");
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows.len() >= LEAST, "the table has {} rows and needs {LEAST}", rows.len());
    let wrong: Vec<String> = rows.iter().filter_map(|row| wrong(row).err()).collect();
    assert!(
        wrong.is_empty(),
        "{} rows of \"Where to find what\" in CONTRIBUTING.md are wrong:\n\n{}\n",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Checks one row.
fn wrong(row: &str) -> Result<(), String> {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
    let [_, file, name] = cells[..] else { return Err(format!("{row}: it has not three cells")) };
    let bare = |cell: &str| cell.strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
    let (Some(file), Some(name)) = (bare(file), bare(name)) else {
        return Err(format!("{row}: the file and the name stand in backticks"));
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(&file))
        .map_err(|error| format!("{file}: {error}; name the file that has `{name}` now"))?;
    let names = defined(&text).map_err(|error| format!("{file}: {error}"))?;
    if names.contains(&name) {
        return Ok(());
    }
    let last = name.rsplit("::").next().unwrap_or(&name);
    let like: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|other| other.rsplit("::").next() == Some(last))
        .collect();
    let like =
        if like.is_empty() { String::new() } else { format!("; it has {}", like.join(", ")) };
    Err(format!("{file} does not define `{name}`{like}"))
}

/// The names that a file defines: functions, types, traits, constants and macros; methods as `Type::method`.
fn defined(text: &str) -> syn::Result<BTreeSet<String>> {
    let mut names = Definitions::default();
    names.visit_file_mut(&mut syn::parse_file(text)?);
    Ok(names.found)
}

#[derive(Default)]
struct Definitions {
    found: BTreeSet<String>,
    /// The type or trait whose methods are visited.
    of: Option<String>,
}

impl Definitions {
    fn add(&mut self, name: &Ident) {
        self.found.insert(match &self.of {
            Some(of) => format!("{of}::{name}"),
            None => name.to_string(),
        });
    }

    fn within(&mut self, of: Option<String>, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.of, of);
        visit(self);
        self.of = outer;
    }
}

macro_rules! items {
    ($($visit:ident $item:ident),*) => {$(
        fn $visit(&mut self, item: &mut $item) {
            self.add(&item.ident);
        }
    )*};
}

impl VisitMut for Definitions {
    items!(
        visit_item_const_mut ItemConst, visit_item_enum_mut ItemEnum, visit_item_static_mut ItemStatic,
        visit_item_struct_mut ItemStruct, visit_item_type_mut ItemType
    );

    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        self.add(&item.sig.ident);
    }

    fn visit_item_macro_mut(&mut self, item: &mut ItemMacro) {
        if let Some(name) = &item.ident {
            self.add(name);
        }
    }

    fn visit_item_trait_mut(&mut self, item: &mut ItemTrait) {
        self.add(&item.ident);
        let name = item.ident.to_string();
        self.within(Some(name), |names| visit_mut::visit_item_trait_mut(names, item));
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        let name = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.within(name, |names| visit_mut::visit_item_impl_mut(names, item));
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut ImplItemFn) {
        self.add(&item.sig.ident);
    }

    fn visit_trait_item_fn_mut(&mut self, item: &mut TraitItemFn) {
        self.add(&item.sig.ident);
    }
}

#[test]
fn definitions_are_found_and_uses_are_not() {
    let text = "
        use a::used;
        const ONE: u8 = called();
        mod inner { pub(super) fn two() { let local = 1; } }
        struct Three(Used);
        impl<T> Three<T> { async fn four(&self) { five() } }
        trait Six { fn seven(); }
        macro_rules! eight { () => {} }
        enum Nine { Variant }
    ";
    let found = defined(text).expect("it is Rust");
    let expected = ["Nine", "ONE", "Six", "Six::seven", "Three", "Three::four", "eight", "two"];
    assert_eq!(found.iter().collect::<Vec<_>>(), expected);
}

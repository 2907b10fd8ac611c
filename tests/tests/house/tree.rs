//! The modules of a crate with their items, without tests.

use std::{collections::BTreeMap, fs, path::Path};

use quote::ToTokens;
use syn::{
    Attribute, Block, ExprMatch, ExprStruct, FieldsNamed, Item, ItemEnum, ItemImpl, ItemTrait,
    Meta, Token,
    parse::{ParseStream, Parser as _},
    punctuated::Punctuated,
    visit_mut::{self, VisitMut},
};

/// A module: a file, or a part of one in braces.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its names from the crate's root; the root itself has none.
    pub(crate) path: Vec<String>,
    /// The file that contains it, from the root of the repository.
    pub(crate) file: String,
    /// Its items, without modules in braces and without tests.
    pub(crate) items: Vec<Item>,
}

impl Module {
    /// The module at the crate's root that this one belongs to; the root itself is `lib`.
    pub(crate) fn top(&self) -> &str {
        self.path.first().map_or("lib", String::as_str)
    }
}

/// The modules of a crate.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The names by which the crate knows itself, besides `crate`.
    pub(crate) names: Vec<String>,
    pub(crate) modules: Vec<Module>,
}

impl Tree {
    /// Reads the crate in a folder of the repository, such as `authn/src`.
    pub(crate) fn read(folder: &str, name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = BTreeMap::new();
        collect(&root, Path::new(folder), &mut files);
        Self::of(folder, name, &files)
    }

    /// Parses a crate that is given as texts by their paths.
    pub(crate) fn of(folder: &str, name: &str, files: &BTreeMap<String, String>) -> Self {
        let mut tree = Self { names: vec![name.to_owned()], modules: Vec::new() };
        for root in ["lib", "main"] {
            let file = format!("{folder}/{root}.rs");
            if let Some(text) = files.get(&file) {
                // The program is a crate of its own, and stands in the order as a module.
                let path = if root == "lib" { Vec::new() } else { vec![root.to_owned()] };
                tree.add_file(files, path, &file, text, folder);
            }
        }
        assert!(!tree.modules.is_empty(), "{folder} has neither a lib.rs nor a main.rs");
        tree
    }

    fn add_file(
        &mut self,
        files: &BTreeMap<String, String>,
        path: Vec<String>,
        file: &str,
        text: &str,
        folder: &str,
    ) {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| {
            panic!("{file}:{}: {error}", error.span().start().line);
        });
        if !is_test(&parsed.attrs) {
            self.add(files, path, file, parsed.items, folder);
        }
    }

    /// Adds a module and those in it. `folder` is where the files of the latter are.
    fn add(
        &mut self,
        files: &BTreeMap<String, String>,
        path: Vec<String>,
        file: &str,
        items: Vec<Item>,
        folder: &str,
    ) {
        let mut kept = Vec::new();
        for mut item in items.into_iter().filter(|item| !has_test(item)) {
            WithoutTests.visit_item_mut(&mut item);
            if let Item::ExternCrate(item) = &item
                && let Some((_, name)) = item.rename.as_ref().filter(|_| item.ident == "self")
            {
                self.names.push(name.to_string());
            }
            let Item::Mod(module) = &mut item else {
                kept.push(item);
                continue;
            };
            let name = module.ident.to_string();
            let inner = format!("{folder}/{name}");
            let path = [&path[..], std::slice::from_ref(&name)].concat();
            if let Some((_, items)) = &mut module.content {
                self.add(files, path, file, std::mem::take(items), &inner);
            } else {
                let places = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
                let found = places.iter().find_map(|place| Some((place, files.get(place)?)));
                let (place, text) =
                    found.unwrap_or_else(|| panic!("{file}: there is no file of `mod {name}`"));
                self.add_file(files, path, place, text, &inner);
            }
            kept.push(item);
        }
        self.modules.push(Module { path, file: file.to_owned(), items: kept });
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    let entries = fs::read_dir(root.join(folder)).unwrap_or_else(|error| {
        panic!("{}: {error}", folder.display());
    });
    for entry in entries {
        let path = folder.join(entry.expect("a file").file_name());
        if root.join(&path).is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root.join(&path)).expect("a file of Rust is text");
            files.insert(path.display().to_string(), text);
        }
    }
}

/// Removes the parts of an item that are only for tests.
struct WithoutTests;

impl VisitMut for WithoutTests {
    fn visit_block_mut(&mut self, block: &mut Block) {
        block.stmts.retain(|statement| !has_test(statement));
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        item.items.retain(|item| !has_test(item));
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_item_trait_mut(&mut self, item: &mut ItemTrait) {
        item.items.retain(|item| !has_test(item));
        visit_mut::visit_item_trait_mut(self, item);
    }

    fn visit_item_enum_mut(&mut self, item: &mut ItemEnum) {
        keep(&mut item.variants, |variant| &variant.attrs);
        visit_mut::visit_item_enum_mut(self, item);
    }

    fn visit_fields_named_mut(&mut self, fields: &mut FieldsNamed) {
        keep(&mut fields.named, |field| &field.attrs);
        visit_mut::visit_fields_named_mut(self, fields);
    }

    fn visit_expr_struct_mut(&mut self, value: &mut ExprStruct) {
        keep(&mut value.fields, |field| &field.attrs);
        visit_mut::visit_expr_struct_mut(self, value);
    }

    fn visit_expr_match_mut(&mut self, value: &mut ExprMatch) {
        value.arms.retain(|arm| !is_test(&arm.attrs));
        visit_mut::visit_expr_match_mut(self, value);
    }
}

fn keep<T>(list: &mut Punctuated<T, Token![,]>, attributes: impl Fn(&T) -> &Vec<Attribute>) {
    let all = std::mem::take(list);
    *list = all.into_iter().filter(|one| !is_test(attributes(one))).collect();
}

/// Returns whether attributes before it leave it to tests. Of an item or a statement, syn has no list of these.
fn has_test(node: &impl ToTokens) -> bool {
    let parser = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<proc_macro2::TokenStream>()?;
        Ok(attributes)
    };
    parser.parse2(node.to_token_stream()).is_ok_and(|attributes| is_test(&attributes))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<Meta>().is_ok_and(|condition| !may_hold(&condition, true))
    })
}

/// Returns whether a condition can have a value where nothing is tested.
fn may_hold(condition: &Meta, value: bool) -> bool {
    let Meta::List(list) = condition else {
        return !(condition.path().is_ident("test") && value);
    };
    let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let mut inner = inner.iter().flatten();
    if list.path.is_ident("not") {
        inner.all(|condition| may_hold(condition, !value))
    } else if list.path.is_ident("all") == value {
        inner.all(|condition| may_hold(condition, value))
    } else {
        inner.any(|condition| may_hold(condition, value))
    }
}

#[test]
fn test_conditions_are_recognised() {
    for (condition, expected) in [
        ("test", true),
        ("all(test, unix)", true),
        ("all(feature = \"x\", any(test, fuzzing))", false),
        ("any(test, fuzzing)", false),
        ("any(test, all(test, unix))", true),
        ("not(test)", false),
        ("not(not(test))", true),
        ("not(any(not(test), unix))", true),
        ("unix", false),
    ] {
        let condition_read = syn::parse_str(condition).expect("a condition");
        assert_eq!(!may_hold(&condition_read, true), expected, "{condition}");
    }
}

//! What a name in a module means: the module and the name of its definition.

use std::collections::BTreeMap;

use syn::{Item, ItemUse, UseTree, Visibility};

use crate::tree::{Module, Tree};

/// A path of names.
pub(crate) type Path = Vec<String>;

/// A re-export in a circle is not followed for ever.
const DEEPEST: usize = 16;

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A module of the crate.
    Module(Path),
    /// A definition: the module it is in, and its name.
    Item(Path, String),
    /// A path in another crate.
    Foreign(Path),
}

/// One name of a `use`.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) path: Path,
    /// `*` for all names.
    pub(crate) name: String,
    pub(crate) is_absolute: bool,
}

/// The modules of a crate, by their paths.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    crate_names: &'a [String],
    pub(crate) modules: BTreeMap<&'a [String], &'a Module>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(tree: &'a Tree) -> Self {
        let modules = tree.modules.iter().map(|module| (&*module.path, module));
        Self { crate_names: &tree.names, modules: modules.collect() }
    }

    /// Returns what a path that is written in a module leads to; `None` for a name that is nowhere defined, as of
    /// the prelude or of a type parameter.
    pub(crate) fn resolve(&self, module: &[String], path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, false, 0)
    }

    /// Returns what an import leads to, `*` left out.
    pub(crate) fn imported(&self, module: &[String], import: &Import) -> Option<Target> {
        self.resolve_within(module, &import.path, import.is_absolute, 0)
    }

    fn resolve_within(
        &self,
        module: &[String],
        path: &[String],
        is_absolute: bool,
        depth: usize,
    ) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        if is_absolute {
            return Some(Target::Foreign(path.to_vec()));
        }
        let start = match first.as_str() {
            "crate" => Target::Module(Vec::new()),
            "self" => Target::Module(module.to_vec()),
            "super" => Target::Module(module[..module.len().checked_sub(1)?].to_vec()),
            name => match self.find(module, name, rest.is_empty(), depth) {
                Some(target) => target,
                None if self.crate_names.contains(first) => Target::Module(Vec::new()),
                // A name alone may be of the prelude, and one with a capital a parameter's or `Self`.
                None if rest.is_empty() || name.starts_with(char::is_uppercase) => return None,
                None => Target::Foreign(vec![name.to_owned()]),
            },
        };
        let last = rest.len().wrapping_sub(1);
        rest.iter().enumerate().try_fold(start, |target, (index, name)| match target {
            Target::Module(module) if name == "super" => {
                Some(Target::Module(module[..module.len().checked_sub(1)?].to_vec()))
            }
            Target::Module(module) => self.find(&module, name, index == last, depth),
            // What is below a type is its own: a variant, an associated type.
            Target::Item(..) => Some(target),
            Target::Foreign(mut path) => {
                path.push(name.clone());
                Some(Target::Foreign(path))
            }
        })
    }

    /// Returns what a name in a module leads to. At the end of a path, a private module gives way to what is
    /// re-exported under its name.
    fn find(&self, module: &[String], name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let items = &self.modules.get(module)?.items;
        let inner = [module, &[name.to_owned()]].concat();
        let inner = self.modules.contains_key(&*inner).then_some(Target::Module(inner));
        let is_private = |item: &Item| match item {
            Item::Mod(item) => item.ident == name && !is_public(&item.vis),
            _ => false,
        };
        if inner.is_some() && !(is_last && items.iter().any(is_private)) {
            return inner;
        }
        if items.iter().any(|item| defines(item, name))
            || is_made(items, name)
            || is_builder(items, name)
        {
            return Some(Target::Item(module.to_vec(), name.to_owned()));
        }
        if depth == DEEPEST {
            return inner;
        }
        let imports: Vec<Import> = items.iter().filter_map(as_use).flat_map(imports).collect();
        let named = imports.iter().find(|import| import.name == name).and_then(|import| {
            // `use url::Url` beside `mod url` does not import from itself.
            self.resolve_within(module, &import.path, import.is_absolute, depth + 1)
        });
        let globs = imports.iter().filter(|import| import.name == "*");
        named.or(inner).or_else(|| {
            globs.into_iter().find_map(|import| {
                let from =
                    self.resolve_within(module, &import.path, import.is_absolute, depth + 1)?;
                match from {
                    Target::Module(from) if from != module => {
                        self.find(&from, name, is_last, depth + 1)
                    }
                    _ => None,
                }
            })
        })
    }
}

fn as_use(item: &Item) -> Option<&ItemUse> {
    match item {
        Item::Use(item) => Some(item),
        _ => None,
    }
}

/// Returns the names of a `use`.
pub(crate) fn imports(item: &ItemUse) -> Vec<Import> {
    fn walk(tree: &UseTree, path: &[String], is_absolute: bool, found: &mut Vec<Import>) {
        let with = |name: String| [path, &[name]].concat();
        let mut add = |path: Path, name: String| found.push(Import { path, name, is_absolute });
        match tree {
            UseTree::Path(tree) => {
                walk(&tree.tree, &with(tree.ident.to_string()), is_absolute, found);
            }
            UseTree::Name(tree) if tree.ident == "self" => {
                add(path.to_vec(), path.last().cloned().unwrap_or_default());
            }
            UseTree::Name(tree) => add(with(tree.ident.to_string()), tree.ident.to_string()),
            UseTree::Rename(tree) if tree.ident == "self" => {
                add(path.to_vec(), tree.rename.to_string());
            }
            UseTree::Rename(tree) => add(with(tree.ident.to_string()), tree.rename.to_string()),
            UseTree::Glob(_) => add(path.to_vec(), "*".to_owned()),
            UseTree::Group(tree) => {
                tree.items.iter().for_each(|tree| walk(tree, path, is_absolute, found));
            }
        }
    }
    let mut found = Vec::new();
    walk(&item.tree, &[], item.leading_colon.is_some(), &mut found);
    found
}

/// Returns whether an item is the definition of a name.
pub(crate) fn defines(item: &Item, name: &str) -> bool {
    name_of(item).is_some_and(|own| own == name)
}

/// Returns the name that an item defines, but a module's.
pub(crate) fn name_of(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

/// Returns whether a macro of the module defines a name: its text has it as a public item.
fn is_made(items: &[Item], name: &str) -> bool {
    let words = ["pub enum", "pub struct", "pub fn", "pub const"];
    items.iter().any(|item| match item {
        Item::Macro(item) if item.ident.is_some() => {
            let text = item.mac.tokens.to_string();
            words.iter().any(|word| text.contains(&format!("{word} {name} ")))
        }
        _ => false,
    })
}

/// Returns whether a name is that of the builder which `#[token_provider]` writes for a struct of the module.
fn is_builder(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Struct(item) => {
            let is_provider = |attribute: &syn::Attribute| {
                attribute.path().segments.last().is_some_and(|last| last.ident == "token_provider")
            };
            name.strip_suffix("Builder").is_some_and(|provider| item.ident == provider)
                && item.attrs.iter().any(is_provider)
        }
        _ => false,
    })
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

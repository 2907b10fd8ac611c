//! What a path means: the module at the crate's root that defines what it names.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens as _;
use syn::Item;

use crate::{
    paths::{Written, written},
    tree::{Module, Tree},
};

/// The names in each module of a crate.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    tree: &'a Tree,
    scopes: BTreeMap<&'a [String], Scope>,
}

/// The names in one module.
#[derive(Debug, Default)]
struct Scope {
    items: BTreeSet<String>,
    /// Macros that stand at the crate's root wherever they are defined.
    exported: BTreeSet<String>,
    imports: Vec<Written>,
    /// Other names of the modules above, also those within a function.
    above: Vec<Written>,
}

/// A module that re-exports itself in a circle is not looked at for ever.
const DEEPEST: usize = 16;

impl<'a> Names<'a> {
    pub(crate) fn of(tree: &'a Tree) -> Self {
        let scopes = tree.modules.iter().map(|module| (&*module.path, scope(module)));
        Self { tree, scopes: scopes.collect() }
    }

    /// Returns the path from the crate's root, or `None` if it leads out of the crate or to a name that only the
    /// module itself knows.
    pub(crate) fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            name if self.is_root(module, name) => Vec::new(),
            name if self.scopes.contains_key(&*[module, &[name.to_owned()]].concat()) => {
                [module, &path[..1]].concat()
            }
            _ => return None,
        };
        while let [first, more @ ..] = rest
            && first == "super"
        {
            base.pop()?;
            rest = more;
        }
        Some([&base, rest].concat())
    }

    /// Returns whether a name is the crate's own, or one that the module has given to its root.
    fn is_root(&self, module: &[String], name: &str) -> bool {
        self.tree.names.iter().any(|own| own == name)
            || self.scopes[module].above.iter().any(|import| {
                import.alias.as_deref() == Some(name)
                    && self.absolute(module, &import.names).is_some_and(|path| path.is_empty())
            })
    }

    /// Returns the modules at the root that define what a path from there names: none if that is another crate's,
    /// and `None` if there is nothing of that name.
    pub(crate) fn owners(&self, path: &[String]) -> Option<BTreeSet<String>> {
        let mut owners = BTreeSet::new();
        let mut known = self.look_up(&[], path, &mut owners, 0);
        for (module, scope) in &self.scopes {
            if !known && path.first().is_some_and(|name| scope.exported.contains(name)) {
                owners.insert(top(module));
                known = true;
            }
        }
        known.then_some(owners)
    }

    fn look_up(
        &self,
        module: &[String],
        path: &[String],
        owners: &mut BTreeSet<String>,
        depth: usize,
    ) -> bool {
        let (Some(scope), true) = (self.scopes.get(module), depth < DEEPEST) else {
            return false;
        };
        let Some((name, rest)) = path.split_first() else {
            owners.insert(top(module));
            return true;
        };
        let inner = [module, &path[..1]].concat();
        if self.scopes.contains_key(&*inner) {
            if module.is_empty() {
                owners.insert(name.clone());
                return true;
            }
            return self.look_up(&inner, rest, owners, depth + 1);
        }
        let mut known = scope.items.contains(name);
        if known {
            owners.insert(top(module));
        }
        for import in scope.imports.iter().filter(|import| import.binds(name)) {
            known = true;
            if let Some(target) = self.absolute(module, &import.names) {
                self.look_up(&[], &[&target, rest].concat(), owners, depth + 1);
            }
        }
        for import in scope.imports.iter().filter(|import| import.binds("*")) {
            let from = self.absolute(module, &import.names[..import.names.len() - 1]);
            known = known
                || from.is_some_and(|from| {
                    // The root's own names come from the modules that they are in.
                    !from.is_empty() && self.look_up(&from, path, owners, depth + 1)
                });
        }
        known
    }
}

impl Written {
    fn binds(&self, name: &str) -> bool {
        self.alias.as_ref().or(self.names.last()).is_some_and(|own| own == name)
    }
}

fn top(module: &[String]) -> String {
    module.first().cloned().unwrap_or_else(|| "lib".to_owned())
}

fn scope(module: &Module) -> Scope {
    let mut scope = Scope::default();
    for item in &module.items {
        let paths = written(item.to_token_stream()).into_iter();
        scope.above.extend(paths.filter(|path| {
            path.alias.is_some() && path.names.iter().all(|part| part == "crate" || part == "super")
        }));
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Macro(item) => {
                let exported = item.attrs.iter().any(|one| one.path().is_ident("macro_export"));
                scope
                    .exported
                    .extend(item.ident.iter().filter(|_| exported).map(ToString::to_string));
                continue;
            }
            item => {
                if let Item::Use(_) = item {
                    scope.imports.extend(written(item.to_token_stream()));
                }
                continue;
            }
        };
        scope.items.insert(name.to_string());
    }
    scope
}

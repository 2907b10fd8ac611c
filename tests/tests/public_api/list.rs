//! The list of what a crate's users can name, a line for each.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Fields, ImplItem, Item, ItemImpl, ItemMacro, Meta, Signature, Token, TraitItem,
    Type,
    punctuated::Punctuated,
    visit_mut::{self, VisitMut},
};

use crate::{
    names::{Names, Path, Target, defines, imports, is_public, name_of},
    text::line,
    tree::Tree,
};

/// The public names of a crate.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// By their paths: what each line is about, then its traits, then what is in it.
    lines: BTreeSet<(String, Rank, String)>,
    /// The other crates that signatures name, each with one line that does.
    pub(crate) foreign: BTreeMap<String, String>,
}

/// What a line says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Definition,
    Trait,
    Macro,
}

impl Listed {
    /// Returns the list as a text.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().flat_map(|(_, _, line)| [line, "\n"]).collect()
    }

    fn add(&mut self, path: &str, rank: Rank, line: String) {
        self.lines.insert((path.to_owned(), rank, line));
    }
}

/// Lists the public names of a crate.
pub(crate) fn list(tree: &Tree) -> Listed {
    let names = Names::of(tree);
    let mut reached = Reached {
        names: &names,
        paths: BTreeMap::new(),
        conditions: BTreeMap::new(),
        seen: BTreeSet::new(),
    };
    reached.module(&[], &tree.names[0]);
    let Reached { paths, conditions, .. } = reached;
    let (paths, conditions) = (&paths, &conditions);
    let mut lister = Lister { names: &names, paths, conditions, listed: Listed::default() };
    for (target, public) in paths {
        lister.target(target, public);
    }
    for (module, content) in &names.modules {
        for item in &content.items {
            match item {
                Item::Impl(item) => lister.implementation(module, item),
                Item::Macro(item) if item.ident.is_none() => lister.call(module, item),
                _ => {}
            }
        }
    }
    lister.listed
}

/// All that can be named from outside, with the paths by which it can.
struct Reached<'a> {
    names: &'a Names<'a>,
    paths: BTreeMap<Target, BTreeSet<String>>,
    /// The conditions of paths that have any.
    conditions: BTreeMap<String, String>,
    seen: BTreeSet<(Path, String)>,
}

impl Reached<'_> {
    fn add(&mut self, target: Target, path: String) {
        if !self.is_hidden(&target) {
            self.paths.entry(target).or_default().insert(path);
        }
    }

    /// Returns whether the definition of a target is hidden, so that its re-exports are too.
    fn is_hidden(&self, target: &Target) -> bool {
        let (module, name) = match target {
            Target::Item(module, name) => (&**module, name),
            Target::Module(path) => match path.split_last() {
                Some((name, module)) => (module, name),
                None => return false,
            },
            Target::Foreign(_) => return false,
        };
        let items = self.names.modules.get(module).map_or(&[][..], |content| &content.items[..]);
        let is_it = |item: &&Item| match item {
            Item::Mod(item) => item.ident == name,
            item => defines(item, name),
        };
        items.iter().filter(is_it).any(|item| is_hidden(attributes(item)))
    }

    /// Notes the condition of a path.
    fn note(&mut self, attributes: &[Attribute], path: &str) {
        let cfg = attributes.iter().filter(|one| one.path().is_ident("cfg"));
        let text: String = cfg.flat_map(|one| [line(quote!(#one)), " ".to_owned()]).collect();
        if !text.is_empty() {
            self.conditions.insert(path.to_owned(), text);
        }
    }

    /// Adds the public names in a module that can be named by a path.
    fn module(&mut self, module: &[String], path: &str) {
        if !self.seen.insert((module.to_vec(), path.to_owned())) {
            return;
        }
        let content = self.names.modules[module];
        for item in &content.items {
            if is_hidden(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(item) if is_public(&item.vis) => {
                    let inner = [module, &[item.ident.to_string()]].concat();
                    let path = format!("{path}::{}", item.ident);
                    self.note(&item.attrs, &path);
                    self.add(Target::Module(inner.clone()), path.clone());
                    self.module(&inner, &path);
                }
                Item::Use(item) if is_public(&item.vis) => {
                    for import in imports(item) {
                        let target = self.names.imported(module, &import);
                        self.note(&item.attrs, &format!("{path}::{}", import.name));
                        match (import.name.as_str(), target) {
                            (_, Some(target)) if self.is_hidden(&target) => {}
                            ("*", Some(Target::Module(from))) => self.module(&from, path),
                            (name, Some(Target::Module(from))) => {
                                let path = format!("{path}::{name}");
                                self.add(Target::Module(from.clone()), path.clone());
                                self.module(&from, &path);
                            }
                            (name, Some(target)) => self.add(target, format!("{path}::{name}")),
                            (name, None) => panic!("{path}::{name} leads nowhere"),
                        }
                    }
                }
                Item::Macro(item) if has(&item.attrs, "macro_export") => {
                    if let Some(name) = &item.ident {
                        let target = Target::Item(module.to_vec(), name.to_string());
                        let root = path.split("::").next().unwrap_or(path);
                        self.add(target, format!("{root}::{name}"));
                    }
                }
                item => {
                    if let Some(name) = name_of(item).filter(|_| is_public(visibility(item))) {
                        let target = Target::Item(module.to_vec(), name.to_string());
                        self.add(target, format!("{path}::{name}"));
                    }
                }
            }
        }
    }
}

struct Lister<'a> {
    names: &'a Names<'a>,
    paths: &'a BTreeMap<Target, BTreeSet<String>>,
    conditions: &'a BTreeMap<String, String>,
    listed: Listed,
}

impl Lister<'_> {
    /// Lists one target by its shortest path, and its other paths as re-exports.
    fn target(&mut self, target: &Target, public: &BTreeSet<String>) {
        let path = shortest(public);
        for other in public.iter().filter(|other| *other != path) {
            let line = format!("pub use {path} as {other}");
            self.listed.add(other, Rank::Definition, line);
        }
        match target {
            Target::Module(_) => {
                let line = format!("{}pub mod {path}", self.condition(path));
                self.listed.add(path, Rank::Definition, line);
            }
            Target::Foreign(from) => {
                let line = format!("pub use {} as {path}", from.join("::"));
                self.listed.add(path, Rank::Definition, line);
            }
            Target::Item(module, name) => {
                let content = self.names.modules[&**module];
                let mut is_found = false;
                for item in content.items.iter().filter(|item| defines(item, name)) {
                    is_found = true;
                    self.item(module, path, item);
                }
                if !is_found {
                    let line = format!("pub {path}, made by a macro");
                    self.listed.add(path, Rank::Definition, line);
                }
            }
        }
    }

    /// Returns the condition of a path, which it has by its re-export.
    fn condition(&self, path: &str) -> &'_ str {
        self.conditions.get(path).map_or("", String::as_str)
    }

    fn item(&mut self, module: &[String], path: &str, item: &Item) {
        let attributes = attributes(item);
        match item {
            Item::Struct(item) => {
                let (generics, bounds) = (&item.generics, &item.generics.where_clause);
                self.add(module, attributes, "pub struct", path, &quote!(#generics #bounds));
                self.derived(path, attributes);
                self.fields(module, path, &item.fields, true);
            }
            Item::Enum(item) => {
                let (generics, bounds) = (&item.generics, &item.generics.where_clause);
                self.add(module, attributes, "pub enum", path, &quote!(#generics #bounds));
                self.derived(path, attributes);
                for variant in item.variants.iter().filter(|variant| !is_hidden(&variant.attrs)) {
                    let path = format!("{path}::{}", variant.ident);
                    let value = variant.discriminant.as_ref().map(|(_, value)| quote!(= #value));
                    self.add(module, &variant.attrs, "variant", &path, &quote!(#value));
                    self.fields(module, &path, &variant.fields, false);
                }
            }
            Item::Trait(item) => {
                let (generics, bounds) = (&item.generics, &item.generics.where_clause);
                let (colon, above) = (&item.colon_token, &item.supertraits);
                let rest = quote!(#generics #colon #above #bounds);
                self.add(module, attributes, "pub trait", path, &rest);
                for inner in &item.items {
                    self.trait_item(module, path, inner);
                }
            }
            Item::Fn(item) => self.function(module, attributes, "pub", path, &item.sig, ""),
            Item::Const(item) => {
                let of = &item.ty;
                self.add(module, attributes, "pub const", path, &quote!(: #of));
            }
            Item::Static(item) => {
                let of = &item.ty;
                self.add(module, attributes, "pub static", path, &quote!(: #of));
            }
            Item::Type(item) => {
                let (generics, of) = (&item.generics, &item.ty);
                self.add(module, attributes, "pub type", path, &quote!(#generics = #of));
            }
            Item::Macro(item) => {
                let rules = &item.mac.tokens;
                self.add(module, attributes, "macro", path, &quote!({ #rules }));
            }
            other => self.add(module, attributes, "pub", path, &other.to_token_stream()),
        }
    }

    fn fields(&mut self, module: &[String], path: &str, fields: &Fields, only_public: bool) {
        for (index, field) in fields.iter().enumerate() {
            if is_hidden(&field.attrs) || (only_public && !is_public(&field.vis)) {
                continue;
            }
            let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            let (path, of) = (format!("{path}::{name}"), &field.ty);
            self.add(module, &field.attrs, "field", &path, &quote!(: #of));
        }
    }

    fn trait_item(&mut self, module: &[String], path: &str, item: &TraitItem) {
        match item {
            TraitItem::Fn(item) if !is_hidden(&item.attrs) => {
                let end = if item.default.is_some() { " { … }" } else { "" };
                let path = format!("{path}::{}", item.sig.ident);
                self.function(module, &item.attrs, "trait", &path, &item.sig, end);
            }
            TraitItem::Const(item) if !is_hidden(&item.attrs) => {
                let (path, of) = (format!("{path}::{}", item.ident), &item.ty);
                self.add(module, &item.attrs, "trait const", &path, &quote!(: #of));
            }
            TraitItem::Type(item) if !is_hidden(&item.attrs) => {
                let (colon, bounds) = (&item.colon_token, &item.bounds);
                let path = format!("{path}::{}", item.ident);
                self.add(module, &item.attrs, "trait type", &path, &quote!(#colon #bounds));
            }
            _ => {}
        }
    }

    /// Lists a block's public methods, or the trait that a public type has.
    fn implementation(&mut self, module: &[String], item: &ItemImpl) {
        let Some(path) = self.public_type(module, &item.self_ty) else { return };
        if let Some((of, _)) = &item.trait_ {
            let written: Path = of.segments.iter().map(|one| one.ident.to_string()).collect();
            let target = self.names.resolve(module, &written);
            let is_own = matches!(target, Some(Target::Item(..) | Target::Module(_)));
            if is_own && !target.is_some_and(|target| self.paths.contains_key(&target)) {
                return;
            }
            let (generics, bounds) = (&item.generics, &item.generics.where_clause);
            let generics = line(quote!(#generics));
            let of = of.segments.last();
            let rest = quote!(#of for);
            let text =
                format!("impl{generics} {} {path}{}", line(rest), after(&line(quote!(#bounds))));
            self.listed.add(&path, Rank::Trait, text);
            return;
        }
        for inner in &item.items {
            match inner {
                ImplItem::Fn(inner) if is_public(&inner.vis) && !is_hidden(&inner.attrs) => {
                    let path = format!("{path}::{}", inner.sig.ident);
                    self.function(module, &inner.attrs, "pub", &path, &inner.sig, "");
                }
                ImplItem::Const(inner) if is_public(&inner.vis) && !is_hidden(&inner.attrs) => {
                    let (path, of) = (format!("{path}::{}", inner.ident), &inner.ty);
                    self.add(module, &inner.attrs, "pub const", &path, &quote!(: #of));
                }
                ImplItem::Macro(inner) => {
                    let call = &inner.mac;
                    let line = format!("macro call in {path}: {}", line(quote!(#call)));
                    self.listed.add(&path, Rank::Macro, line);
                }
                _ => {}
            }
        }
    }

    /// Lists the call of a macro of the same module that makes something public.
    fn call(&mut self, module: &[String], call: &ItemMacro) {
        let content = self.names.modules[module];
        let makes_public = content.items.iter().any(|item| match item {
            Item::Macro(item) => {
                item.ident.as_ref().is_some_and(|name| call.mac.path.is_ident(name))
                    && item.mac.tokens.to_string().contains("pub ")
            }
            _ => false,
        });
        let is_reached = self.paths.keys().any(|target| match target {
            Target::Item(of, _) => of == module,
            _ => false,
        });
        if makes_public && is_reached {
            let (name, tokens) = (&call.mac.path, without_docs(call.mac.tokens.clone()));
            let place = module.join("::");
            let text = format!("macro call in {place}: {}", line(quote!(#name! { #tokens })));
            self.listed.add("", Rank::Macro, text);
        }
    }

    /// Returns the public path of a type that is written in a module.
    fn public_type(&self, module: &[String], of: &Type) -> Option<String> {
        let Type::Path(of) = of else { return None };
        let path: Path = of.path.segments.iter().map(|one| one.ident.to_string()).collect();
        let target = self.names.resolve(module, &path)?;
        let paths = self.paths.get(&target).filter(|_| matches!(target, Target::Item(..)))?;
        Some(shortest(paths).clone())
    }

    fn function(
        &mut self,
        module: &[String],
        attributes: &[Attribute],
        start: &str,
        path: &str,
        signature: &Signature,
        end: &str,
    ) {
        let mut signature = signature.clone();
        for input in &mut signature.inputs {
            match input {
                syn::FnArg::Receiver(input) => input.attrs.clear(),
                syn::FnArg::Typed(input) => input.attrs.clear(),
            }
        }
        let name = signature.ident.to_string();
        let text = line(quote!(#signature)).trim_end_matches(',').to_owned();
        let text = text.replacen(&format!("fn {name}"), &format!("fn {path}"), 1);
        let text = text.replacen("(mut self", "(self", 1);
        let text = format!("{}{start} {text}{end}", conditions(attributes));
        self.foreign(module, quote!(#signature { }), &text);
        self.listed.add(path, Rank::Definition, text);
    }

    fn add(
        &mut self,
        module: &[String],
        attributes: &[Attribute],
        start: &str,
        path: &str,
        rest: &TokenStream,
    ) {
        let mut rest_text = line(rest.clone());
        rest_text.truncate(rest_text.trim_end_matches(',').len());
        let glued =
            ["<", ":", ""].iter().any(|sign| !sign.is_empty() && rest_text.starts_with(sign));
        let rest_text = if glued { rest_text } else { after(&rest_text) };
        let condition = self.condition(path);
        let text = format!("{condition}{}{start} {path}{rest_text}", conditions(attributes));
        // The types of what is no item by itself, in an item that can have them all.
        let typed = match start {
            "pub type" => quote!(type X #rest;),
            "pub struct" => quote!(struct X #rest { }),
            "pub enum" => quote!(enum X #rest { }),
            "pub trait" => quote!(trait X #rest { }),
            _ if line(rest.clone()).starts_with(": ") && start != "trait type" => {
                quote!(const X #rest = 0;)
            }
            _ => TokenStream::new(),
        };
        self.foreign(module, typed, &text);
        self.listed.add(path, Rank::Definition, text);
    }

    /// Notes the other crates that an item names.
    fn foreign(&mut self, module: &[String], item: TokenStream, text: &str) {
        let Ok(mut item) = syn::parse2::<Item>(item) else { return };
        let mut paths = Paths(Vec::new());
        paths.visit_item_mut(&mut item);
        for path in paths.0 {
            if let Some(Target::Foreign(path)) = self.names.resolve(module, &path)
                && let Some(name) = path.first()
            {
                let name = if matches!(name.as_str(), "core" | "alloc") { "std" } else { name };
                self.listed.foreign.entry(name.to_owned()).or_insert_with(|| text.to_owned());
            }
        }
    }

    fn derived(&mut self, path: &str, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|one| one.path().is_ident("derive")) {
            let parser = Punctuated::<syn::Path, Token![,]>::parse_terminated;
            for derived in attribute.parse_args_with(parser).iter().flatten() {
                let derived = derived.segments.last();
                let line = format!("impl {} for {path}", line(quote!(#derived)));
                self.listed.add(path, Rank::Trait, line);
            }
        }
    }
}

/// The paths in an item.
struct Paths(Vec<Path>);

impl VisitMut for Paths {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        self.0.push(path.segments.iter().map(|one| one.ident.to_string()).collect());
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}
}

fn shortest(paths: &BTreeSet<String>) -> &String {
    let length = |path: &&String| path.matches("::").count();
    paths.iter().min_by_key(length).expect("what is reached has a path")
}

fn after(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

/// The attributes that users notice: conditions, and `non_exhaustive`.
fn conditions(attributes: &[Attribute]) -> String {
    let noticed = attributes
        .iter()
        .filter(|one| one.path().is_ident("cfg") || one.path().is_ident("non_exhaustive"));
    noticed.flat_map(|one| [line(quote!(#one)), " ".to_owned()]).collect()
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|one| one.path().is_ident(name))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| {
        one.path().is_ident("doc")
            && matches!(&one.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
    })
}

/// Leaves the comments of a macro's input out.
fn without_docs(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<proc_macro2::TokenTree> = Vec::new();
    for token in tokens {
        if let proc_macro2::TokenTree::Group(group) = &token
            && group.stream().to_string().starts_with("doc =")
        {
            kept.pop();
            continue;
        }
        kept.push(token);
    }
    kept.into_iter().collect()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn visibility(item: &Item) -> &syn::Visibility {
    match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        _ => &syn::Visibility::Inherited,
    }
}

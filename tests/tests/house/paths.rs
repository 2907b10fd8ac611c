//! The paths in a piece of Rust: in its declarations, expressions, types, attributes and in the tokens of macros.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A path as it is written, one for each name of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) line: usize,
    /// The names; the last is `*` if all of a module is meant.
    pub(crate) names: Vec<String>,
    /// The other name that `as` gives it.
    pub(crate) alias: Option<String>,
}

/// Words that a path may follow without being a part of it.
const KEYWORDS: [&str; 18] = [
    "as", "await", "break", "const", "dyn", "else", "for", "if", "impl", "in", "match", "move",
    "mut", "ref", "return", "unsafe", "use", "where",
];

/// Finds the paths of two names or more, and those that get another name.
pub(crate) fn written(stream: TokenStream) -> Vec<Written> {
    let mut found = Vec::new();
    scan(stream, &mut found);
    found
}

fn scan(stream: TokenStream, found: &mut Vec<Written>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => scan(group.stream(), found),
            TokenTree::Ident(name)
                if (is_separator(&tokens[at + 1..]) || other_name(&tokens[at + 1..]).is_some())
                    && !is_keyword(name)
                    && !goes_on(&tokens[..at]) =>
            {
                at = path(&tokens, at, &[], found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Reads the path that begins here, in a group after the names before it, and returns where it ends.
fn path(tokens: &[TokenTree], start: usize, before: &[String], found: &mut Vec<Written>) -> usize {
    let mut names = before.to_vec();
    let mut at = start;
    loop {
        match tokens.get(at) {
            // `a::{self}` is `a`.
            Some(TokenTree::Ident(name)) if *name == "self" && !names.is_empty() => {}
            Some(TokenTree::Ident(name)) => {
                let name = name.to_string();
                names.push(name.strip_prefix("r#").unwrap_or(&name).to_owned());
            }
            Some(star) if is_punctuation(star, '*') => names.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punctuation(token, ',')) {
                    path(part, 0, &names, found);
                }
                return at + 1;
            }
            // Arguments of a type: the paths in them are found next.
            _ => break,
        }
        at += 1;
        if !is_separator(&tokens[at..]) {
            break;
        }
        at += 2;
    }
    if at > start {
        let line = tokens[start].span().start().line;
        found.push(Written { line, names, alias: other_name(&tokens[at..]) });
    }
    at
}

/// Returns whether what comes next is the rest of a path that has begun before, or a method.
fn goes_on(before: &[TokenTree]) -> bool {
    match before {
        [.., start, first, second] if is_colon(first) && is_colon(second) => match start {
            TokenTree::Ident(name) => !is_keyword(name),
            start => is_punctuation(start, '>'),
        },
        [.., dot] => is_punctuation(dot, '.'),
        [] => false,
    }
}

fn is_keyword(name: &Ident) -> bool {
    KEYWORDS.iter().any(|keyword| name == keyword)
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, ..] if is_colon(first) && is_colon(second))
}

fn other_name(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [TokenTree::Ident(word), TokenTree::Ident(name), ..] if *word == "as" => {
            Some(name.to_string())
        }
        _ => None,
    }
}

fn is_colon(token: &TokenTree) -> bool {
    is_punctuation(token, ':')
}

fn is_punctuation(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punctuation) if punctuation.as_char() == expected)
}

#[test]
fn paths_are_found_everywhere() {
    for (text, expected) in [
        ("use crate::a::B;", &["crate a B"][..]),
        (
            "use crate::{a::{self, B as C, d::*}, E, f::{G}};",
            &["crate a", "crate a B as C", "crate a d *", "crate E", "crate f G"],
        ),
        ("use super::{super::*, b};", &["super super *", "super b"]),
        ("use crate as root; use super as up;", &["crate as root", "super as up"]),
        ("use crate::{self as root, *};", &["crate as root", "crate *"]),
        (
            "let x = Vec::<crate::A>::from(self::b::c::<crate::D>());",
            &["Vec", "crate A", "self b c", "crate D"],
        ),
        (
            "fn f(x: &dyn crate::A<B = crate::C>) -> <crate::D as crate::E>::F {}",
            &["crate A", "crate C", "crate D as crate", "crate E"],
        ),
        (
            "#[derive(authn::Options)] #[x(with = crate::y)] struct S;",
            &["authn Options", "crate y"],
        ),
        ("format!(\"{}\", crate::a::b!(super::c::D))", &["crate a b", "super c D"]),
        ("macro_rules! m { ($x:expr) => { $crate::a::b($x) } }", &["crate a b"]),
        ("return ::authn::a(x.authn::<A>())", &["authn a"]),
        ("crate::r#type::X", &["crate type X"]),
        ("pub(crate) fn f(self) { self.x; a ? b : c }", &[]),
    ] {
        let found = written(text.parse().expect("tokens"));
        let shown: Vec<String> = found
            .iter()
            .map(|path| {
                let alias = path.alias.iter().map(|name| format!(" as {name}"));
                path.names.join(" ") + &alias.collect::<String>()
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }
}

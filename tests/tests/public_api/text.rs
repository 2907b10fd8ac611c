//! Tokens as one line, spaced as people write them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Writes tokens on one line, without comments and without a comma at the end of a list.
pub(crate) fn line(tokens: TokenStream) -> String {
    let mut words = Vec::new();
    collect(tokens, &mut words);
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |index| words[index].as_str());
        if needs_space(&text, before, word) {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Collects words: names, literals, and marks that belong together.
fn collect(tokens: TokenStream, words: &mut Vec<String>) {
    let mut joined = String::new();
    for token in tokens {
        match token {
            TokenTree::Punct(mark) => {
                joined.push(mark.as_char());
                // `&'a` and `<'a` are two, however they are written.
                let is_joint = mark.spacing() == Spacing::Joint;
                if !(is_joint && matches!(joined.as_str(), "-" | "=" | ":" | "." | "'" | "..")) {
                    push(words, std::mem::take(&mut joined));
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(words, open.to_owned());
                collect(group.stream(), words);
                push(words, close.to_owned());
            }
            other => push(words, std::mem::take(&mut joined) + &other.to_string()),
        }
    }
}

fn push(words: &mut Vec<String>, word: String) {
    if word.is_empty() {
        return;
    }
    if matches!(word.as_str(), ")" | "]" | "}" | ">")
        && words.last().is_some_and(|last| last == ",")
    {
        words.pop();
    }
    words.push(word);
}

fn needs_space(text: &str, before: &str, word: &str) -> bool {
    let is_word =
        |word: &str| word.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    match word {
        _ if text.is_empty() => false,
        "::" if matches!(before, ":" | ",") => true,
        "," | ";" | ":" | ")" | "]" | "." | "?" | "!" | "::" | ">" => false,
        "[" if before == "mut" || before.starts_with('\'') => true,
        "{" if before == "!" => true,
        "(" | "[" => {
            !is_word(before) && !matches!(before, ">" | "(" | "[" | "&" | "::" | "#" | "!" | "<")
        }
        "<" => !is_word(before) && before != "::" && before != "(" && before != "<",
        _ => !matches!(
            before,
            "(" | "[" | "<" | "&" | "::" | "." | "#" | "!" | "?" | "*" | ".." | "..="
        ),
    }
}

#[test]
fn signatures_look_as_they_are_written() {
    for text in [
        "fn one<'a, T: Into<U> + Send>(&'a self, mut x: &mut [u8; 4]) -> Result<Box<dyn Fn(T) -> U>, E>",
        "type X = <T as Iterator>::Item",
        "const X: ::reqwest::Error = verbs! { get GET }",
        "struct S<F>(F)",
        "fn f() -> impl Future<Output = Result<()>> + Send where Self: Sized",
        "#[cfg(all(feature = \"x\", not(unix)))]",
        "fn g(at: Range<usize>, of: fn(&Schedule) -> Moment, rest: &'static [&'static str])",
    ] {
        assert_eq!(line(text.parse().expect("tokens")), text);
    }
    let wide = "fn f(\n    a: A,\n    b: B,\n) -> (C, D,)".parse().expect("tokens");
    assert_eq!(line(wide), "fn f(a: A, b: B) -> (C, D)");
}

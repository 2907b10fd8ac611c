//! Mistakes in the syntax of a file: what the parser of TOML knows about each, in words for a user.

use std::ops::Range;

use toml_edit::{Document, Key, TableLike, TomlError};

use super::{Problem, ProblemCode, Provenance, SourceText, excerpt::syntax_excerpt, shortened};

/// What the parser's messages start with and contain, and what each means. No message of the parser is shown itself: it
/// may quote a value. The first that fits counts.
const MEANINGS: &[(&str, &str, &str, &str)] = &[
    ("unclosed array table", "", "a `[[` is not closed", "end the name with `]]`"),
    ("unclosed table", "", "a `[` is not closed", "end the name of the table with `]`"),
    ("unclosed array", "", "a list is not closed", "end it with `]`"),
    ("unclosed inline table", "", "a table in braces is not closed", "end it with `}`"),
    (
        "invalid multi-line",
        "expected `",
        "a text of several lines is not closed",
        "end it with the three quotes that it starts with",
    ),
    (
        "invalid",
        "string, expected `",
        "a text is not closed",
        "end it on its line, with the quote that it starts with",
    ),
    (
        "missing escaped value",
        "",
        "a `\\` starts no sequence of TOML",
        r"write `\\` for one `\`, or put the text into single quotes",
    ),
    (
        "too few unicode",
        "",
        "a `\\u` or `\\U` has too few digits",
        r"write `\\` for one `\`, or put the text into single quotes",
    ),
    (
        "string values must be quoted",
        "",
        NO_QUOTES,
        "write `key = \"text\"`, with a comma between two values of a list",
    ),
    ("missing value", "", "a key has no value", "write one after `=`, or remove the line"),
    (
        "key with no value",
        "",
        "a line has no `=`",
        "write `key = \"text\"`, or `[name]` for a table",
    ),
    ("missing assignment", "", "a key has no `=`", "write `key = \"text\"`"),
    ("extra `=`", "", "a line has two `=`", "put a text into quotes: `key = \"text\"`"),
    ("extra assignment", "", "a line has two `=`", "put a text into quotes: `key = \"text\"`"),
    ("missing comma", "", "a comma is missing", "put one between two values, or close the list"),
    ("extra comma", "", "there is a comma too many", "remove one"),
    (
        "unexpected `=` in array",
        "",
        "a list has a `=`",
        "close the list with `]` before the next key",
    ),
    (
        "unexpected key or value",
        "",
        "a line goes on after its value",
        "start a new line for each key, and put a text into quotes",
    ),
    (
        "invalid unquoted key",
        "",
        "a key has a character that needs quotes",
        "use letters, digits, `_` and `-`, or put the key into quotes",
    ),
    (
        "cannot extend value",
        "",
        "a key is below a value that is not a table",
        "give the table another name, or remove the value",
    ),
    (
        "integer number overflowed",
        "",
        "a number has more than 64 bits",
        "put it into quotes if it is a text",
    ),
];

/// The message of a text without quotes.
const NO_QUOTES: &str = "a text has no quotes";

/// What the parser's messages start with if a value starts like a number or a date and is none.
const NUMBERS: [&str; 16] = [
    "invalid date",
    "invalid time",
    "invalid float",
    "invalid integer",
    "invalid hexadecimal",
    "invalid octal",
    "invalid binary",
    "invalid mantissa",
    "invalid fraction",
    "invalid exponent",
    "unexpected leading zero",
    "unexpected sign",
    "`_` may only go between digits",
    "redundant",
    "radix must be lowercase",
    "integers with a radix",
];

/// Returns the problem of a text that the parser refuses.
pub(crate) fn syntax_problem(source: &SourceText, error: &TomlError) -> Problem {
    let text = source.text.as_str();
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let at = match error.message() {
        message if message.starts_with("unclosed array,") => start_of(text, at, "["),
        message if message.starts_with("unclosed inline table") => start_of(text, at, "{"),
        message if message.starts_with("invalid multi-line basic") => start_of(text, at, "\"\"\""),
        message if message.starts_with("invalid multi-line literal") => start_of(text, at, "'''"),
        message if is_of_word(message) || is_of_number(message) => start_of_word(text, at),
        _ => at,
    };
    let end = error.span().map_or(at, |span| span.end).clamp(at, text.len());
    let (message, help) = meaning(source, error.message(), at..end);
    Problem::error(ProblemCode::Syntax, message)
        .with_provenance(source.provenance(at))
        .with_excerpt(syntax_excerpt(text, at))
        .with_help(help)
}

/// Returns what a message of the parser means at a place, and what helps.
fn meaning(source: &SourceText, message: &str, marked: Range<usize>) -> (String, String) {
    let line = line_of(&source.text, marked.start);
    if message.starts_with("duplicate key") {
        return twice(source, line, marked);
    }
    if is_of_word(message)
        && let Some(boolean) = boolean(&source.text[marked.start..])
    {
        return ("a boolean has a capital letter".to_owned(), format!("write `{boolean}`"));
    }
    if has_colon(line)
        && ["key with no value", "missing assignment", "invalid unquoted key", "missing value"]
            .iter()
            .any(|start| message.starts_with(start))
    {
        return (
            "a key is followed by `:` in place of `=`".to_owned(),
            "write `key = \"text\"`".to_owned(),
        );
    }
    // A line that ends with its `=` has no value, and no text without quotes.
    let message = match message {
        _ if line.trim_end().ends_with('=') && message.starts_with("string values") => {
            "missing value"
        }
        // A word that starts like a boolean or a number is one of any other text.
        message if is_of_word(message) => "string values must be quoted",
        message => message,
    };
    let fits = |(start, part, ..): &&(&str, &str, &str, &str)| {
        message.starts_with(start) && message.contains(part)
    };
    let (message, help) = match MEANINGS.iter().find(fits) {
        Some((.., message, help)) => (*message, *help),
        None if is_of_number(message) => (
            "a value is neither a number nor a text in quotes",
            "write a text as `key = \"text\"`, and a number with digits alone",
        ),
        None => (
            "this is not valid TOML",
            "put a text in quotes, `key = \"text\"`, and start a table with `[name]`",
        ),
    };
    (message.to_owned(), help.to_owned())
}

/// Returns whether a value starts like a boolean, or like a number that is a word, and is another word.
fn is_of_word(message: &str) -> bool {
    message.starts_with("invalid boolean")
        || ["`inf`", "`nan`"].iter().any(|word| {
            message
                .strip_prefix("invalid float, expected ")
                .is_some_and(|rest| rest.starts_with(word))
        })
}

/// Returns whether a value starts like a number or a date, and is none.
fn is_of_number(message: &str) -> bool {
    !is_of_word(message) && NUMBERS.iter().any(|start| message.starts_with(start))
}

/// Returns the boolean that a text starts with in other letters.
fn boolean(text: &str) -> Option<&'static str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c);
    let word = text.split(is_end).next()?;
    ["true", "false"].into_iter().find(|boolean| boolean.eq_ignore_ascii_case(word))
}

/// Returns where the word starts that contains a place. The parser marks a part of it.
fn start_of_word(text: &str, at: usize) -> usize {
    let is_between = |c: char| c.is_whitespace() || "=[{,".contains(c);
    let word = text[..at].rsplit(is_between).next().unwrap_or_default();
    at - word.len()
}

/// Returns the problem of a key or a table that is there twice, with the line of the first.
fn twice(source: &SourceText, line: &str, marked: Range<usize>) -> (String, String) {
    let text = source.text.as_str();
    let start = marked.start - column_of(text, marked.start);
    if text[start..marked.start].contains('=') {
        // In a table in braces.
        let name = shortened(&text[marked]).into_owned();
        return (format!("the key `{name}` is there twice"), "remove one of the two".to_owned());
    }
    let is_table = line.trim_start().starts_with('[');
    let header = |line: &str| {
        let name = line.trim().trim_start_matches('[').split(']').next()?;
        let keys = Key::parse(name).ok()?;
        Some(keys.into_iter().map(|key| key.get().to_owned()).collect::<Vec<_>>())
    };
    let table = if is_table { line } else { last_header(&text[..start]) };
    let mut path = if table.is_empty() { Some(Vec::new()) } else { header(table) };
    if !is_table {
        let key = line.split('=').next().and_then(|key| Key::parse(key).ok());
        path = path.zip(key).map(|(mut path, key)| {
            path.extend(key.into_iter().map(|key| key.get().to_owned()));
            path
        });
    }
    let first = path.as_deref().and_then(|path| {
        // What is before the line is valid, because the parser reports its first problem.
        let before = Document::parse(&text[..start]).ok()?;
        first_line(source, before.as_table(), path)
    });
    let name = path.as_deref().and_then(<[String]>::last);
    let named = name.map_or_else(String::new, |name| format!(" `{}`", shortened(name)));
    let what = if is_table { "table" } else { "key" };
    let again = first.map_or_else(String::new, |line| format!("; the first is in line {line}"));
    (format!("the {what}{named} is there twice{again}"), "remove one of the two".to_owned())
}

/// Returns the line of a key or a table in a document.
fn first_line(source: &SourceText, table: &dyn TableLike, path: &[String]) -> Option<usize> {
    let (name, rest) = path.split_first()?;
    let (key, item) = table.get_key_value(name)?;
    if !rest.is_empty() {
        return first_line(source, item.as_table_like()?, rest);
    }
    let span = item.as_table().and_then(toml_edit::Table::span).or_else(|| key.span())?;
    match source.provenance(span.start) {
        Provenance::File { line, .. } => Some(line),
        _ => None,
    }
}

/// Returns where the value starts that is opened so and is not closed. The parser knows only where it should end.
fn start_of(text: &str, at: usize, opening: &str) -> usize {
    let mut end = at;
    while end > 0 {
        let start = end - column_of(text, end);
        let line = &text[start..end];
        if let Some((key, value)) = line.split_once('=')
            && value.trim_start().starts_with(opening)
        {
            return start + key.len() + 1 + (value.len() - value.trim_start().len());
        }
        end = start.saturating_sub(1);
    }
    at
}

/// Returns the last line that starts a table.
fn last_header(text: &str) -> &str {
    let is_header = |line: &&str| line.trim_start().starts_with('[') && !line.contains('=');
    text.lines().rev().find(is_header).unwrap_or_default()
}

fn line_of(text: &str, at: usize) -> &str {
    let start = at - column_of(text, at);
    text[start..].lines().next().unwrap_or_default()
}

/// Returns the distance in bytes from the start of the line.
fn column_of(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(at, |newline| at - newline - 1)
}

/// Returns whether a line is a key in the style of YAML.
fn has_colon(line: &str) -> bool {
    let key = line.trim_start().split_once(':').map_or("", |(key, _)| key.trim_end());
    !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, the place of its mistake, and the message.
    const CASES: &[(&str, &str, &str)] = &[
        ("a = 1\nb = 2\na = 3", "3:1", "the key `a` is there twice; the first is in line 1"),
        ("[t]\nb = 1\n\nb = 2", "4:1", "the key `b` is there twice; the first is in line 2"),
        ("x.y = 1\nx.y = 2", "2:3", "the key `y` is there twice; the first is in line 1"),
        ("a = { b = 1, b = 2 }", "1:14", "the key `b` is there twice"),
        ("[t]\n[u]\n[t]", "3:2", "the table `t` is there twice; the first is in line 1"),
        ("[t.u]\na = 1\n[t.u]", "3:4", "the table `u` is there twice; the first is in line 1"),
        ("[t]\na = [1, 2", "2:5", "a list is not closed"),
        ("[t]\na = [\n  1,\n  2,\n", "2:5", "a list is not closed"),
        ("a = { b = 1", "1:5", "a table in braces is not closed"),
        ("[t\na = 1", "1:3", "a `[` is not closed"),
        ("a = \"x", "1:7", "a text is not closed"),
        ("a = 'x\nb = 1", "1:7", "a text is not closed"),
        ("a = \"\"\"x", "1:5", "a text of several lines is not closed"),
        ("a = '''\nx\ny", "1:5", "a text of several lines is not closed"),
        ("client_id: 'x'", "1:12", "a key is followed by `:` in place of `=`"),
        ("client_id : x", "1:11", "a key is followed by `:` in place of `=`"),
        ("client_id", "1:10", "a line has no `=`"),
        ("a = ", "1:5", "a key has no value"),
        ("a = x", "1:5", "a text has no quotes"),
        ("a = \"\\q\"", "1:7", "a `\\` starts no sequence of TOML"),
        ("a = [1 2]", "1:6", "a text has no quotes"),
        ("a = things", "1:5", "a text has no quotes"),
        ("a = t.test", "1:5", "a text has no quotes"),
        ("a = falsehood", "1:5", "a text has no quotes"),
        ("a = nanny", "1:5", "a text has no quotes"),
        ("a = inf.test", "1:5", "a text has no quotes"),
        ("a = -info", "1:5", "a text has no quotes"),
        ("a = -x", "1:5", "a text has no quotes"),
        ("a = +nobody", "1:5", "a text has no quotes"),
        ("a = 12ab", "1:5", "a text has no quotes"),
        ("a = 12-ab", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 0zoo", "1:5", "a text has no quotes"),
        ("a = 0xzoo", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 01234", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 0b12", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 30s", "1:5", "a text has no quotes"),
        ("a = 1.2.3.4", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = .test", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = _test", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 1_0\u{a0}_1", "1:9", "a value is neither a number nor a text in quotes"),
        ("a = 1_0\u{3000}_1", "1:9", "a value is neither a number nor a text in quotes"),
        ("a = 1\u{3000}t", "1:5", "a text has no quotes"),
        ("a = 1_", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 1.", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 1e", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 2024-01-xx", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = 2024-13-01", "1:5", "a value is neither a number nor a text in quotes"),
        ("a = https://x.test", "1:5", "a text has no quotes"),
        ("a = True", "1:5", "a boolean has a capital letter"),
        ("a = FALSE", "1:5", "a boolean has a capital letter"),
        ("a = yes", "1:5", "a text has no quotes"),
        ("a = Nan", "1:5", "a text has no quotes"),
        ("a = [tea, 1]", "1:6", "a text has no quotes"),
        ("a = [1,,2]", "1:8", "there is a comma too many"),
        ("a = 1 b = 2", "1:9", "a line goes on after its value"),
        ("a/b = 1", "1:2", "a key has a character that needs quotes"),
        ("a = 1\na.b = 2", "2:1", "a key is below a value that is not a table"),
        ("a = 99999999999999999999", "1:5", "a number has more than 64 bits"),
    ];

    #[test]
    fn each_mistake_has_its_words() {
        let mut wrong = Vec::new();
        for (text, place, expected) in CASES {
            let source = SourceText::new("c".into(), (*text).to_owned().into());
            let error = Document::parse(*text).expect_err("a mistake");
            let problem = syntax_problem(&source, &error);
            let at = problem.provenance().map(ToString::to_string);
            let found = (at.as_deref(), problem.message());
            let place = format!("c:{place}");
            assert!(problem.help().is_some(), "{text}");
            if found != (Some(&*place), *expected) {
                wrong.push(format!("{text}\n{found:?}\n{}", error.message()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

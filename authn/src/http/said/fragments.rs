//! `contains_secret`: the rule for what a server says. A text that contains a fragment of a secret is not shown.
//!
//! The text is decoded in each way in which a server could have encoded the secret, also one after another, such as
//! base64 in percent-encoding. The encodings themselves are never compared: a fragment can start anywhere in them.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::diagnostic::is_invisible;

/// The shortest fragment of a secret, in bytes, that no text may contain. A secret that is shorter counts as a whole.
const SHORTEST: usize = 8;
/// The shortest secret, in bytes, that counts within a word. Nearly every text contains a shorter one somewhere, which
/// tells nothing of it.
const SHORTEST_IN_WORD: usize = 4;
/// Most encodings of a secret around each other.
const DEEPEST: usize = 3;

/// Decodes what can be the beginning, the middle or the end of something encoded.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

type Bytes = Zeroizing<Vec<u8>>;

/// A text, as it is or decoded.
#[derive(Clone, PartialEq)]
struct View {
    bytes: Bytes,
    /// Whether groups of characters were joined before they were decoded. Any text would contain a short secret then.
    is_joined: bool,
}

/// Returns whether a text contains a fragment of 8 or more bytes of a secret, or a shorter secret as a whole; one of less than
/// 4 bytes as a word of its own. The fragment can be as it is, in upper or lower case, with white space or invisible
/// characters in it, percent-encoded, encoded as in a form, in JSON, in HTML or in base64 of both alphabets, in hex, or a list
/// of bytes in decimal or hex. Base64 and hex can be in groups, unless the secret is shorter.
pub fn contains_secret(text: &str, secrets: &[Zeroizing<String>]) -> bool {
    let secrets = Secrets::of(secrets);
    if secrets.is_empty() {
        return false;
    }
    let mut seen = Vec::<View>::new();
    let mut views = vec![View { bytes: Bytes::new(text.as_bytes().to_vec()), is_joined: false }];
    for _ in 0..=DEEPEST {
        if views.iter().any(|view| secrets.are_in(view)) {
            return true;
        }
        let mut next = Vec::new();
        for decoded in views.iter().flat_map(|view| decoded(view, &secrets)) {
            if !seen.contains(&decoded) {
                seen.push(decoded.clone());
                next.push(decoded);
            }
        }
        views = next;
    }
    false
}

/// What no text may contain, in lower case.
struct Secrets {
    /// Each fragment of the shortest length, sorted, with the white space of the secret and without it.
    fragments: Zeroizing<Vec<[u8; SHORTEST]>>,
    /// Secrets that are shorter.
    short: Vec<Bytes>,
}

impl Secrets {
    fn of(secrets: &[Zeroizing<String>]) -> Self {
        let (mut fragments, mut short) = (Zeroizing::new(Vec::new()), Vec::new());
        for secret in secrets {
            let secret = Bytes::new(secret.to_ascii_lowercase().into_bytes());
            if secret.len() >= SHORTEST {
                fragments.extend(secret.windows(SHORTEST).filter_map(fragment));
                fragments.extend(without_space(&secret).windows(SHORTEST).filter_map(fragment));
            } else if !secret.is_empty() {
                short.push(secret);
            }
        }
        fragments.sort_unstable();
        Self { fragments, short }
    }

    fn is_empty(&self) -> bool {
        self.fragments.is_empty() && self.short.is_empty()
    }

    /// Returns the length of the shortest text that can contain one.
    fn shortest(&self, is_joined: bool) -> usize {
        let short = self.short.iter().filter(|_| !is_joined).map(|secret| secret.len());
        short.min().unwrap_or(SHORTEST)
    }

    fn are_in(&self, view: &View) -> bool {
        let bytes = Bytes::new(view.bytes.to_ascii_lowercase());
        let is_secret = |window: &_| self.fragments.binary_search(window).is_ok();
        let has_fragment =
            |view: &[u8]| view.windows(SHORTEST).filter_map(fragment).any(|it| is_secret(&it));
        has_fragment(&bytes)
            || has_fragment(&without_space(&bytes))
            || !view.is_joined && self.short.iter().any(|secret| has_whole(&bytes, secret))
    }
}

/// Returns whether a text contains a short secret as a whole.
fn has_whole(view: &[u8], secret: &[u8]) -> bool {
    let is_in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    view.windows(secret.len()).enumerate().any(|(start, window)| {
        let before = start.checked_sub(1).and_then(|at| view.get(at));
        let is_alone = || !is_in_word(before) && !is_in_word(view.get(start + secret.len()));
        window == secret && (secret.len() >= SHORTEST_IN_WORD || is_alone())
    })
}

/// Returns a text without the characters that a reader does not see.
fn without_space(text: &[u8]) -> Bytes {
    let is_seen = |c: &char| !(c.is_whitespace() || c.is_control() || is_invisible(*c));
    let mut seen = Bytes::new(Vec::with_capacity(text.len()));
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars().filter(is_seen) {
            seen.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        seen.extend(chunk.invalid());
    }
    seen
}

fn fragment(window: &[u8]) -> Option<[u8; SHORTEST]> {
    window.try_into().ok()
}

/// Returns a text decoded in each way, as far as something is encoded that is long enough for a secret.
fn decoded(view: &View, secrets: &Secrets) -> Vec<View> {
    let text = &view.bytes;
    let (shortest, of_joined) = (secrets.shortest(view.is_joined), secrets.shortest(true));
    let mut all = vec![of_form(text, true), of_form(text, false), of_json(text), of_html(text)];
    all.extend(of_base64_and_hex(text, shortest));
    all.extend([10, 16].map(|radix| of_list(text, radix)));
    all.retain(|bytes| bytes.len() >= shortest && bytes != text);
    let as_it_is = all.into_iter().map(|bytes| View { bytes, is_joined: view.is_joined });
    let groups = without_space(text);
    let dashes = groups.iter().copied().filter(|byte| !b"-:.,".contains(byte));
    let joined = [Bytes::new(dashes.collect()), groups];
    let joined = joined.iter().filter(|joined| *joined != text);
    let joined = joined.flat_map(|joined| of_base64_and_hex(joined, of_joined));
    let joined = joined.filter(|bytes| !bytes.is_empty());
    as_it_is.chain(joined.map(|bytes| View { bytes, is_joined: true })).collect()
}

/// Decodes base64 and hex, of which the text can have a part.
fn of_base64_and_hex(text: &[u8], shortest: usize) -> impl Iterator<Item = Bytes> {
    let is_hex = |byte: u8| byte.is_ascii_hexdigit();
    let base64 =
        (0..4).map(move |skipped| runs(text, is_base64, shortest, |run| of_base64(run, skipped)));
    let hex = (0..2).map(move |skipped| runs(text, is_hex, shortest, |run| of_hex(run, skipped)));
    base64.chain(hex)
}

/// Decodes the percent-encoding, and that of a form, in which a plus sign is a space.
fn of_form(text: &[u8], is_form: bool) -> Bytes {
    let mut value = Bytes::new(Vec::with_capacity(text.len() + 2));
    value.extend(b"x=");
    for &byte in text {
        match byte {
            // What separates pairs is not encoded here.
            b'&' => value.extend(b"%26"),
            b'+' if !is_form => value.extend(b"%2B"),
            _ => value.push(byte),
        }
    }
    let decoded = form_urlencoded::parse(&value).next();
    Bytes::new(decoded.map_or_else(Vec::new, |(_, value)| value.into_owned().into_bytes()))
}

/// Decodes the escapes of JSON strings (RFC 8259, 7), and leaves all else as it is.
fn of_json(text: &[u8]) -> Bytes {
    let text = Zeroizing::new(String::from_utf8_lossy(text).into_owned());
    let mut decoded = Bytes::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_str();
    while let Some(start) = rest.find('\\') {
        decoded.extend(&rest.as_bytes()[..start]);
        rest = &rest[start..];
        // One escape, or two that are the halves of one character.
        let found = [12, 6, 2].into_iter().find_map(|length| {
            let escape = rest.get(..length)?;
            let is_one =
                length == 2 || escape.as_bytes().chunks(6).all(|it| it.starts_with(b"\\u"));
            let text = format!("\"{escape}\"");
            Some((length, serde_json::from_str::<String>(&text).ok().filter(|_| is_one)?))
        });
        // Anything else is left as it is.
        let (length, character) = found.unwrap_or((1, "\\".to_owned()));
        decoded.extend(character.as_bytes());
        rest = &rest[length..];
    }
    decoded.extend(rest.as_bytes());
    decoded
}

/// Decodes the escapes of HTML, by numbers and by the names that are needed there, and leaves all else as it is.
fn of_html(text: &[u8]) -> Bytes {
    let mut decoded = Bytes::new(Vec::with_capacity(text.len()));
    for (index, part) in text.split(|byte| *byte == b'&').enumerate() {
        let end = part.iter().position(|byte| *byte == b';').filter(|_| index > 0);
        if let Some((end, character)) = end.and_then(|end| Some((end, escaped(&part[..end])?))) {
            decoded.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            decoded.extend(&part[end + 1..]);
        } else {
            decoded.extend(b"&".iter().filter(|_| index > 0));
            decoded.extend(part);
        }
    }
    decoded
}

/// Returns the character of an escape of HTML.
fn escaped(name: &[u8]) -> Option<char> {
    let names = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    let name = str::from_utf8(name).ok()?;
    let Some(number) = name.strip_prefix('#') else {
        return names.iter().find(|(of, _)| *of == name).map(|(_, character)| *character);
    };
    let hex = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
    char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// Decodes base64 of both alphabets (RFC 4648, 4 and 5) after some skipped characters.
fn of_base64(run: &[u8], skipped: usize) -> Bytes {
    let run = run.get(skipped..).unwrap_or_default();
    // One character holds no byte.
    let end = run.len() - usize::from(run.len() % 4 == 1);
    let standard = run[..end].iter().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        _ => *byte,
    });
    Bytes::new(BASE64.decode(standard.collect::<Vec<_>>()).unwrap_or_default())
}

fn of_hex(run: &[u8], skipped: usize) -> Bytes {
    let pairs = run.get(skipped..).unwrap_or_default().chunks_exact(2);
    Bytes::new(pairs.filter_map(|pair| number(pair, 16)).collect())
}

/// Decodes the runs of some characters that are long enough, with a byte between them that no secret contains.
fn runs(
    text: &[u8],
    is_one: fn(u8) -> bool,
    shortest: usize,
    decode: impl Fn(&[u8]) -> Bytes,
) -> Bytes {
    let mut all = Bytes::default();
    for run in text.split(|byte| !is_one(*byte)) {
        let decoded = decode(run);
        if decoded.len() >= shortest {
            all.push(0);
            all.extend(decoded.as_slice());
        }
    }
    all
}

/// Decodes lists of bytes in decimal or hex, such as `[115, 51]`, `73:33` and `0x73 0x33`.
fn of_list(text: &[u8], radix: u32) -> Bytes {
    let mut bytes = Bytes::default();
    for word in text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let prefixes: [&[u8]; 4] = [b"0x", b"0X", b"x", b"X"];
        let digits = prefixes.iter().find_map(|prefix| word.strip_prefix(*prefix));
        match number(digits.filter(|_| radix == 16).unwrap_or(word), radix) {
            Some(byte) => bytes.push(byte),
            None => bytes.push(0),
        }
    }
    bytes
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let text = str::from_utf8(digits).ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    u8::from_str_radix(text, radix).ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    type Encode = fn(&str) -> String;

    /// Each way in which a server can encode a secret. One more is one more row.
    const ENCODINGS: [(&str, Encode); 23] = [
        ("raw", str::to_owned),
        ("base64", |text| STANDARD.encode(text)),
        ("base64 for URLs", |text| URL_SAFE.encode(text)),
        ("base64 with an identifier", |text| STANDARD.encode(format!("id:{text}:"))),
        ("base64 without padding", |text| URL_SAFE_NO_PAD.encode(text)),
        ("form", |text| form_urlencoded::byte_serialize(text.as_bytes()).collect()),
        ("percent-encoding of each byte", |text| joined(text, |byte| format!("%{byte:02x}"), "")),
        ("hex", |text| joined(text, |byte| format!("{byte:02x}"), "")),
        ("hex in upper case", |text| joined(text, |byte| format!("{byte:02X}"), "")),
        ("hex with colons", |text| joined(text, |byte| format!("{byte:02x}"), ":")),
        ("hex in Rust", |text| joined(text, |byte| format!("0x{byte:02x}"), ", ")),
        ("decimal", |text| format!("{:?}", text.as_bytes())),
        ("HTML", |text| joined(text, |byte| format!("&#{byte};"), "")),
        ("HTML in hex", |text| {
            let escapes = text.chars().map(|character| format!("&#x{:x};", u32::from(character)));
            escapes.collect::<Vec<_>>().concat()
        }),
        ("HTML where it is needed", |text| {
            let escapes = [("&", "&amp;"), ("<", "&lt;"), ("\"", "&quot;"), ("'", "&#39;")];
            escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        }),
        ("hex in groups", |text| groups(&hex(text), 4, " ")),
        ("hex in groups with dashes", |text| groups(&hex(text), 8, "-")),
        ("hex in odd groups", |text| groups(&hex(text), 5, ": ")),
        ("base64 in groups", |text| groups(&STANDARD.encode(text), 4, " ")),
        ("base64 in groups with dashes", |text| groups(&STANDARD.encode(text), 5, "-")),
        ("base64 for URLs in lines", |text| groups(&URL_SAFE.encode(text), 19, "\r\n")),
        ("JSON", |text| serde_json::to_string(text).unwrap()),
        ("JSON with each character escaped", |text| {
            text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
        }),
    ];

    fn joined(text: &str, write: impl Fn(u8) -> String, between: &str) -> String {
        text.bytes().map(write).collect::<Vec<_>>().join(between)
    }

    fn hex(text: &str) -> String {
        joined(text, |byte| format!("{byte:02x}"), "")
    }

    /// Returns a text in ASCII in groups of some characters.
    fn groups(text: &str, length: usize, between: &str) -> String {
        let groups = text.as_bytes().chunks(length).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(between)
    }

    fn is_found(text: &str, secret: &str) -> bool {
        contains_secret(text, &[Zeroizing::new("other".to_owned()), Zeroizing::new(secret.into())])
    }

    #[test]
    fn ordinary_texts_are_shown() {
        let secret = "x8Q~kL3v9_sT.pW2-zR7nB4mC6jH1gF0dS5aE";
        for text in [
            "",
            "Client authentication failed",
            "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client \
             secret value, not the client secret ID, for a secret added to app '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'. \
             Trace ID: 00000000-1111-2222-3333-444444444444 Timestamp: 2026-11-29 20:00:00Z",
            "x8Q~kL3",
            "+/+/ %41%42 [1, 2, 3] 00:11:22 \\u0041 \\q \\",
        ] {
            assert!(!is_found(text, secret), "{text}");
        }
        assert!(!contains_secret("anything", &[]));
        assert!(!contains_secret("anything", &[Zeroizing::default()]));
    }

    #[test]
    fn a_short_secret_counts_as_a_whole() {
        for (text, is_one) in
            [("a p4ss b", true), ("a p4s b", false), ("cDRzcw==", true), ("P4SS", true)]
        {
            assert_eq!(is_found(text, "p4ss"), is_one, "{text}");
        }
    }

    #[test]
    fn a_very_short_secret_counts_as_a_word() {
        for (text, secret, is_one) in [
            ("Client authentication failed", "e", false),
            ("Client authentication failed", "ent", false),
            ("the secret is e", "e", true),
            ("got \"ent\"", "ent", true),
            ("id:ent", "ent", true),
            ("ENT is wrong", "ent", true),
            ("authn:%65nt.", "ent", true),
            ("aWQ6ZW50", "ent", true),
            ("client", "ient", true),
        ] {
            assert_eq!(is_found(text, secret), is_one, "{text}: {secret}");
        }
    }

    #[test]
    fn white_space_between_the_characters_of_a_secret_hides_nothing() {
        for (text, secret, is_one) in [
            ("you sent s 3 c r 3 t - o f", "s3cr3t-of-client", true),
            ("s3cr\n3t-o f", "s3cr3t-of-client", true),
            ("s 3 c r 3 t -", "s3cr3t-of-client", false),
            ("correcthor", "correct horse battery", true),
            ("was p as s", "pass", false),
            ("cyAzIGMgciAzIHQgLSBvIGY=", "s3cr3t-of-client", true),
            ("s3cr\u{a0}3t-o\u{2003}f", "s3cr3t-of-client", true),
            ("s\u{200b}3cr\u{feff}3t\u{ad}-of", "s3cr3t-of-client", true),
            ("s3cr3t-of", "s3\u{a0}cr\u{200b}3t-of", true),
            ("was p\u{a0}as s", "pass", false),
        ] {
            assert_eq!(is_found(text, secret), is_one, "{text}: {secret}");
        }
    }

    #[test]
    fn an_encoding_in_groups_hides_no_fragment() {
        for (text, secret, is_one) in [
            ("7333 6372 3374 2d6f 66", "s3cr3t-of-client", true),
            ("7333-6372-3374-2d6f", "s3cr3t-of-client", true),
            ("7333:6372:3374:2d6f", "s3cr3t-of-client", true),
            ("733 363 723 374 2d6 f", "s3cr3t-of-client", true),
            ("7333\u{a0}6372\u{200b}3374 - 2d6f", "s3cr3t-of-client", true),
            ("7333 6372 3374", "s3cr3t-of-client", false),
            ("czNj cjN0 LW9m", "s3cr3t-of-client", true),
            ("czNjc-jN0LW-9m", "s3cr3t-of-client", true),
            ("czNjc:jN0LW:9m", "s3cr3t-of-client", true),
            // A short secret would be found in many texts.
            ("7061 7373", "pass", false),
            ("70617373", "pass", true),
            ("cG Fz cw", "pass", false),
        ] {
            assert_eq!(is_found(text, secret), is_one, "{text}: {secret}");
        }
    }

    #[test]
    fn escapes_of_html_can_be_mixed_with_plain_characters() {
        for (text, secret, is_one) in [
            ("p&amp;ss&lt;w&#39;rd", "p&ss<w'rd", true),
            ("p&amp;ss&LT;w&apos;rd", "p&ss<w'rd", false),
            ("p&ss&#60;w&#x27;rd", "p&ss<w'rd", true),
            ("p&ss&#060;w&#X0027;rd", "p&ss<w'rd", true),
            ("p&amp;amp;ss&amp;lt;w'rd", "p&ss<w'rd", true),
            ("&quot;s3&gt;", "\"s3>", true),
            ("&quot s3&#;&#x;&#xffffffff;&amp", "\"s3>", false),
            ("s&#x33;cr&#51;t-of", "s3cr3t-of-client", true),
        ] {
            assert_eq!(is_found(text, secret), is_one, "{text}: {secret}");
        }
    }

    proptest! {
        #[test]
        fn no_fragment_of_a_secret_is_shown_in_any_encoding(
            secret in "[ -~äöü€𝒳]{8,60}",
            start in 0..52_usize,
            more in 0..52_usize,
            (before, after) in ("[ -~]{0,20}", "[ -~]{0,20}"),
            outer in 0..ENCODINGS.len(),
            inner in 0..ENCODINGS.len(),
        ) {
            let characters: Vec<_> = secret.chars().collect();
            let start = start.min(characters.len() - 8);
            let fragment: String = characters[start..].iter().take(8 + more).collect();
            let ((outer, of_outer), (inner, of_inner)) = (ENCODINGS[outer], ENCODINGS[inner]);
            // What is escaped twice has other fragments than what is decoded once.
            let text = format!("{before} {} {after}", of_outer(&of_inner(&fragment)));
            prop_assert!(is_found(&text, &secret), "{outer} of {inner}: {text}");
        }

        #[test]
        fn no_part_of_what_is_encoded_is_shown_from_which_a_fragment_can_be_read(
            secret in "[!-~]{24,60}",
            encoding in 0..ENCODINGS.len(),
            start in 0..200_usize,
        ) {
            // Eight bytes of each encoding, and a part of another one on both sides.
            const ENOUGH: usize = 8 * 6 + 2 * 5;
            let (name, encode) = ENCODINGS[encoding];
            let part: String = encode(&secret).chars().skip(start).take(ENOUGH).collect();
            prop_assert!(part.len() < ENOUGH || is_found(&part, &secret), "{name}: {part}");
        }
    }
}

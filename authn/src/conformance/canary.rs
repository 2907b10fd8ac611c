//! `Canary`: a made-up secret, and the search for it in all encodings in which it may leak.
//!
//! A secret can be printed in many ways: in base64 inside a Basic header, as hex in a dump, as a list of numbers because
//! a type derives `Debug` on a `Vec<u8>`. So a test that only searches for the text proves little.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A made-up secret: a unique text of 36 letters and digits, which no format has to quote or escape.
///
/// ```
/// use authn::conformance::{Canary, Encoding};
///
/// let canary = Canary::new();
/// let dump = format!("{:?}", canary.as_str().as_bytes());
/// assert_eq!(canary.find_in(dump.as_bytes()), Some(Encoding::DecimalBytes));
/// assert_eq!(canary.find_in(b"password = (set)"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary(String);

/// The encoding in which a canary was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Base64, standard or URL-safe, alone or inside a longer encoded text (RFC 4648, sections 4 and 5).
    Base64,
    /// Hexadecimal digits, in lower or upper case.
    Hex,
    /// Every byte percent-encoded, with digits in lower or upper case (RFC 3986, section 2.1).
    Percent,
    /// A list of decimal numbers, which is how `{:?}` and `{:#?}` show bytes.
    DecimalBytes,
}

impl Canary {
    /// Creates a canary that differs from all others.
    #[expect(clippy::new_without_default, reason = "each is different, so there is no default")]
    pub fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        // Each `RandomState` has random keys, so its hashes differ between processes. The count differs between calls.
        let random = RandomState::new();
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        Self(format!("CNRY{:016x}{:016x}", random.hash_one(count), random.hash_one(!count)))
    }

    /// Returns the text, to be used as a secret.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Searches for the canary, and returns the encoding in which it was found.
    ///
    /// White space is ignored: base64 may be wrapped, and a list of numbers may have a line for each.
    pub fn find_in(&self, haystack: &[u8]) -> Option<Encoding> {
        let haystack: Vec<u8> =
            haystack.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let found = |encoded: &String| {
            haystack.windows(encoded.len()).any(|window| window == encoded.as_bytes())
        };
        self.encodings().into_iter().find(|(_, encoded)| found(encoded)).map(|(how, _)| how)
    }

    fn encodings(&self) -> Vec<(Encoding, String)> {
        let bytes = self.0.as_bytes();
        let join = |format: fn(u8) -> String, separator: &str| -> String {
            bytes.iter().map(|byte| format(*byte)).collect::<Vec<_>>().join(separator)
        };
        let mut encodings = vec![
            (Encoding::Raw, self.0.clone()),
            (Encoding::Hex, join(|byte| format!("{byte:02x}"), "")),
            (Encoding::Hex, join(|byte| format!("{byte:02X}"), "")),
            (Encoding::Percent, join(|byte| format!("%{byte:02x}"), "")),
            (Encoding::Percent, join(|byte| format!("%{byte:02X}"), "")),
            (Encoding::DecimalBytes, join(|byte| byte.to_string(), ",")),
        ];
        for alignment in 0..3 {
            encodings.push((Encoding::Base64, inner_base64(&STANDARD, bytes, alignment)));
            encodings.push((Encoding::Base64, inner_base64(&URL_SAFE, bytes, alignment)));
        }
        encodings
    }
}

/// Returns the digits that depend on these bytes alone, if `before` other bytes come before them in the encoded text.
///
/// A base64 digit is 6 bits, so the digits at both ends may share bits with a neighbour. They are left out.
fn inner_base64(engine: &impl base64::Engine, bytes: &[u8], before: usize) -> String {
    let mut padded = vec![0; before];
    padded.extend_from_slice(bytes);
    let digits = engine.encode(&padded);
    let first = (before * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    digits[first..end].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;

    fn finds(canary: &Canary, text: impl AsRef<[u8]>) -> Option<Encoding> {
        canary.find_in(text.as_ref())
    }

    #[test]
    fn each_canary_is_unique_and_plain() {
        let (one, other) = (Canary::new(), Canary::new());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 36);
        assert!(one.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(finds(&one, other.as_str()), None);
    }

    #[test]
    fn a_text_without_the_canary_is_not_found() {
        let canary = Canary::new();
        assert_eq!(finds(&canary, ""), None);
        assert_eq!(finds(&canary, "a text without it, [1, 2, 3], 00ff, %20, YWJj"), None);
        let (most, _) = canary.as_str().split_at(35);
        assert_eq!(finds(&canary, most), None);
    }

    #[test]
    fn found_raw() {
        let canary = Canary::new();
        let line = format!("password = \"{}\"", canary.as_str());
        assert_eq!(finds(&canary, line), Some(Encoding::Raw));
    }

    #[test]
    fn found_between_bytes_that_are_not_utf8() {
        let canary = Canary::new();
        let bytes = [b"\xff\x00", canary.as_str().as_bytes(), b"\xfe"].concat();
        assert_eq!(finds(&canary, bytes), Some(Encoding::Raw));
    }

    #[test]
    fn found_in_base64_at_every_alignment() {
        let canary = Canary::new();
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            for before in 0..7 {
                for after in 0..4 {
                    // 0xfb and 0xff give the digits in which the two alphabets differ.
                    let [before, after] = [vec![0xfb; before], vec![0xff; after]];
                    let bytes = [&before, canary.as_str().as_bytes(), &after].concat();
                    let text = format!("Basic {}", engine.encode(&bytes));
                    assert_eq!(finds(&canary, &text), Some(Encoding::Base64), "{text}");
                }
            }
        }
    }

    #[test]
    fn found_in_wrapped_base64() {
        let canary = Canary::new();
        let digits = STANDARD.encode(canary.as_str());
        let (first, second) = digits.split_at(20);
        let wrapped = format!("{first}\r\n{second}");
        assert_eq!(finds(&canary, wrapped), Some(Encoding::Base64));
    }

    #[test]
    fn found_in_hex() {
        let canary = Canary::new();
        let hex =
            canary.as_str().bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(finds(&canary, format!("00{hex}00")), Some(Encoding::Hex));
        assert_eq!(finds(&canary, hex.to_uppercase()), Some(Encoding::Hex));
    }

    #[test]
    fn found_percent_encoded() {
        let canary = Canary::new();
        let percent =
            canary.as_str().bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(finds(&canary, format!("a=%20{percent}&b")), Some(Encoding::Percent));
        assert_eq!(finds(&canary, percent.to_uppercase()), Some(Encoding::Percent));
    }

    #[test]
    fn found_as_decimal_bytes() {
        let canary = Canary::new();
        let bytes = canary.as_str().as_bytes();
        for shown in
            [format!("{bytes:?}"), format!("{bytes:#?}"), format!("{bytes:?}").replace(' ', "")]
        {
            assert_eq!(finds(&canary, &shown), Some(Encoding::DecimalBytes), "{shown}");
        }
    }
}

//! Percent-encoding, which for signatures has one form only (RFC 5849, 3.6), and the reading of forms.

/// Returns a text percent-encoded.
pub(super) fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len() + text.len() / 4);
    push_encoded(&mut all, text.as_bytes());
    all
}

/// Appends bytes percent-encoded: all but the unreserved characters of RFC 3986, 2.3.
pub(super) fn push_encoded(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(byte.into());
        } else {
            text.push('%');
            text.push(DIGITS[usize::from(byte >> 4)].into());
            text.push(DIGITS[usize::from(byte & 15)].into());
        }
    }
}

/// Returns the pairs of a form or a query, decoded. They can be any bytes. A `%` without two digits stands for itself.
pub(super) fn pairs(form: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(end);
        (decoded(name), decoded(value.get(1..).unwrap_or_default()))
    })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair = (byte == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        match (byte, pair) {
            // Two digits are less than 256.
            (_, Some((high, low))) => bytes.push(u8::try_from(high << 4 | low).unwrap_or_default()),
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
        at += if pair.is_some() { 3 } else { 1 };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_unreserved_characters_are_encoded() {
        let unreserved = "ABCXYZabcxyz0189-._~";
        assert_eq!(encoded(unreserved), unreserved);
        assert_eq!(encoded(" !*'()+/=%&"), "%20%21%2A%27%28%29%2B%2F%3D%25%26");
        assert_eq!(encoded("\u{2603}\u{7f}\0"), "%E2%98%83%7F%00");
    }

    #[test]
    fn a_form_is_read_byte_for_byte() {
        let read: Vec<_> = pairs(b"a=1&&b&=c&d=x=y&e=+%2B%2b&%ff=%f&g=%zz%").collect();
        let expected: [(&[u8], &[u8]); 7] = [
            (b"a", b"1"),
            (b"b", b""),
            (b"", b"c"),
            (b"d", b"x=y"),
            (b"e", b" ++"),
            (b"\xff", b"%f"),
            (b"g", b"%zz%"),
        ];
        assert!(read.iter().map(|(name, value)| (&**name, &**value)).eq(expected), "{read:?}");
    }
}

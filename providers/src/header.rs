//! Header values that contain a secret. They are checked when they are made, and wiped when they are dropped.

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// Makes a header value that is marked sensitive. The error is the reason why the text is not allowed.
///
/// Anything except visible ASCII with spaces inside could break out of the header, or mean something else to another
/// server (RFC 9110, 5.5).
pub(crate) fn secret_value(text: Zeroizing<String>) -> Result<HeaderValue, &'static str> {
    const EXPECTED: &str = "only visible ASCII with spaces inside is allowed";
    let inside = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.is_empty() || text.trim_ascii().len() != text.len() || !text.bytes().all(inside) {
        return Err(EXPECTED);
    }
    let mut value =
        HeaderValue::from_maybe_shared(Bytes::from_owner(Apart(text))).map_err(|_| EXPECTED)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A text whose reference count shares no cache line with another's; see `authn::Striped`.
#[repr(align(128))]
struct Apart(Zeroizing<String>);

impl AsRef<[u8]> for Apart {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_with_spaces_inside_is_allowed() {
        for good in ["a", "Token token=\"a b\"", "~!"] {
            let value = secret_value(Zeroizing::new(good.to_owned())).unwrap();
            assert_eq!(value, good);
            assert!(value.is_sensitive());
        }
        for bad in ["", " ", " a", "a ", "a\r\nx: y", "a\0b", "a\tb", "ä", "a\u{7f}"] {
            assert!(secret_value(Zeroizing::new(bad.to_owned())).is_err(), "{bad:?}");
        }
    }
}

//! `seconds`: a number of seconds that a server writes as a text.

/// Returns the number of seconds that a text of digits has, with at most one point. A fraction is cut off, and a number
/// that is too large becomes the largest one. Any other text is `None`: Rust would also parse `+1`, `inf`, `nan` and `1e9`.
#[doc(hidden)]
pub fn seconds(text: &str) -> Option<u64> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    (is_number(whole) && is_number(fraction)).then(|| whole.parse().unwrap_or(u64::MAX))
}

//! Joins sets of options, at compile time.

use super::{Field, Options};
use crate::SecretString;

/// Returns the options of a set.
#[doc(hidden)]
pub const fn fields<T: Options>() -> &'static [Field] {
    T::FIELDS
}

/// Returns the number of options in all sets.
#[doc(hidden)]
pub const fn count(mut sets: &[&[Field]]) -> usize {
    let mut count = 0;
    while let [set, rest @ ..] = sets {
        count += set.len();
        sets = rest;
    }
    count
}

/// Joins sets of options.
///
/// # Panics
///
/// If two options have the same key. In a constant this is a compile error.
#[doc(hidden)]
pub const fn join<const N: usize>(mut sets: &[&[Field]]) -> [Field; N] {
    let mut all = [Field::secret::<SecretString>("", &[]); N];
    let mut next = 0;
    while let &[mut set, ref rest @ ..] = sets {
        while let [field, others @ ..] = set {
            let mut before = 0;
            while before < next {
                if is_same(all[before].key().as_bytes(), field.key().as_bytes()) {
                    let mut message = [0; MAX_MESSAGE];
                    panic!("{}", duplicate(field.key(), &mut message));
                }
                before += 1;
            }
            all[next] = *field;
            next += 1;
            set = others;
        }
        sets = rest;
    }
    all
}

pub(crate) const fn is_same(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([a, one @ ..], [b, other @ ..]) => *a == *b && is_same(one, other),
        _ => false,
    }
}

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 256;

/// Writes the message. Formatting is not available at compile time.
const fn duplicate<'a>(key: &str, message: &'a mut [u8; MAX_MESSAGE]) -> &'a str {
    let parts = ["two options have the key `", key, "`: rename one, or flatten one set less"];
    let (mut length, mut part) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut index = 0;
        while index < bytes.len() && length < MAX_MESSAGE {
            message[length] = bytes[index];
            length += 1;
            index += 1;
        }
        part += 1;
    }
    match std::str::from_utf8(message.split_at(length).0) {
        Ok(text) => text,
        Err(_) => "two options have the same key",
    }
}

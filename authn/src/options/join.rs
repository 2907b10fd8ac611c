//! Puts several sets of options together, at compile time.

use super::{Field, Options};
use crate::SecretString;

/// Returns the options of a set.
pub const fn fields<T: Options>() -> &'static [Field] {
    T::FIELDS
}

/// Returns how many options there are in all sets.
pub const fn count(sets: &[&[Field]]) -> usize {
    let (mut count, mut set) = (0, 0);
    while set < sets.len() {
        count += sets[set].len();
        set += 1;
    }
    count
}

/// Joins sets of options.
///
/// # Panics
///
/// If two options have the same key: an error of the compiler where it makes a constant.
pub const fn join<const N: usize>(sets: &[&[Field]]) -> [Field; N] {
    let mut all = [Field::secret::<SecretString>("", &[]); N];
    let (mut next, mut set) = (0, 0);
    while set < sets.len() {
        let mut index = 0;
        while index < sets[set].len() {
            let field = sets[set][index];
            let mut before = 0;
            while before < next {
                if is_same(all[before].key(), field.key()) {
                    let mut message = [0; MESSAGE];
                    panic!("{}", duplicate(field.key(), &mut message));
                }
                before += 1;
            }
            all[next] = field;
            next += 1;
            index += 1;
        }
        set += 1;
    }
    all
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// Longest message, in bytes.
const MESSAGE: usize = 256;

/// Writes the message: at compile time nothing formats.
const fn duplicate<'a>(key: &str, message: &'a mut [u8; MESSAGE]) -> &'a str {
    let parts = ["two options have the key `", key, "`: rename one, or flatten one set less"];
    let (mut length, mut part) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut index = 0;
        while index < bytes.len() && length < MESSAGE {
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

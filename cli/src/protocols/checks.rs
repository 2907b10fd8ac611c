//! What holds for whatever a tool writes, for the property tests and the fuzzer.

use std::ffi::OsString;

use super::{Address, bazel, cargo, git, input, keyring, kubernetes};
use crate::exit::Failure;

/// Longest error. A parser that repeats a part of its input would exceed it some day.
const LONGEST: usize = 200;

/// Reads an input as each helper would, and checks what is found.
///
/// # Panics
///
/// If a parser has a fault.
pub(crate) fn check_input(bytes: &[u8]) {
    let asked = check(git::Attributes::parse(bytes));
    if let Some(Some(address)) = asked.and_then(|asked| check(asked.address())) {
        check_address(&address);
    }
    check(cargo::Asked::parse(bytes));
    check(kubernetes::Asked::parse(bytes));
    check(input::object::<bazel::Asked>(bytes));
    let Ok(text) = str::from_utf8(bytes) else { return };
    for address in [Address::of_host(text), Address::of_url(text)] {
        if let Some(address) = check(address) {
            check_address(&address);
        }
    }
    let words: Vec<OsString> = text.split_whitespace().map(Into::into).collect();
    keyring::Asked::parse(&words);
}

/// An address is whole, has one host in all its forms, and no user or fragment.
fn check_address(address: &Address) {
    for uri in address.uris() {
        assert!(matches!(uri.scheme_str(), Some("http" | "https")));
        let authority = uri.authority().expect("an authority");
        assert!(!authority.as_str().contains('@'));
        assert!(!uri.to_string().contains('#'));
        assert_eq!(uri.host(), address.uris()[0].host());
    }
    let is_plain = |name: &str| !name.is_empty() && !name.contains(char::is_control);
    assert!(address.username().is_none_or(is_plain));
}

fn check<T>(parsed: Result<T, Failure>) -> Option<T> {
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(failure) => {
            assert!(failure.one_line().len() <= LONGEST, "{}", failure.one_line());
            None
        }
    }
}

//! Feeds anything to what verifies ID tokens: as a token, as its claims, and as a set of keys.

#![no_main]

use authn_providers::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::id_token(bytes));

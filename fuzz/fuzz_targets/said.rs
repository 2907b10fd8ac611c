//! Feeds anything as a secret and as what a server says of a refusal, and looks for the secret in what is shown.

#![no_main]

use authn_providers::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::said(bytes));

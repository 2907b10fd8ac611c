//! Feeds anything to the parsers of what tools write to their helpers.

#![no_main]

use authn_cli::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::helper_input(input));

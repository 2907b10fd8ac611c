//! Feeds anything to the parsers of what a command prints, in all formats.

#![no_main]

use authn_providers::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|output: &[u8]| fuzzing::exec_output(output));

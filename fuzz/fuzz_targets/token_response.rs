//! Feeds anything to the parser of an authorization server's answers, as their body.

#![no_main]

use authn_providers::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::token_response(body));

//! What the compiler says to mistakes under `#[token_provider]`, one rule a file, and what it
//! must take without a word.
//!
//! After an intended change, run with `TRYBUILD=overwrite` and read the difference.

#[test]
fn token_provider() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("macros/fail/*.rs");
    cases.pass("macros/pass/*.rs");
}

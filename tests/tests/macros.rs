//! What the compiler says to mistakes under the macros, one rule a file, and what they must take without a word.
//!
//! After an intended change, run with `TRYBUILD=overwrite` and read the difference.

/// All files are checked by one cargo: nothing among them is linked.
#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("macros/fail/*.rs");
}

#[test]
fn correct_code() {
    trybuild::TestCases::new().pass("macros/pass/*.rs");
}

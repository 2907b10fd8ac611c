//! What the compiler says to mistakes under the macros, one rule a file.
//!
//! After an intended change, run with `TRYBUILD=overwrite` and read the difference.

/// One cargo checks all files, for there are none among them that must compile.
#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}

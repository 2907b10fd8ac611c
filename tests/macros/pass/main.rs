//! What the macros must take without a word. Each file was written as a program of its own would be.

#![allow(
    dead_code,
    reason = "the options of most providers here are read by nothing but the macro"
)]

pub mod conditions;
pub mod debug;
pub mod included_docs;
pub mod no_prelude;
pub mod reading;
pub mod renamed;
pub mod schema;
pub mod shadowed_names;
pub mod shown_type;
pub mod written_by_macro;

macro_rules! tests {
    ($($case:ident)*) => {
        $(#[test]
        fn $case() {
            crate::$case::main();
        })*

        #[test]
        fn every_file_is_a_case() {
            let cases = [$(stringify!($case)),*];
            let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pass")).unwrap();
            for file in files.map(|file| file.unwrap().path()) {
                let name = file.file_stem().unwrap().to_str().unwrap();
                let is_case = file.extension().is_some_and(|extension| extension == "rs");
                assert!(!is_case || name == "main" || cases.contains(&name), "{name}");
            }
        }
    };
}

mod cases {
    tests! {
        conditions
        debug
        included_docs
        no_prelude
        reading
        renamed
        schema
        shadowed_names
        shown_type
        written_by_macro
    }
}

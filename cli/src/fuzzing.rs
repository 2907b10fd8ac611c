//! The function that the fuzzer calls; see `fuzz/README.md`. It is compiled only for fuzzing and for the tests, which replay
//! the fuzzer's corpus.

use crate::protocols::check_input;

/// Reads an input as each helper would, and checks what is found.
///
/// # Panics
///
/// If a parser has a fault.
pub fn helper_input(input: &[u8]) {
    check_input(input);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn the_corpus_of_inputs_of_helpers_panics_nowhere() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/helper_input");
        let mut replayed = 0;
        for entry in fs::read_dir(folder).unwrap() {
            super::helper_input(&fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 40, "the corpus has only {replayed} inputs");
    }
}

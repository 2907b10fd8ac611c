//! The layer of `--set key=value`.

use toml_edit::Key;
use zeroize::Zeroizing;

use super::{Layer, LayerName};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{Entries, Item, insert},
};

/// Reads the values that flags set. The last flag of a key wins.
pub(crate) fn read(flags: &[Zeroizing<String>], problems: &mut Vec<Problem>) -> Layer {
    let mut values = Entries::new();
    let mut seen = Vec::new();
    let help = "write it as `--set credentials.domain=api.example.com`";
    let bad = |message| Problem::error(ProblemCode::BadFlag, message).with_help(help);
    for flag in flags.iter().rev() {
        if !flag.contains('=') {
            // The flag may be a misplaced secret, so it is not repeated.
            problems.push(bad("a `--set` has no `=`"));
            continue;
        }
        let Some((key, path, value)) = split(flag) else {
            problems.push(bad("the key of a `--set` is not valid TOML"));
            continue;
        };
        if seen.contains(&path) {
            continue;
        }
        let provenance = Provenance::Flag { name: format!("--set {key}") };
        let is_new = insert(&mut values, &path, Item::text(value, provenance.clone())).is_ok();
        seen.push(path);
        if !is_new {
            let problem =
                Problem::error(ProblemCode::TwoValues, "another `--set` sets the same option")
                    .with_key(key)
                    .with_provenance(provenance)
                    .with_help("remove one of the two");
            problems.push(problem);
        }
    }
    Layer::new(LayerName::Flags, values, problems)
}

/// Splits a flag into its key, the parts of the key, and the value; `None` if its key is not valid TOML. A part in quotes
/// may contain dots and equals signs.
pub(crate) fn split(flag: &str) -> Option<(&str, Vec<String>, &str)> {
    flag.match_indices('=').find_map(|(at, _)| {
        let (key, value) = (flag[..at].trim(), &flag[at + 1..]);
        let path = Key::parse(key).ok()?.into_iter().map(|part| part.get().to_owned()).collect();
        Some((key, path, value))
    })
}

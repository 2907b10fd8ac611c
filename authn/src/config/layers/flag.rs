//! The layer of `--set key=value`.

use std::collections::BTreeSet;

use toml_edit::Key;
use zeroize::Zeroizing;

use super::{Layer, LayerName, layer::too_deep};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{
        Entries, Item, MAX_NESTING, insert,
        toml::{check_nesting, is_too_deep},
    },
};

/// Reads the values that flags set. The last flag of a key wins.
pub(crate) fn read(flags: &[Zeroizing<String>], problems: &mut Vec<Problem>) -> Layer {
    let mut values = Entries::new();
    let mut seen = BTreeSet::new();
    let help = "write it as `--set credentials.domain=api.example.com`";
    let bad = |message| Problem::error(ProblemCode::BadFlag, message).with_help(help);
    for flag in flags.iter().rev() {
        if !flag.contains('=') {
            // The flag may be a misplaced secret, so it is not repeated.
            problems.push(bad("a `--set` has no `=`"));
            continue;
        }
        let Some((key, path, value)) = split(flag) else {
            problems.push(match Key::parse(flag.split('=').next().unwrap_or_default()) {
                Err(error) if is_too_deep(&error) => {
                    too_deep(Provenance::Flag { name: "--set".to_owned() })
                }
                _ => bad("the key of a `--set` is not valid TOML"),
            });
            continue;
        };
        if seen.contains(&path) {
            continue;
        }
        let provenance = Provenance::Flag { name: format!("--set {key}") };
        if path.len() > MAX_NESTING || check_nesting(value, path.len()).is_err() {
            problems.push(too_deep(provenance));
            continue;
        }
        let is_new = insert(&mut values, &path, Item::text(value, provenance.clone())).is_ok();
        seen.insert(path);
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

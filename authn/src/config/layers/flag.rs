//! The layer of `--set key=value`.

use toml_edit::Key;
use zeroize::Zeroizing;

use super::{Layer, LayerName};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{Entries, Item, insert},
};

/// Reads what was set by flags; the last one of a key wins.
pub(crate) fn read(flags: &[Zeroizing<String>], problems: &mut Vec<Problem>) -> Layer {
    let mut values = Entries::new();
    let mut seen = Vec::new();
    let help = "write it as `--set credentials.domain=api.example.com`";
    let bad = |message| Problem::error(ProblemCode::BadFlag, message).with_help(help);
    for flag in flags.iter().rev() {
        if !flag.contains('=') {
            // What stands there may be a secret: it is not repeated.
            problems.push(bad("`--set` without `=`"));
            continue;
        }
        let Some((key, path, value)) = split(flag) else {
            problems.push(bad("`--set` with a key that is not valid TOML"));
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
                    .with_help("leave one of the two out");
            problems.push(problem);
        }
    }
    Layer::new(LayerName::Flags, values, problems)
}

/// Splits a flag into its key, the parts of the key and the value; `None` if it has no key of TOML. A part in quotes
/// may have dots and equals signs.
pub(crate) fn split(flag: &str) -> Option<(&str, Vec<String>, &str)> {
    flag.match_indices('=').find_map(|(at, _)| {
        let (key, value) = (flag[..at].trim(), &flag[at + 1..]);
        let path = Key::parse(key).ok()?.into_iter().map(|part| part.get().to_owned()).collect();
        Some((key, path, value))
    })
}

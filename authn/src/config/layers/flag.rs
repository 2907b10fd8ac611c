//! The layer of `--set key=value`.

use zeroize::Zeroizing;

use super::Layer;
use crate::{
    diagnostic::{Problem, Provenance},
    options::{Entries, Item, insert},
};

/// Reads what was set by flags; the last one of a key wins.
pub(crate) fn read(flags: &[Zeroizing<String>], problems: &mut Vec<Problem>) -> Layer {
    let mut values = Entries::new();
    let mut seen = Vec::new();
    let help = "write it as `--set credentials.domain=api.example.com`";
    let bad = |message| Problem::error("bad-flag", message).with_help(help);
    for flag in flags.iter().rev() {
        let Some((key, value)) = flag.split_once('=') else {
            // What stands there may be a secret: it is not repeated.
            problems.push(bad("`--set` without `=`"));
            continue;
        };
        let key = key.trim();
        let path: Vec<&str> = key.split('.').map(|part| part.trim_matches('"')).collect();
        if path.iter().any(|part| part.is_empty()) {
            problems.push(bad("`--set` with a key that has an empty part"));
            continue;
        }
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let origin = Provenance::Flag { name: format!("--set {key}") };
        if insert(&mut values, &path, Item::text(value, origin.clone())).is_err() {
            let problem = Problem::error("two-values", "another `--set` sets the same option")
                .with_key(key)
                .with_origin(origin)
                .with_help("leave one of the two out");
            problems.push(problem);
        }
    }
    Layer::new("flags", values, problems)
}

//! Suggestions for mistyped names.

/// Returns the candidate whose spelling is nearest to a mistyped name; `None` if no spelling is similar.
///
/// ```
/// assert_eq!(authn::diagnostic::nearest("oath", ["basic", "oauth"].into_iter()), Some("oauth"));
/// ```
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const CLOSE_ENOUGH: f64 = 0.8;
    /// A longer name in bytes is no mistyped one.
    const LONGEST: usize = 128;
    if name.len() > LONGEST {
        return None;
    }
    // `rs256` is a mistyped `RS256`, although half of it differs.
    let name = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > CLOSE_ENOUGH)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

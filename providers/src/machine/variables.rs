//! What a platform says in variables. An error names a variable, and never has its value.

use authn::Error;
#[cfg(any(feature = "azure_managed_identity", feature = "github_actions"))]
use authn::{Context, Result};

/// Returns the error of variables that are not set here, so that this is another machine.
#[cfg(any(feature = "github_actions", feature = "gitlab", feature = "spiffe"))]
pub(crate) fn unset(names: &[&str], help: String) -> Error {
    let (noun, verb) = if names.len() == 1 { ("variable", "is") } else { ("variables", "are") };
    let names = names.join(" and ");
    Error::not_applicable(format!("the environment {noun} {names} {verb} not set")).with_help(help)
}

/// Returns two variables that a platform sets together; `None` if neither is set.
#[cfg(any(feature = "azure_managed_identity", feature = "github_actions"))]
pub(crate) fn both<'a>(
    context: &'a Context,
    names: [&str; 2],
) -> Result<Option<(&'a str, &'a str)>> {
    let is_missing = |set: &str, missing: &str| {
        let message = format!("the environment variable {set} is set, but {missing} is not");
        Error::configuration(message)
            .with_help("pass both of them on to this program, as the platform has set them")
    };
    match names.map(|name| context.variable(name)) {
        [Some(one), Some(other)] => Ok(Some((one, other))),
        [None, None] => Ok(None),
        [Some(_), None] => Err(is_missing(names[0], names[1])),
        [None, Some(_)] => Err(is_missing(names[1], names[0])),
    }
}

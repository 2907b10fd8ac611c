//! The name `keyring`, by which uv and pip call this program. It passes calls for other hosts to the next `keyring` on PATH.

use super::super::{context::Context, links, record::Link};
use crate::exit::Failure;

/// Returns the link, if uv and pip would find it.
pub(super) fn link(context: &Context<'_>, tool: &str) -> Result<Link, Failure> {
    context.check_no_flags(tool)?;
    let link = links::link(&context.program, "keyring")?;
    link.is_there()?;
    link.check_is_first()?;
    Ok(link)
}

/// The index for a tool that asks only if it knows a user.
pub(super) const USER: &str =
    "an index with a user in its address, such as `https://oauth2@host/simple`";

//! The server that a command is asked about, for formats whose command answers for many.

use authn::{Context, Error, Result, Url};

/// Returns the server: the configured one, or else the first origin of the credentials.
pub(super) fn server(configured: Option<&Url>, context: &Context) -> Result<Url> {
    if let Some(url) = configured {
        return Ok(url.clone());
    }
    let mut origins = context.origins().iter().filter(|origin| !origin.contains('*'));
    origins.find_map(|origin| Url::parse(&origin).ok()).ok_or_else(|| {
        Error::configuration("the command has to be asked about a server, but none is set")
            .with_help("set `url`, or bind the credentials to an origin")
    })
}

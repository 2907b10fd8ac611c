//! The extensions of a request of reqwest, which only a conversion into a request of `http` shows.

use std::{borrow::Cow, mem};

use ::reqwest::{Body, Request as HttpRequest, Url};

use super::Result;
use crate::{Credentials, integrations::choice::chosen};

/// In place of a URL that a request of `http` may not hold. It is restored with its fragment.
const ANY: &str = "http://localhost/";

/// Returns the request and its credentials.
pub(super) fn taken(
    mut request: HttpRequest,
    own: &Credentials,
) -> Result<(HttpRequest, Option<Credentials>)> {
    let Ok(any) = Url::parse(ANY) else { return Ok((request, Some(own.clone()))) };
    let url = mem::replace(request.url_mut(), any);
    // The conversion makes an empty body of none.
    let body = request.body_mut().take();
    let mut request = http::Request::<Body>::try_from(request)?;
    let credentials = chosen(request.extensions_mut(), own).map(Cow::into_owned);
    let mut request = HttpRequest::try_from(request)?;
    *request.url_mut() = url;
    *request.body_mut() = body;
    Ok((request, credentials))
}

//! Names and values of headers that a provider sets, as text or ready.

use http::{HeaderName, HeaderValue};

use crate::{Error, Result};

pub(super) fn name(name: impl TryInto<HeaderName>) -> Result<HeaderName> {
    name.try_into().map_err(|_| {
        Error::internal("a provider sets a header whose name can't be sent")
            .with_help("use letters, digits and hyphens")
    })
}

/// Returns a value, marked as sensitive.
pub(super) fn value(name: &HeaderName, value: impl TryInto<HeaderValue>) -> Result<HeaderValue> {
    let mut value: HeaderValue = value.try_into().map_err(|_| {
        Error::configuration(format!("the value of the header `{name}` can't be sent"))
            .with_help("use visible ASCII and spaces")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

//! Random texts that can't be guessed.

use authn::{Error, Result};
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Returns this many random bytes in base64url (RFC 4648, 5), which no protocol has to escape.
pub(crate) fn random<const BYTES: usize>() -> Result<Zeroizing<String>> {
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(random_bytes::<BYTES>()?.as_slice())))
}

/// Returns this many random bytes.
pub(crate) fn random_bytes<const BYTES: usize>() -> Result<Zeroizing<[u8; BYTES]>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    rand::fill(&mut *bytes).map_err(|_| {
        Error::internal("this system provides no random numbers")
            .with_help("check the system's entropy source")
    })?;
    Ok(bytes)
}

//! The client's own credentials (RFC 6749, 4.4): no user, no refresh token.

use super::Members;

pub(super) fn members() -> Members {
    Members::of("client_credentials")
}

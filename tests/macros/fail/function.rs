//! A function is no provider.

/// Mints tokens.
#[authn::token_provider("corp_sts")]
fn corp_sts() {}

fn main() {}

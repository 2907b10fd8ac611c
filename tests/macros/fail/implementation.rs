//! The attribute goes on the struct, not on its implementation.

struct CorpSts;

#[authn::token_provider("corp_sts")]
impl CorpSts {}

fn main() {}

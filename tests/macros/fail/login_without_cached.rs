/// Logs users in.
#[authn::token_provider("corp_code", login)]
pub struct CorpCode {}

fn main() {}

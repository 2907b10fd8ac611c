//! A program with two providers of one name: the crate `corp_sts` has one, and this crate another.
//!
//! The test in `tests/tests/in_house.rs` reads what it says.

use std::process::ExitCode;

use authn::{Context, Error, Result, Token, TokenProvider};
use corp_sts as _;

/// Has the name of another crate's provider.
#[authn::token_provider("corp_sts")]
struct Impostor {}

impl TokenProvider for Impostor {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }
}

fn main() -> ExitCode {
    authn_cli::main()
}

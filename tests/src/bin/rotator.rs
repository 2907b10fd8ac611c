//! A process of a fleet that shares one session: gets a token, has it refused, and gets the next.
//!
//! `rotator CONFIGURATION COUNT` says `asking` before each token and `got SECRET` after it; the secrets are
//! the rig's and worth nothing. With `keep` behind that no token is refused, and each waits for a line.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use authn::{Loader, Token, blocking::Credentials};
use authn_providers as _;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The test shows it; a failed write would change nothing.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: rotator CONFIGURATION COUNT";
    let file = arguments.next().ok_or(usage)?;
    let count: usize = arguments.next().ok_or(usage)?.parse()?;
    let keep = arguments.next().is_some_and(|word| word == "keep");
    let load = || Loader::new().file(&file).short_lived().load().map(Credentials::from);
    let mut credentials = load()?;
    let mut output = io::stdout().lock();
    let mut last: Option<Token> = None;
    for _ in 0..count {
        if keep {
            io::stdin().read_line(&mut String::new())?;
        }
        writeln!(output, "asking")?;
        output.flush()?;
        let mut token = credentials.token()?;
        if last.as_ref().is_some_and(|last| last.secret() == token.secret()) {
            credentials.invalidate(&token);
            token = credentials.token()?;
        }
        writeln!(output, "got {}", token.secret())?;
        output.flush()?;
        if !keep {
            // Refusals of one program's tokens are held back, so that each token is refused in another program.
            credentials = load()?;
            last = Some(token);
        }
    }
    Ok(())
}

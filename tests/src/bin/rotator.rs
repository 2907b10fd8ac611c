//! A process of a fleet that shares one session: gets a token, has it refused, and gets the next.
//!
//! `rotator CONFIGURATION COUNT` says `asking` before each token and `got SECRET` after it; the secrets are
//! the rig's and worth nothing. With `keep` behind that no token is refused, and each waits for a line.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use authn::{Loader, blocking::Credentials};
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
    let credentials = Credentials::from(Loader::new().file(file).short_lived().load()?);
    let mut output = io::stdout().lock();
    for _ in 0..count {
        if keep {
            io::stdin().read_line(&mut String::new())?;
        }
        writeln!(output, "asking")?;
        output.flush()?;
        let token = credentials.token()?;
        writeln!(output, "got {}", token.secret())?;
        output.flush()?;
        if !keep {
            credentials.invalidate(&token);
        }
    }
    Ok(())
}

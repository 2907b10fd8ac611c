//! The command line of authn with an in-house provider: all commands of `authn`, and the provider `corp_sts`.

use std::process::ExitCode;

// Names the crate once, so that the linker keeps its provider.
use corp_sts as _;

fn main() -> ExitCode {
    authn_cli::main()
}

//! The command line of authn with the providers of this house: everything that `authn` can do, and
//! `corp_sts` among its providers.

use std::process::ExitCode;

// Names the crate once, so that the linker keeps its provider.
use corp_sts as _;

fn main() -> ExitCode {
    authn_cli::main()
}

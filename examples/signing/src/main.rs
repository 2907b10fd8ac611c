//! The command line of authn with the provider `signed`:
//! `signing header --data @order.json | curl -H @- --data @order.json https://…`

use std::process::ExitCode;

// Names the crate once, so that the linker keeps its provider.
use signing as _;

fn main() -> ExitCode {
    authn_cli::main()
}

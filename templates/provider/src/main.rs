//! The command line `{{program}}`: all commands of `authn`, and the provider `{{provider}}`.

use std::process::ExitCode;

use authn_cli::Cli;

// Names the crate once, so that the linker keeps its provider.
use {{crate_name}} as _;

fn main() -> ExitCode {
    let cli = Cli::new().app("{{program}}");
    cli.version(env!("CARGO_PKG_VERSION")).run()
}

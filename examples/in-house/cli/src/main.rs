//! The command line of a company: all commands of `authn`, the provider `corp_sts`, the store `audited`, the company's
//! defaults, and the command `whoami`.
//!
//! ```text
//! corp-cli --set credentials.corp_sts.key.file=/run/secrets/machine-key whoami
//! ```

mod audited;
mod whoami;

use std::process::ExitCode;

use audited::Audited;
use authn_cli::Cli;
// Names the crate once, so that the linker keeps its provider.
use corp_sts as _;

const DEFAULTS: &str = r#"
[credentials]
domain = "api.corp.example"

[credentials.corp_sts]
url = "https://sts.corp.example/token"
store = "audited"
"#;

fn main() -> ExitCode {
    let mut cli = Cli::new()
        .app("corp")
        .name("corp-cli")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Work with the services of the company")
        .defaults(DEFAULTS)
        .command(whoami::definition(), whoami::run);
    // Without a home there is no place for sessions, and a configuration that chooses the store is an error.
    if let Some(store) = Audited::of_user() {
        cli = cli.store("audited", store);
    }
    cli.run()
}

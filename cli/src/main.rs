//! The program `authn`; everything it does is in the library.

fn main() -> std::process::ExitCode {
    authn_cli::main()
}

//! The program `authn`, which calls the library.

fn main() -> std::process::ExitCode {
    authn_cli::main()
}

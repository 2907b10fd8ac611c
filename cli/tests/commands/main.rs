//! The program as a user runs it: its output, its exit codes, and no influence of this machine's environment.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod check;
mod completions;
mod doctor;
#[cfg(unix)]
mod edit;
mod embedding;
mod encryption;
mod exchange;
mod exec;
mod explain;
mod header;
mod init;
#[cfg(unix)]
mod interrupt;
mod json_errors;
mod limits;
mod login;
mod logout;
mod logs;
mod man;
mod options;
mod path;
mod protocols;
mod providers;
#[cfg(target_os = "linux")]
mod pty;
mod round_trip;
mod sandbox;
#[cfg(target_os = "linux")]
mod secret_prompt;
mod secrets;
mod server;
mod set;
#[cfg(unix)]
mod setup;
mod show;
mod status;
mod stores;
mod streams;
mod token;
mod trust;
mod withheld;

//! `login` at a terminal, as a user sees it: links, codes, questions, the time left, and how it ends.
//!
//! - [`screens`]: what is shown, as files in `tests/snapshots`, which stand in the documentation
//! - [`ends`]: how it ends: interrupts, other logins, without a terminal, and the state of the terminal
//! - [`servers`]: all ways at a real server

#![cfg(unix)]

mod ends;
mod scene;
mod screens;
mod servers;

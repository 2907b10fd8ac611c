//! Servers that other tools talk to, on loopback, and the tools of this machine.
//!
//! A [`Server`](server::Server) notes every request. What it answers is a [`Site`](server::Site), one a file here: a
//! repository of git, a registry of cargo. Each demands one credential, its [`Access`](access::Access).

pub mod access;
pub mod aws;
pub mod cargo;
pub mod container;
mod digest;
pub mod git;
pub mod google;
pub mod kubernetes;
pub mod program;
pub mod python;
pub mod server;
pub mod terraform;
pub mod traces;

//! Other tools, as they are, with authn's tokens: each is set up as the guide `docs/tools.md` says, and then used with a
//! real server.
//!
//! A tool that this machine doesn't have is skipped with a message. What it would send and receive is in `exchanges`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod agents;
mod any_program;
mod aws;
mod bazel;
mod cargo;
mod docker;
mod exchanges;
mod gcloud;
mod git;
mod guide;
mod kubectl;
mod pip;
mod podman;
mod python_user;
mod scene;
mod setup;
mod terraform;
mod together;
mod uv;
mod warm;

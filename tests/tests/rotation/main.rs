//! Many processes share one session at a server that takes each refresh token once and revokes the whole
//! family if one comes twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod attacked;
mod encrypted;
mod killed;
mod scene;

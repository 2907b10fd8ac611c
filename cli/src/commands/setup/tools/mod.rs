//! The tools, one a file: what each needs in its files.

mod aws;
mod bazel;
mod cargo;
mod claude;
mod codex;
mod docker;
mod gcloud;
mod git;
mod keyring;
mod kubectl;
mod pip;
mod podman;
mod terraform;
mod uv;

use super::{context::Context, plan::Plan};
use crate::exit::Failure;

/// A tool that can call this program.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// What it uses, for the list.
    pub(super) about: &'static str,
    /// Whether its credentials must be bound to a host.
    pub(super) needs_origins: bool,
    pub(super) plan: fn(&Context<'_>) -> Result<Plan, Failure>,
}

/// The tools, in the order of the list.
pub(super) const ALL: &[Tool] = &[
    git::TOOL,
    kubectl::TOOL,
    cargo::TOOL,
    docker::TOOL,
    podman::TOOL,
    uv::TOOL,
    pip::TOOL,
    terraform::TOOL,
    bazel::TOOL,
    aws::TOOL,
    gcloud::TOOL,
    codex::TOOL,
    claude::TOOL,
];

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Returns the parts of a path in a file.
fn path<const N: usize>(parts: [&str; N]) -> Vec<String> {
    parts.map(str::to_owned).to_vec()
}

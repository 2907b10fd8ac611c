//! podman, buildah and skopeo: a credential helper for each registry.

use super::{
    super::{
        context::{Context, variable},
        plan::Plan,
    },
    Tool, docker,
};
use crate::exit::Failure;

pub(super) const TOOL: Tool = Tool {
    name: "podman",
    about: "credHelpers in auth.json, also of buildah and skopeo",
    needs_origins: true,
    plan,
};

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    // Not the file of `podman login`, which the next start of the system removes.
    let file = variable("REGISTRY_AUTH_FILE");
    let file = file.unwrap_or_else(|| context.config_folder().join("containers/auth.json"));
    docker::helpers(context, "podman", &file)
}

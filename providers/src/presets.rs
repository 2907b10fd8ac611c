//! The presets of services: data in `providers/presets`, a file each.

/// Registers the files of these names.
macro_rules! register {
    ($($name:literal),* $(,)?) => {
        $(authn::preset!($name, include_str!(concat!("../presets/", $name, ".toml")));)*
    };
}

register!(
    "anthropic",
    "auth0",
    "bitbucket",
    "bitfount",
    "gitea",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "linkedin",
    "microsoft",
    "okta",
    "openrouter",
    "slack",
);

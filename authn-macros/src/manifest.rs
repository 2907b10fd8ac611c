//! The name of `authn` in the manifest of the crate under the macro.
//!
//! Without `crate = path`, generated code names `::authn`. If the manifest renames it, the compiler says only that
//! there is no such crate.

use std::path::Path;
use std::{env, fs};

/// Returns the name under which the manifest has `authn`, if that is another one.
pub(crate) fn other_name() -> Option<String> {
    let folder = env::var_os("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&folder);
    let own = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let mut above = folder.ancestors().skip(1).filter_map(|folder| {
        let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        text.contains("[workspace").then_some(text)
    });
    renamed(&own, above.next().as_deref())
}

/// Returns the other name of `authn` in a manifest: in a table of dependencies, or through that of the workspace. A
/// manifest that has `authn` under its own name, too, has none.
fn renamed(own: &str, workspace: Option<&str>) -> Option<String> {
    let own: Vec<Dependency> = dependencies(own);
    if own.iter().any(|dependency| dependency.name == "authn") {
        return None;
    }
    let is_authn = |dependency: &&Dependency| dependency.is_authn;
    let inherited = workspace.map(dependencies).unwrap_or_default();
    let inherited = inherited.iter().filter(is_authn).find(|one| {
        own.iter().any(|dependency| dependency.is_inherited && dependency.name == one.name)
    });
    let found = own.iter().find(is_authn).or(inherited)?;
    Some(found.name.replace('-', "_"))
}

struct Dependency {
    name: String,
    /// Whether its package is `authn`, under another name.
    is_authn: bool,
    /// Whether it is that of the workspace.
    is_inherited: bool,
}

/// Returns the dependencies of a manifest. It reads lines, as people write them: a dependency is on a line of its own, or
/// a table of its own.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = Vec::new();
    let (mut is_list, mut is_one) = (false, false);
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.split(']').next().unwrap_or_default();
            is_list = table.ends_with("dependencies");
            let name = table.rsplit_once("dependencies.").map(|(_, name)| name.trim_matches('"'));
            is_one = name.is_some();
            let new = |name: &str| Dependency {
                name: name.to_owned(),
                is_authn: false,
                is_inherited: false,
            };
            all.extend(name.map(new));
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| is_list || is_one) else {
            continue;
        };
        let value: String = value.chars().filter(|one| !one.is_whitespace()).collect();
        let (mut parts, whole) = (key.trim().split('.'), format!("{}={value}", key.trim()));
        let is_authn = whole.contains("package=\"authn\"");
        let is_inherited = whole.contains("workspace=true");
        if let Some(last) = all.last_mut().filter(|_| is_one) {
            last.is_authn |= is_authn;
            last.is_inherited |= is_inherited;
        } else {
            let name = parts.next().unwrap_or_default().trim_matches('"').to_owned();
            all.push(Dependency { name, is_authn, is_inherited });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_of_authn_is_found() {
        let root = "[workspace.dependencies]\nkelvin = { package = \"authn\", version = \"1\" }\n";
        for (own, expected) in [
            ("[dependencies]\nauthn = \"1\"", None),
            ("[dependencies]\nauthn.workspace = true", None),
            ("[dependencies.authn]\nversion = \"1\"", None),
            ("[dependencies]\nserde = \"1\"", None),
            ("[package]\nname = \"authn\"", None),
            ("[dependencies]\nkelvin = { version = \"1\", package = \"authn\" }", Some("kelvin")),
            ("[dependencies]\nkelvin-auth={package=\"authn\",version=\"1\"}", Some("kelvin_auth")),
            ("[dependencies.kelvin]\nversion = \"1\"\npackage = \"authn\"", Some("kelvin")),
            ("[target.'cfg(unix)'.dependencies]\nkelvin = { package = \"authn\" }", Some("kelvin")),
            ("[dependencies]\nkelvin.workspace = true", Some("kelvin")),
            ("[dependencies]\nkelvin = { workspace = true, features = [] }", Some("kelvin")),
            ("[dependencies.kelvin]\nworkspace = true", Some("kelvin")),
            ("[dependencies]\nkelvin = \"1\"", None),
            (
                "[dependencies]\nauthn = \"1\"\n[dev-dependencies]\nold = { package = \"authn\" }",
                None,
            ),
            ("[package.metadata]\nkelvin = { package = \"authn\" }", None),
        ] {
            assert_eq!(renamed(own, Some(root)).as_deref(), expected, "{own}");
        }
    }
}

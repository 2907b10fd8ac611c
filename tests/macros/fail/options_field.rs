//! The fields of a set of options follow the rules for those of a provider.

#[derive(authn::Options)]
struct Role {
    name: String,
    /// Key.
    pub _key: authn::SecretString,
    /// Region.
    #[default]
    region: String,
    /// Regions.
    #[default(vec![])]
    #[default(vec![])]
    regions: Vec<String>,
    /// Not in snake case.
    Mode: u8,
    /// Key.
    key: String,
    /// One value.
    #[shorthand]
    one: String,
    /// Another value.
    #[shorthand]
    other: String,
}

fn main() {}

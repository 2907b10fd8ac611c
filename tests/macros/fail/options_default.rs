//! With `default`, each option has one.

#[derive(authn::Options)]
#[options(default)]
struct Role {
    /// Name.
    url: authn::Url,
}

fn main() {}

//! A set of options has a `Debug` that keeps secrets, and no other.

#[derive(Debug, authn::Options)]
struct Role {
    /// Key.
    _key: authn::SecretString,
}

fn main() {}

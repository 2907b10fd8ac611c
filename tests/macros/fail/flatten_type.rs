//! A flattened field is a set of options.

#[derive(authn::Options)]
struct Server {
    /// Tries.
    tries: Option<u8>,
}

#[derive(authn::Options)]
struct Role {
    #[flatten]
    name: String,
}

fn main() {}

//! Sets in one table have no key in common.

#[derive(authn::Options)]
struct Server {
    /// Address.
    url: Option<authn::Url>,
    /// Tries.
    tries: Option<u8>,
}

#[derive(authn::Options)]
struct Own {
    /// Tries.
    tries: Option<u8>,
    #[flatten]
    server: Server,
}

#[derive(authn::Options)]
struct Twice {
    #[flatten]
    one: Server,
    #[flatten]
    other: Server,
}

fn main() {}

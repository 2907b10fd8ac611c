//! A store implements `TokenStore`.

/// Keeps sessions.
#[authn::token_store("cellar")]
struct Cellar {
    /// Shelf.
    shelf: String,
}

fn main() {}

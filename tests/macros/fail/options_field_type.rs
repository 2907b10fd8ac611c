//! The types of a set's fields follow the rules for those of a provider.

struct Unreadable;

struct Undefaulted;

#[derive(authn::Options)]
struct Role {
    /// Name.
    name: Unreadable,
    /// Key.
    _key: String,
    /// The provider.
    #[provider]
    subject: u8,
    __undefaulted: Undefaulted,
}

fn main() {}

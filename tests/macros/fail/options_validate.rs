//! `validate` names a function of the options and the problems.

#[derive(authn::Options)]
#[options(validate = Self::check)]
struct Role {
    /// Name.
    name: String,
}

impl Role {
    fn check(&self) -> bool {
        self.name.is_empty()
    }
}

#[derive(authn::Options)]
#[options(validate = Self::check)]
struct Server {
    /// Name.
    name: String,
}

fn main() {}

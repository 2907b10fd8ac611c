//! Options are a struct with named fields and without parameters.

#[derive(authn::Options)]
enum Enum {
    One,
}

#[derive(authn::Options)]
union Union {
    one: u8,
}

#[derive(authn::Options)]
struct Tuple(u8);

#[derive(authn::Options)]
struct Lifetime<'a> {
    /// Name.
    name: &'a str,
}

#[derive(authn::Options)]
struct Type<T> {
    /// Name.
    name: T,
}

#[derive(authn::Options)]
struct Clause
where
    u8: Copy,
{
    /// Name.
    name: u8,
}

fn main() {}

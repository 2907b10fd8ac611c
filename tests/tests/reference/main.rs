//! The references of the configuration: the JSON Schema of a whole file, `authn options`, the man page and
//! `docs/configuration.md` are made from the same structs, and say the same.

mod pages;
mod schema;

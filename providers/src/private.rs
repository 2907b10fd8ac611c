//! What the macros of this crate name. Not part of the public interface.

pub use authn::{Location, private::inventory};

pub use crate::named::Named;

/// Registers an implementation of a trait under a name. Each trait has a public macro that calls this one.
#[doc(hidden)]
#[macro_export]
macro_rules! named {
    ($of:path, $name:expr, $value:expr) => {
        const _: () = {
            const VALUE: &'static dyn $of = &$value;
            $crate::private::inventory::submit! {
                $crate::private::Named::<dyn $of>::new(
                    $name,
                    VALUE,
                    $crate::private::Location {
                        package: ::std::env!("CARGO_PKG_NAME"),
                        module: ::std::module_path!(),
                        file: ::std::file!(),
                        line: ::std::line!(),
                        column: ::std::column!(),
                    },
                )
            }
        };
    };
}

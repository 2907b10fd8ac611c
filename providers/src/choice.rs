//! `choice!`: an enum whose values have names, each written once.

/// Defines an enum that is deserialized from the names of its values.
macro_rules! choice {
    (
        $(#[$about:meta])*
        $visibility:vis enum $choice:ident {
            $($(#[$about_value:meta])* $value:ident = $name:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
        $visibility enum $choice {
            $($(#[$about_value])* #[serde(rename = $name)] $value,)*
        }

        #[allow(dead_code, reason = "not every choice is also looked up or listed")]
        impl $choice {
            /// All values.
            pub(crate) const ALL: &[Self] = &[$(Self::$value),*];

            /// Returns the name of the value.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }

            /// Returns the value with a name. Names are case-sensitive.
            pub(crate) fn by_name(name: &str) -> Option<Self> {
                use serde::de::value::{Error, StrDeserializer};
                serde::Deserialize::deserialize(StrDeserializer::<Error>::new(name)).ok()
            }
        }
    };
}

pub(crate) use choice;

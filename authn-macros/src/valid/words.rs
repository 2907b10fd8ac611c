//! `Words`: the differences between the macros in their rules and messages.

use syn::Ident;

use super::name;
use crate::model::Macro;

/// The words of one macro.
pub(crate) struct Words {
    /// The attribute or derive as its user writes it.
    pub(crate) attribute: &'static str,
    /// The noun for the struct under the macro.
    pub(super) noun: &'static str,
    /// The flags among its arguments.
    flags: &'static [&'static str],
    /// All its arguments.
    pub(super) arguments: &'static str,
    /// The names that are not free, and the reason.
    pub(super) reserved: (&'static [&'static str], &'static str),
    /// The reason why generic parameters are refused.
    pub(super) one_type: &'static str,
}

const PROVIDER: Words = Words {
    attribute: "#[token_provider]",
    noun: "provider",
    flags: &["cached", "login", "kept", "own_placement"],
    arguments: "the name, `cached`, `login`, `kept`, `own_placement`, and with a value `placement`, `header`, \
                `header_prefix`, `query_parameter`, `refusing` and `crate`",
    reserved: (&name::RESERVED, "a key of `[credentials]` itself"),
    one_type: "a provider is one type, which the configuration names",
};

const STORE: Words = Words {
    attribute: "#[token_store]",
    noun: "store",
    flags: &["secrets"],
    arguments: "the name, `secrets`, `validate = path` and `crate = path`",
    reserved: (&name::RESERVED_STORES, "a store or a kind of reference of the framework"),
    one_type: "a store is one type, which the configuration names",
};

const OPTIONS: Words = Words {
    attribute: "#[derive(Options)]",
    noun: "set of options",
    flags: &["default"],
    arguments: "`validate = path`, `default` and `crate = path`",
    reserved: (&[], ""),
    one_type: "the options of a table are one type",
};

impl Macro {
    /// Returns its words.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::Provider => &PROVIDER,
            Self::Store => &STORE,
            Self::Options => &OPTIONS,
        }
    }

    /// Returns whether its first argument is a name.
    pub(super) fn has_name(self) -> bool {
        self != Self::Options
    }

    /// Returns whether a word is one of its flags.
    pub(super) fn has_flag(self, word: &Ident) -> bool {
        self.words().flags.iter().any(|flag| word == flag)
    }
}

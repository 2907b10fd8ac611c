//! `ProblemCode`: the kinds of problems.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kind of a [`Problem`](super::Problem). Its text is stable across versions.
        ///
        /// ```
        /// use authn::diagnostic::ProblemCode;
        ///
        /// assert_eq!(ProblemCode::UnknownKey.to_string(), "unknown-key");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)*
        }

        impl ProblemCode {
            /// Returns the code as it is printed.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The application's name can't be a folder's.
    AppName = "app-name",
    /// A `--set` can't be read.
    BadFlag = "bad-flag",
    /// The value of a secret is neither a text nor a reference to a secret.
    BadReference = "bad-reference",
    /// A cache would keep the token of a single request.
    CachedPerRequest = "cached-per-request",
    /// Two linked presets have the same name.
    DuplicatePreset = "duplicate-preset",
    /// Two linked providers have the same name.
    DuplicateProvider = "duplicate-provider",
    /// Two linked stores have the same name.
    DuplicateStore = "duplicate-store",
    /// A table of authn is to be ignored.
    IgnoredTable = "ignored-table",
    /// The options of a table can't be combined.
    Invalid = "invalid",
    /// A value has the right type, but can't be used.
    InvalidValue = "invalid-value",
    /// A layer that the program adds can't be read.
    Layer = "layer",
    /// A secret is given in a flag of the command line.
    LiteralSecret = "literal-secret",
    /// A required option is not set.
    MissingKey = "missing-key",
    /// No credentials are configured.
    NoCredentials = "no-credentials",
    /// The credentials are bound to no origin.
    NoOrigins = "no-origins",
    /// No provider is chosen.
    NoProvider = "no-provider",
    /// The store that is chosen can't be used here.
    NoStore = "no-store",
    /// A file that is named does not exist.
    NoSuchFile = "no-such-file",
    /// A configuration file is not a regular file.
    NotAFile = "not-a-file",
    /// A store has documents that are not encrypted with its current key.
    NotEncrypted = "not-encrypted",
    /// An option has the placeholder of a new configuration in place of a value.
    NotFilledIn = "not-filled-in",
    /// A file or variable is not UTF-8.
    NotUtf8 = "not-utf-8",
    /// More or fewer providers are given than the one that is expected.
    OneProvider = "one-provider",
    /// A path is relative, but there is no folder that it could be relative to.
    RelativePath = "relative-path",
    /// A store can't be used as it is.
    Store = "store",
    /// A store contains a file that is no session, or was set aside because it is none.
    StoreLeftover = "store-leftover",
    /// A file is not TOML.
    Syntax = "syntax",
    /// Values or providers are nested too deeply.
    TooDeep = "too-deep",
    /// A file is too large.
    TooLarge = "too-large",
    /// The record of trust in a project's file is ignored.
    TrustRecord = "trust-record",
    /// One layer sets two providers.
    TwoProviders = "two-providers",
    /// One layer sets an option twice.
    TwoValues = "two-values",
    /// No option has this key.
    UnknownKey = "unknown-key",
    /// No preset has this name.
    UnknownPreset = "unknown-preset",
    /// No layer defines this profile.
    UnknownProfile = "unknown-profile",
    /// No provider of this name is linked.
    UnknownProvider = "unknown-provider",
    /// No store of this name is linked or added.
    UnknownStore = "unknown-store",
    /// An environment variable sets no option.
    UnknownVariable = "unknown-variable",
    /// A file can't be read.
    Unreadable = "unreadable",
    /// The target of a reference to a secret can't be read.
    UnresolvedReference = "unresolved-reference",
    /// Another user can change a configuration file.
    UnsafeFile = "unsafe-file",
    /// A project's file that is not trusted chooses a profile that no other source defines.
    UntrustedProfile = "untrusted-profile",
    /// A project's file is not trusted, so it may only choose a profile.
    UntrustedProject = "untrusted-project",
    /// A value is of another type than its option.
    WrongType = "wrong-type",
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! The form of a name, and the names that the framework uses itself.

/// The other keys of `[credentials]`, besides the providers.
pub(crate) const RESERVED: [&str; 5] = ["domain", "scheme", "origins", "provider", "profile"];

/// The stores and the kinds of references of the framework.
pub(crate) const RESERVED_STORES: [&str; 4] = ["memory", "file", "env", "command"];

/// The options that the framework adds to the table of a cached provider, with what they are in its builder.
pub(crate) const CACHE_OPTIONS: [(&str, &str); 7] = [
    (
        "expiry_threshold",
        "How long before the end of use a refresh may start. Unset, it is 10 to 20 % of the lifetime, chosen at random.",
    ),
    (
        "clock_skew",
        "How long before its expiry a token is no longer used. Unset, it is 10 seconds or a tenth of the lifetime, the smaller.",
    ),
    ("expires_in_fallback", "Lifetime of a token if the server does not name one, or names 0."),
    ("minimal_refresh_period", "Shortest time between two refreshes while the token is valid."),
    (
        "store",
        "Store of the tokens: `memory`, which is the default in code, `file`, or the name of another store.",
    ),
    (
        "expected_username",
        "User that the tokens must belong to. Tokens are refused unless the server names this user.",
    ),
    ("username_claim", "Claim with the user's name."),
];

/// The options that the framework adds to the table of a provider with `kept`.
pub(crate) const KEPT_OPTIONS: [(&str, &str); 1] = [(
    "store",
    "Store of what the provider keeps: `memory`, which is the default in code, `file`, or the name of another store.",
)];

/// The options that the framework adds to the table of each provider.
pub(crate) const EVERY_OPTIONS: [(&str, &str); 2] = [
    ("override", "Whether the credential replaces one that the caller has set."),
    (
        "preset",
        "Preset of a service, for the options that are not set. Only presets of linked crates can be used in code.",
    ),
];

/// The options that the framework adds to the table of each provider without `own_placement`.
pub(crate) const PLACEMENT_OPTIONS: [(&str, &str); 4] = [
    ("placement", "Place of the token on a request: `header`, `query` or `body`."),
    ("header", "Header of the token. The default is `authorization`."),
    ("header_prefix", "Text before the token in its header. The default is `Bearer`."),
    ("query_parameter", "Parameter of the query or the form. The default is `access_token`."),
];

/// The methods of a provider's builder besides those of the options.
pub(crate) const BUILDER_METHODS: [&str; 2] = ["build", "credentials"];

/// The form of a name, in words.
pub(crate) const FORM: &str =
    "lower-case ASCII letters, digits and single underscores, starting with a letter";

/// Returns whether a name has this form. Environment variables are upper-case and join keys with `__`, so other
/// names would be ambiguous there.
pub(crate) fn is_snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')
        && !name.contains("__")
        && !name.ends_with('_')
}

/// Returns the nearest snake-case form of a text, such as `corp_sts` for `CorpSts` and `corp-sts`; `None` if there is
/// none.
pub(crate) fn to_snake_case(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut after_lower = false;
    for one in text.chars() {
        if !one.is_ascii() {
            return None;
        }
        if one.is_ascii_alphanumeric() {
            if one.is_ascii_uppercase() && after_lower {
                name.push('_');
            }
            name.push(one.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        after_lower = one.is_ascii_lowercase() || one.is_ascii_digit();
    }
    let name = name.trim_end_matches('_');
    is_snake_case(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_is_recognized() {
        for good in ["jwt", "corp_sts", "h2o_cloud", "oauth1", "a"] {
            assert!(is_snake_case(good), "{good}");
        }
        let bad =
            ["", "1password", "_jwt", "jwt_", "corp__sts", "corp-sts", "Corp", "größe", "a b"];
        for bad in bad {
            assert!(!is_snake_case(bad), "{bad}");
        }
    }

    #[test]
    fn the_nearest_name_is_found() {
        let nearest = [
            ("CorpSts", Some("corp_sts")),
            ("corp-sts", Some("corp_sts")),
            ("corp__sts_", Some("corp_sts")),
            ("H2oCloud", Some("h2o_cloud")),
            ("JWT", Some("jwt")),
            ("Oauth1", Some("oauth1")),
            ("1Password", None),
            ("", None),
            ("größe", None),
        ];
        for (text, expected) in nearest {
            assert_eq!(to_snake_case(text).as_deref(), expected, "{text}");
        }
    }
}

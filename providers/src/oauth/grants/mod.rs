//! What is exchanged for a token, one file a grant.

mod client_credentials;

use authn::{Context, Show, View};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::OAuth;

/// A grant of RFC 6749, 1.3.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GrantType {
    /// The client's own credentials.
    ClientCredentials,
}

impl GrantType {
    /// Gives the form of the token request, without the client's authentication.
    pub(super) fn members(self, options: &OAuth, context: &Context) -> Members {
        let mut members = match self {
            Self::ClientCredentials => client_credentials::members(),
        };
        members.add_unless_empty("scope", &options.scope(context));
        members.add_unless_empty("audience", options.audience.as_deref().unwrap_or(""));
        for resource in &options.resource {
            members.add("resource", resource);
        }
        for (name, value) in &options.parameters {
            members.add(name, value);
        }
        members
    }
}

/// The members of a form. They are wiped on drop.
#[derive(Default)]
pub(super) struct Members(Vec<(String, Zeroizing<String>)>);

impl Members {
    /// Begins the form of a grant.
    pub(super) fn of(grant_type: &str) -> Self {
        let mut members = Self::default();
        members.add("grant_type", grant_type);
        members
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    fn add_unless_empty(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Show for GrantType {
    fn show(&self) -> View {
        View::text(match self {
            Self::ClientCredentials => "client_credentials",
        })
    }
}

//! `RequestOptions`: what is asked for, in each request to the authorization server.

use std::collections::BTreeMap;

use authn::{Context, Error, Result};

use crate::token_endpoint::Form;

/// What is asked for.
#[derive(authn::Options)]
pub(super) struct RequestOptions {
    /// Scopes to ask for; the server's default where there is none, or those of the refresh token.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Audience to ask for, where a server wants it.
    audience: Option<String>,
    /// Resources that the token is for (RFC 8707).
    #[default(Vec::new())]
    resource: Vec<String>,
    /// Further members of every token request, and of the request by which somebody logs in. They are shown: a
    /// secret does not belong here.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
}

/// Parameters of requests to the server that the provider sets itself, or that would change what it comes back with.
pub(super) const OWN_PARAMETERS: [&str; 25] = [
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "login_hint",
    "nonce",
    "password",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "username",
];

impl RequestOptions {
    /// Checks that no parameter is one of the provider's own.
    pub(super) fn validate(&self) -> Result<()> {
        match OWN_PARAMETERS.iter().find(|name| self.parameters.contains_key(**name)) {
            Some(name) => Err(Error::configuration(format!(
                "`parameters` must not contain `{name}`, which the provider sets itself"
            ))
            .with_help("remove it")),
            None => Ok(()),
        }
    }

    /// Returns the caller's scopes, else the configured ones.
    pub(super) fn scopes<'a>(&'a self, context: &'a Context) -> &'a [String] {
        if context.scopes().is_empty() { &self.scope } else { context.scopes() }
    }

    /// Adds what is asked for: scopes, audience, resources, and whatever else is configured.
    pub(super) fn ask_for(&self, form: &mut Form, scopes: &[String]) {
        form.add_unless_empty("scope", &scopes.join(" "));
        form.add_unless_empty("audience", self.audience.as_deref().unwrap_or_default());
        self.ask_for_resource(form);
    }

    /// Adds what a token request has that redeems what was asked for before: the resources may be fewer, so
    /// they are named again (RFC 8707, 2.2).
    pub(super) fn ask_for_resource(&self, form: &mut Form) {
        for resource in &self.resource {
            form.add("resource", resource);
        }
        for (name, value) in &self.parameters {
            form.add(name, value);
        }
    }
}

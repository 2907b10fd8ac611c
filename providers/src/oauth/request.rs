//! `RequestOptions`: the scopes, the audience and the parameters of requests to the authorization server.

use std::collections::BTreeMap;

use authn::{Context, Error, Result};

use crate::token_endpoint::{Form, TokenType};

/// The options for the content of requests.
#[derive(Clone, authn::Options)]
pub(super) struct RequestOptions {
    /// Scopes to request. Empty, the server chooses them, or uses those of the refresh token.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Audience to request, for servers that require it.
    audience: Option<String>,
    /// Resources that the token is for (RFC 8707).
    #[default(Vec::new())]
    resource: Vec<String>,
    /// Additional parameters of token requests and of the request that starts a login. Their values are shown, so they
    /// must not be secret.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
    /// What to take a token as whose type the server names and authn does not know, such as `N_A`. Unset, such a token is
    /// an error. A token without a type is a bearer token.
    pub(super) token_type: Option<TokenType>,
}

/// Parameters that the provider sets itself, or that would change the form of the server's answer.
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

    /// Returns the options with the scopes and the resource that apply unless others are configured.
    pub(super) fn or(&self, scope: &[String], resource: Option<&str>) -> Self {
        let mut options = self.clone();
        if options.scope.is_empty() {
            options.scope = scope.to_vec();
        }
        if options.resource.is_empty() {
            options.resource.extend(resource.map(str::to_owned));
        }
        options
    }

    /// Returns whether two options ask for the same scopes and resources.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.scope == other.scope && self.resource == other.resource
    }

    /// Returns the scopes that an answer says are missing, with those that were asked for; `None` if it names no other.
    pub(super) fn stepped_up(&self, missing: &[String], context: &Context) -> Option<Vec<String>> {
        let mut scopes = self.scopes(context).to_vec();
        let before = scopes.len();
        for scope in missing {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        (scopes.len() > before).then_some(scopes)
    }

    /// Returns the caller's scopes, else the configured ones.
    pub(super) fn scopes<'a>(&'a self, context: &'a Context) -> &'a [String] {
        if context.scopes().is_empty() { &self.scope } else { context.scopes() }
    }

    /// Adds the scopes, the audience, the resources and the additional parameters.
    pub(super) fn ask_for(
        &self,
        form: &mut Form,
        scopes: &[String],
        context: &Context,
    ) -> Result<()> {
        form.add_unless_empty("scope", &scopes.join(" "));
        form.add_unless_empty("audience", self.audience.as_deref().unwrap_or_default());
        self.ask_for_resource(form, context)
    }

    /// Adds the resources and the additional parameters; those of the call replace the configured ones. A token request that redeems a code repeats the resources
    /// (RFC 8707, 2.2), but not the scopes.
    pub(super) fn ask_for_resource(&self, form: &mut Form, context: &Context) -> Result<()> {
        for resource in &self.resource {
            form.add("resource", resource);
        }
        for (name, value) in &self.parameters {
            if !context.parameters().contains_key(name) {
                form.add(name, value);
            }
        }
        form.add_of_call(context, &OWN_PARAMETERS)
    }
}

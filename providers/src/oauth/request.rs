//! `RequestOptions`: the scopes, the audience and the parameters of requests to the authorization server.

use std::collections::BTreeMap;

use authn::{Context, Error, Reaction, ResponseHead, Result, private::Challenge};

use super::{
    compliance::{Answered, Fix},
    json::AuthorizationDetails,
};
use crate::token_endpoint::{
    Endpoint, Form, RequestEncoding, RequestMethod, TokenRequest, TokenResponse, TokenType,
    check_shape,
};

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
    /// Authorization to request in detail (RFC 9396), as a list of tables or as JSON. Each table has a `type`. It is not
    /// sent when the session of a login is renewed, which keeps what the user has agreed to.
    authorization_details: Option<AuthorizationDetails>,
    /// Additional parameters of token requests and of the request that starts a login. Their values are shown, so they
    /// must not be secret.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
    /// Additional parameters of the request that starts a login in a browser, and of no other. Their values are shown, so
    /// they must not be secret.
    #[default(BTreeMap::new())]
    authorization_parameters: BTreeMap<String, String>,
    /// What to take a token as whose type the server names and authn does not know, such as `N_A`. Unset, such a token is
    /// an error. A token without a type is a bearer token.
    pub(super) token_type: Option<TokenType>,
    /// Method of token requests: `post`, or `get` for servers that read the parameters from the query. A server may log
    /// the query with its secrets.
    #[default(RequestMethod::Post)]
    token_request_method: RequestMethod,
    /// Encoding of token requests: `form`, or `json` for servers that read a JSON object.
    #[default(RequestEncoding::Form)]
    token_request_encoding: RequestEncoding,
    /// Fixes for a server that deviates from the specifications, in their order: built-in ones, or those that a crate
    /// registers.
    #[default(Vec::new())]
    compliance: Vec<Fix>,
}

/// Parameters that the options set, and that a call can replace, such as for a login of a higher level (RFC 9470).
const OPTIONS: [&str; 5] =
    ["acr_values", "authorization_details", "claims", "max_age", "ui_locales"];

/// Parameters that the provider sets itself, or that would change the form of the server's answer.
pub(crate) const OWN_PARAMETERS: [&str; 32] = [
    "actor_token",
    "actor_token_type",
    "assertion",
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
    "dpop_jkt",
    "grant_type",
    "login_hint",
    "nonce",
    "password",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "requested_token_type",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "subject_token",
    "subject_token_type",
    "username",
];

impl RequestOptions {
    /// Checks that no parameter is one of the provider's own, and that the form of requests is possible.
    pub(super) fn validate(&self) -> Result<()> {
        for (option, parameters) in [
            ("parameters", &self.parameters),
            ("authorization_parameters", &self.authorization_parameters),
        ] {
            let is_set = |name: &&&str| parameters.contains_key(**name);
            if let Some(name) = OWN_PARAMETERS.iter().find(is_set) {
                return Err(Error::configuration(format!(
                    "`{option}` must not contain `{name}`, which the provider sets itself"
                ))
                .with_help("remove it"));
            }
            if let Some(name) = OPTIONS.iter().find(is_set) {
                return Err(Error::configuration(format!(
                    "`{option}` must not contain `{name}`, which is an option"
                ))
                .with_help(format!("set the option `{name}` instead")));
            }
        }
        if let Some(details) = &self.authorization_details {
            details.validate()?;
        }
        self.compliance.iter().try_for_each(|fix| fix.check())?;
        check_shape(self.token_request_method, self.token_request_encoding)
    }

    /// Sets the configured method and encoding of a request, and applies the fixes to it. Returns the kind of its answer.
    pub(super) fn prepare(&self, request: &mut TokenRequest) -> Result<Option<Answered>> {
        if request.endpoint() == Endpoint::Token {
            request.set_shape(self.token_request_method, self.token_request_encoding);
        }
        let answered = Answered::of(request);
        for fix in &self.compliance {
            fix.before(answered, request)?;
        }
        Ok(answered)
    }

    /// Applies the fixes to an answer.
    pub(super) fn correct(
        &self,
        answered: Option<Answered>,
        response: &mut TokenResponse,
    ) -> Result<()> {
        self.compliance.iter().try_for_each(|fix| fix.after(answered, response))
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

    /// Asks for the scopes that an API says are missing, with those that were asked for, if the program wants that (RFC
    /// 6750, 3.1; RFC 9449, 7.1).
    pub(super) fn step_up(&self, head: &ResponseHead<'_>, context: &Context) -> Reaction {
        let is_refusal = matches!(head.status().as_u16(), 401 | 403);
        if !head.allows_step_up() || !is_refusal {
            return Reaction::Pass;
        }
        let missing = Challenge::of_token(head.headers(), |challenge| {
            let is_it = challenge.get("error") == Some("insufficient_scope");
            Some(challenge.scopes()).filter(|_| is_it)
        });
        let mut scopes = self.scopes(context).to_vec();
        let before = scopes.len();
        for scope in missing.unwrap_or_default() {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if scopes.len() > before { Reaction::RetryWithScopes(scopes) } else { Reaction::Pass }
    }

    /// Returns the caller's scopes, else the configured ones.
    pub(super) fn scopes<'a>(&'a self, context: &'a Context) -> &'a [String] {
        if context.scopes().is_empty() { &self.scope } else { context.scopes() }
    }

    /// Adds the scopes, the details, the audience, the resources and the additional parameters.
    pub(super) fn ask_for(
        &self,
        form: &mut Form,
        scopes: &[String],
        context: &Context,
    ) -> Result<()> {
        if let Some(details) = &self.authorization_details {
            form.add("authorization_details", &details.to_json());
        }
        self.ask_for_less(form, scopes, context)
    }

    /// Adds all of it but the details, to renew the session of a login: the server may have granted other details than were
    /// requested (RFC 9396, 7.1).
    pub(super) fn ask_for_less(
        &self,
        form: &mut Form,
        scopes: &[String],
        context: &Context,
    ) -> Result<()> {
        form.add_unless_empty("scope", &scopes.join(" "));
        form.add_unless_empty("audience", self.audience.as_deref().unwrap_or_default());
        self.ask_for_resource(form, context)
    }

    /// Adds the additional parameters of the request that starts a login.
    pub(super) fn ask_for_login(&self, form: &mut Form) {
        for (name, value) in &self.authorization_parameters {
            form.remove(name);
            form.add(name, value);
        }
    }

    /// Adds the resources and the additional parameters; those of the call replace the configured ones. A token request that
    /// redeems a code repeats the resources (RFC 8707, 2.2), but not the scopes.
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

//! `AuthorizationOptions`: what the request that starts a login asks for, and how it reaches the server.

use std::time::Duration;

use authn::{Context, Error, Result};

use crate::{choice::choice, oauth::json::JsonObject, token_endpoint::Form};

choice! {
    /// When something optional is used.
    pub(in crate::oauth) enum Usage {
        /// It depends on the server and the client.
        Auto = "auto",
        /// In each login.
        Always = "always",
        /// In no login.
        Never = "never",
    }
}

choice! {
    /// How the answer comes back to the redirect address.
    pub(in crate::oauth) enum ResponseMode {
        /// In the query of the address.
        Query = "query",
        /// In the body of a POST request.
        FormPost = "form_post",
    }
}

/// The options for the request that starts a login in a browser.
#[derive(Clone, authn::Options)]
pub(in crate::oauth) struct AuthorizationOptions {
    /// Whether a login sends its request to the server before it shows the link (RFC 9126), so that the link contains only a
    /// reference to it: `always`, `never` or `auto`. `auto` does so if the server requires it, if
    /// `pushed_authorization_request_endpoint_url` is set, or if the server offers it and the client authenticates.
    #[default(Usage::Auto)]
    pub(super) pushed_authorization_request: Usage,
    /// Whether a login signs its request with `private_key` (RFC 9101): `always`, `never`, or with `auto` if the server
    /// requires it.
    #[default(Usage::Auto)]
    pub(super) request_object: Usage,
    /// How the server's answer comes back to the redirect address: `query` in the address, or `form_post` in the body of a
    /// POST request (OAuth 2.0 Form Post Response Mode). With `form_post`, a user can't paste the answer.
    #[default(ResponseMode::Query)]
    pub(super) response_mode: ResponseMode,
    /// How the user should authenticate, most wanted first (OpenID Connect Core, 3.1.2.1). The server may log the user in in
    /// another way.
    #[default(Vec::new())]
    acr_values: Vec<String>,
    /// How long ago the user may have logged in at the server (OpenID Connect Core, 3.1.2.1), in whole seconds. If it is
    /// longer, the server asks the user to log in again. The ID token, which the scope `openid` requests, must prove it:
    /// otherwise the login fails.
    max_age: Option<Duration>,
    /// Languages of the server's pages, as language tags such as `fr-CA`, most wanted first (OpenID Connect Core, 3.1.2.1).
    #[default(Vec::new())]
    ui_locales: Vec<String>,
    /// Claims to request one by one, as a table with `id_token` and `userinfo`, or as JSON (OpenID Connect Core, 5.5).
    claims: Option<JsonObject>,
}

impl AuthorizationOptions {
    /// Checks the options. Options that the grant does not use have their defaults.
    pub(in crate::oauth) fn validate(&self) -> Result<()> {
        let has_part = self.max_age.is_some_and(|age| age.subsec_nanos() != 0);
        if has_part {
            return Err(Error::configuration("`max_age` is not in whole seconds")
                .with_help("set it to a duration like `15m`, or to 0"));
        }
        Ok(())
    }

    /// Returns whether each request is signed, whatever the server requires.
    pub(in crate::oauth) fn always_signs(&self) -> bool {
        self.request_object == Usage::Always
    }

    /// Checks that the answer is in the address that a user pastes.
    pub(super) fn check_can_be_pasted(&self) -> Result<()> {
        match self.response_mode {
            ResponseMode::Query => Ok(()),
            ResponseMode::FormPost => Err(Error::configuration(
                "with `response_mode = \"form_post\"` the answer is not in an address that could be pasted",
            )
            .with_help("log in with `--browser` or `--no-browser`, or remove `response_mode`")),
        }
    }

    /// Returns each option, and whether it is set.
    pub(in crate::oauth) fn used_by_login(&self) -> [(&'static str, bool); 7] {
        [
            ("pushed_authorization_request", self.pushed_authorization_request != Usage::Auto),
            ("request_object", self.request_object != Usage::Auto),
            ("response_mode", self.response_mode != ResponseMode::Query),
            ("acr_values", !self.acr_values.is_empty()),
            ("max_age", self.max_age.is_some()),
            ("ui_locales", !self.ui_locales.is_empty()),
            ("claims", self.claims.is_some()),
        ]
    }

    /// Returns how long ago the user may have logged in: the call's limit, or else the configured one.
    pub(in crate::oauth) fn max_age(&self, context: &Context) -> Result<Option<Duration>> {
        let Some(text) = context.parameters().get("max_age") else { return Ok(self.max_age) };
        let seconds = text.parse().map(Duration::from_secs).map(Some);
        seconds.map_err(|_| {
            Error::configuration("the call's parameter `max_age` is not a number of seconds")
                .with_help("pass digits alone to `with_parameters`")
        })
    }

    /// Adds the way of the answer. `query` is what a server does anyway.
    pub(super) fn ask_for_answer(&self, form: &mut Form) {
        if self.response_mode == ResponseMode::FormPost {
            form.add("response_mode", ResponseMode::FormPost.name());
        }
    }

    /// Adds what is asked of the server about the user.
    pub(in crate::oauth) fn ask_for_user(&self, form: &mut Form) {
        form.add_unless_empty("acr_values", &self.acr_values.join(" "));
        if let Some(age) = self.max_age {
            form.add("max_age", &age.as_secs().to_string());
        }
        form.add_unless_empty("ui_locales", &self.ui_locales.join(" "));
        if let Some(claims) = &self.claims {
            form.add("claims", &claims.to_json());
        }
    }
}

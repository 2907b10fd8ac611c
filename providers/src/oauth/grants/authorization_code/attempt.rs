//! `Attempt`: one login in progress, with the request that the browser sends (RFC 6749, 4.1.1) and its secrets.

use authn::{Result, TokenSet, Url};
use zeroize::Zeroizing;

use super::{answer::Expected, pkce, pkce::Verifier};
use crate::{
    oauth::{Call, OAuth},
    random::random,
    token_endpoint::{Endpoint, Form, GrantAdvice},
};

/// Random bytes of `state` and `nonce`: too many to guess.
const RANDOM_BYTES: usize = 32;

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "the code was rejected",
    help: "check `client_id` and the redirect address at the server, and log in again",
    login_helps: false,
    guess: None,
};

/// One login. Its secrets are used once.
pub(super) struct Attempt {
    redirect_uri: String,
    state: Zeroizing<String>,
    verifier: Verifier,
    /// Present if an ID token is requested, which repeats it.
    pub(super) nonce: Option<Zeroizing<String>>,
}

impl Attempt {
    /// Starts a login with a redirect address.
    pub(super) fn start(call: Call<'_>, redirect_uri: &str) -> Result<Self> {
        let asks_who = call.scopes().iter().any(|scope| scope == "openid");
        Ok(Self {
            redirect_uri: redirect_uri.to_owned(),
            state: random::<RANDOM_BYTES>()?,
            verifier: Verifier::new()?,
            nonce: if asks_who { Some(random::<RANDOM_BYTES>()?) } else { None },
        })
    }

    /// Returns the address of the login page, and the values that the answer must contain.
    pub(super) async fn prepare(&self, call: Call<'_>) -> Result<(Url, Expected)> {
        let Call { options: OAuth { server, .. }, context, .. } = call;
        server.check_requests(context).await?;
        let link = self.link(call).await?;
        let (issuer, state) = (server.issuer()?, self.state.clone());
        let must_name_issuer = server.names_itself_in_answers(context).await?;
        Ok((link, Expected { state, issuer, must_name_issuer }))
    }

    /// Returns the address of the login page. It contains no secret: another user who sees it can only log in and give
    /// this program their tokens.
    async fn link(&self, call: Call<'_>) -> Result<Url> {
        let Call { options, context, .. } = call;
        let endpoint = options.server.endpoint(Endpoint::Authorization, context).await?;
        let mut form = Form::default();
        form.add("response_type", "code");
        form.add("client_id", options.client.id());
        form.add("redirect_uri", &self.redirect_uri);
        form.add("state", &self.state);
        form.add("code_challenge", &self.verifier.challenge());
        form.add("code_challenge_method", pkce::METHOD);
        form.add_unless_empty("nonce", self.nonce.as_ref().map_or("", |nonce| nonce.as_str()));
        form.add_unless_empty("prompt", options.login.prompt.as_deref().unwrap_or_default());
        form.add_unless_empty(
            "login_hint",
            options.login.login_hint.as_deref().unwrap_or_default(),
        );
        options.request.ask_for(&mut form, call.scopes(), call.context)?;
        let mut url = endpoint.url().clone();
        // The query that the endpoint already has must be kept (RFC 6749, 3.1).
        url.query_pairs_mut().extend_pairs(form.pairs());
        Ok(url)
    }

    /// Exchanges the code for the tokens (RFC 6749, 4.1.3).
    ///
    /// It is sent only once: a server that sees a code twice revokes the tokens that it issued for it (4.1.2).
    pub(super) async fn exchange(&self, call: Call<'_>, code: &str) -> Result<TokenSet> {
        let mut form = Form::of_grant("authorization_code");
        form.add("code", code);
        form.add("redirect_uri", &self.redirect_uri);
        form.add("code_verifier", self.verifier.expose());
        call.options.request.ask_for_resource(&mut form, call.context)?;
        Ok(call.redeem(form, ADVICE).await?)
    }
}

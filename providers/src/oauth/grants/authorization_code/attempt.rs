//! `Attempt`: one login in progress, with the request that the browser sends (RFC 6749, 4.1.1) and its secrets.

use std::time::SystemTime;

use authn::{Error, PendingLogin, Result, TokenSet, Url};
use zeroize::Zeroizing;

use super::{answer::Expected, pkce, pkce::Verifier};
use crate::{
    oauth::{Call, OAuth, dpop},
    random::random,
    token_endpoint::{Endpoint, Form, GrantAdvice, with},
};

/// Random bytes of `state` and `nonce`: too many to guess.
const RANDOM_BYTES: usize = 32;

/// The names under which a suspended login is kept.
const STATE: &str = "state";
const VERIFIER: &str = "code_verifier";
const NONCE: &str = "nonce";
/// The server and the client, so that no other server gets the code (RFC 9700, section 4.4).
const SERVER: &str = "server";
const CLIENT: &str = "client_id";

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
        call.options.server.check_requests(call.context).await?;
        let link = self.link(call).await?;
        Ok((link, self.expected(call).await?))
    }

    /// Returns the values that the answer must contain.
    pub(super) async fn expected(&self, call: Call<'_>) -> Result<Expected> {
        let Call { options: OAuth { server, .. }, context, .. } = call;
        let (issuer, state) = (server.issuer()?, self.state.clone());
        let must_name_issuer = server.names_itself_in_answers(context).await?;
        Ok(Expected { state, issuer, must_name_issuer })
    }

    /// Returns the login as what a web application keeps until the browser comes back.
    pub(super) fn suspend(self, call: Call<'_>, valid_until: SystemTime) -> Result<PendingLogin> {
        let OAuth { server, client, .. } = call.options;
        let pending = PendingLogin::new(self.redirect_uri, valid_until)
            .with_kept(STATE, &**self.state)
            .with_kept(VERIFIER, self.verifier.expose())
            .with_kept(SERVER, server.audience()?)
            .with_kept(CLIENT, client.id());
        let pending = with(pending, call.key, |pending, key| {
            pending.with_kept(dpop::KEPT, &*key.text().expose())
        });
        Ok(with(pending, self.nonce, |pending, nonce| pending.with_kept(NONCE, &**nonce)))
    }

    /// Continues a login of these options that was suspended.
    pub(super) fn resume(call: Call<'_>, pending: &PendingLogin) -> Result<Self> {
        let OAuth { server, client, .. } = call.options;
        let kept = |name| pending.kept(name).map(|value| Zeroizing::new(value.to_owned()));
        let is_ours = pending.kept(SERVER) == Some(&*server.audience()?)
            && pending.kept(CLIENT) == Some(client.id());
        let (Some(state), Some(verifier), true) = (kept(STATE), kept(VERIFIER), is_ours) else {
            return Err(Error::login_required("the login was started with other credentials")
                .with_help("complete it with the credentials that started it, or start it again"));
        };
        Ok(Self {
            redirect_uri: pending.redirect_uri().to_owned(),
            state,
            verifier: Verifier::restored(verifier),
            nonce: kept(NONCE),
        })
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
        // The server takes the code only with a proof of this key (RFC 9449, 10).
        form.add_unless_empty("dpop_jkt", call.key.map_or("", |key| key.thumbprint()));
        options.request.ask_for(&mut form, call.scopes(), call.context)?;
        options.request.ask_for_login(&mut form);
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

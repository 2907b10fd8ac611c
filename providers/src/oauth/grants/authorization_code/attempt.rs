//! `Attempt`: one login in progress, with the request that the browser sends (RFC 6749, 4.1.1) and its secrets.

use std::time::{Duration, SystemTime};

use authn::{Error, PendingLogin, Result, TokenSet, Url};
use zeroize::Zeroizing;

use super::{
    answer::Expected,
    pkce,
    pkce::Verifier,
    pushed::{Push, push},
    request_object,
};
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
const MAX_AGE: &str = "max_age";
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
    /// How long ago the user may have logged in, which the ID token must prove.
    pub(super) max_age: Option<Duration>,
}

/// A login whose link can be shown.
pub(super) struct Prepared {
    /// The address of the login page.
    pub(super) url: Url,
    /// The values that the answer must contain.
    pub(super) expected: Expected,
    /// How long the link is valid, if the server says so.
    pub(super) expires_in: Option<Duration>,
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
            max_age: call.options.authorization.max_age(call.context)?,
        })
    }

    /// Makes the link to the login page, and pushes the request if the link contains only a reference to it.
    pub(super) async fn prepare(&self, call: Call<'_>, timeout: Duration) -> Result<Prepared> {
        let Call { options, context, .. } = call;
        let (is_signed, pushing) = (request_object::is_wanted(call).await?, Push::of(call).await?);
        let endpoint = options.server.endpoint(Endpoint::Authorization, context).await?;
        // The browser opens it.
        context.http().check(endpoint.url())?;
        let expected = self.expected(call).await?;
        let mut form = self.request(call)?;
        if is_signed {
            let request = request_object::sign(call, &form, timeout).await?;
            form = Form::default();
            form.add("client_id", options.client.id());
            form.add("request", &request);
        }
        let mut expires_in = None;
        if pushing != Push::No {
            let pushed = push(call, pushing, form).await?;
            form = Form::default();
            form.add("client_id", options.client.id());
            form.add("request_uri", &pushed.request_uri);
            expires_in = pushed.expires_in;
        }
        let mut url = endpoint.url().clone();
        // The query that the endpoint already has must be kept (RFC 6749, 3.1).
        url.query_pairs_mut().extend_pairs(form.pairs());
        Ok(Prepared { url, expected, expires_in })
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
        let pending =
            with(pending, self.nonce, |pending, nonce| pending.with_kept(NONCE, &**nonce));
        let pending = with(pending, self.max_age, |pending, age| {
            pending.with_kept(MAX_AGE, age.as_secs().to_string())
        });
        Ok(with(pending, call.key, |pending, key| {
            pending.with_kept(dpop::KEPT, &*key.text().expose())
        }))
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
        // A limit that can't be read is no reason to do without.
        let max_age = pending.kept(MAX_AGE).map(str::parse).transpose().map_err(|_| {
            Error::login_required("the pending login is of another version of authn")
                .with_help("start the login again")
        })?;
        Ok(Self {
            redirect_uri: pending.redirect_uri().to_owned(),
            state,
            verifier: Verifier::restored(verifier),
            nonce: kept(NONCE),
            max_age: max_age.map(Duration::from_secs),
        })
    }

    /// Returns the parameters of the request. They contain no secret: another user who sees them can only log in and give
    /// this program their tokens.
    fn request(&self, call: Call<'_>) -> Result<Form> {
        let Call { options, context, .. } = call;
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
        options.authorization.ask_for_answer(&mut form);
        options.authorization.ask_for_user(&mut form);
        options.request.ask_for(&mut form, call.scopes(), context)?;
        options.request.ask_for_login(&mut form);
        Ok(form)
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

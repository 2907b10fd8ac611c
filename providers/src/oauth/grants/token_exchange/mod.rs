//! Token exchange (RFC 8693): the token of a nested provider, the subject, for another one.
//!
//! A refresh token of the answer is not used: the subject's token can be exchanged again, and another user's session must not
//! outlive it.

mod typed;

use std::sync::Arc;

use authn::{Bound, Context, Credentials, Error, Result, TokenSet};

use crate::{
    nested::{self, Refused, Sent},
    oauth::{Call, OAuth},
    token_endpoint::{
        self, Endpoint, ErrorCode, Failure, Form, GrantAdvice, Received, TOKEN_EXCHANGE, TokenKind,
        TokenResponse, TokenType, with,
    },
};

const ADVICE: GrantAdvice<'static> = GrantAdvice {
    meaning: "the server does not accept the token of `subject` or of `actor`",
    help: "check the nested providers, `subject_token_type`, and the client's permissions at the server",
    login_helps: false,
    guess: None,
};

/// The options of a token exchange.
#[derive(Clone, authn::Options)]
pub(in crate::oauth) struct TokenExchangeOptions {
    /// Provider of the token that is exchanged, for the grant `token_exchange` (RFC 8693): a table that contains the table
    /// of one provider. With `app_service` it is the token of the user who is being served.
    #[provider]
    subject: Option<Credentials>,
    /// Type of the subject's token: `access_token`, `id_token`, `jwt`, `refresh_token`, `saml1`, `saml2`, or a URI. Unset, it
    /// is `access_token`. With `id_token`, the last ID token of the subject's session is sent. A provider without sessions has
    /// none, such as `jwt` and `hook`; then its token is sent, and must be an ID token.
    subject_token_type: Option<TokenKind>,
    /// Provider of the token of the party that acts for the subject (RFC 8693, 2.1), such as this service itself: a table
    /// that contains the table of one provider.
    #[provider]
    actor: Option<Credentials>,
    /// Type of the actor's token, like `subject_token_type`.
    actor_token_type: Option<TokenKind>,
    /// Type of the token to request, like `subject_token_type`. Unset, the server chooses it. A token of another type than
    /// `access_token` is used like an access token, also if the server calls its type `N_A`.
    requested_token_type: Option<TokenKind>,
    __refused: Arc<Refused>,
}

impl TokenExchangeOptions {
    /// Returns whether each option is set.
    pub(super) fn are_set(&self) -> [(&'static str, bool); 5] {
        [
            ("subject", self.subject.is_some()),
            ("subject_token_type", self.subject_token_type.is_some()),
            ("actor", self.actor.is_some()),
            ("actor_token_type", self.actor_token_type.is_some()),
            ("requested_token_type", self.requested_token_type.is_some()),
        ]
    }

    /// Returns the nested providers.
    pub(in crate::oauth) fn nested(&self) -> impl Iterator<Item = &Bound> {
        self.subject.iter().chain(&self.actor).map(Credentials::bound)
    }

    fn subject(&self) -> Result<&Credentials> {
        self.subject.as_ref().ok_or_else(|| {
            Error::configuration("`subject` is not set, but the grant token_exchange needs it")
                .with_help(
                    "add the table of the provider whose token is exchanged, such as `subject.jwt`",
                )
        })
    }

    /// Returns whether an ID token is asked for.
    fn asks_for_id_token(&self) -> bool {
        self.requested_token_type.as_ref().is_some_and(TokenKind::is_id_token)
    }
}

pub(super) fn validate(options: &OAuth) -> Result<()> {
    let options = &options.token_exchange;
    if options.actor.is_none() && options.actor_token_type.is_some() {
        return Err(Error::configuration("`actor_token_type` is set, but `actor` is not")
            .with_help("set `actor` too, or remove `actor_token_type`"));
    }
    nested::check("subject", Some(options.subject()?))?;
    nested::check("actor", options.actor.as_ref())
}

/// The tokens that one exchange sends.
struct Tokens<'a> {
    subject: Sent<'a>,
    actor: Option<Sent<'a>>,
}

/// Exchanges the subject's token. If the server refuses it, the subject is asked for another one, once.
pub(super) async fn exchange(call: Call<'_>) -> Result<TokenSet, Failure> {
    let options = &call.options.token_exchange;
    let mut subject = Sent::of(options.subject()?, call.context).await?;
    options.__refused.check(&mut subject, call.context).await?;
    let actor = match &options.actor {
        Some(actor) => Some(Sent::of(actor, call.context).await?),
        None => None,
    };
    let mut tokens = Tokens { subject, actor };
    match send(call, &tokens).await {
        Err(failure) if tokens.renew(&failure, call.context).await => send(call, &tokens).await,
        result => result,
    }
}

impl Tokens<'_> {
    /// Renews the tokens if the server may have refused one of them (RFC 8693, 2.2.2, and servers that answer as for other
    /// grants). Returns whether there is another one: the server does not say which of them it has refused.
    ///
    /// `invalid_request` is also the answer to a wrong option and to whatever the user who is being served has sent. Then no
    /// token is dropped that a user would have to log in for, and none that other users need.
    async fn renew(&mut self, failure: &Failure, exchange: &Context) -> bool {
        use ErrorCode::{InvalidGrant, InvalidRequest, InvalidToken};
        let is_vague = match failure.code {
            Some(InvalidGrant | InvalidToken) => false,
            Some(InvalidRequest) => true,
            _ => return false,
        };
        let is_of_user = |sent: &Sent<'_>| sent.is_per_request();
        if is_vague && (is_of_user(&self.subject) || self.actor.as_ref().is_some_and(is_of_user)) {
            return false;
        }
        let mut is_another = false;
        for sent in [&mut self.subject].into_iter().chain(&mut self.actor) {
            if !is_vague || sent.is_renewable().await {
                is_another |= sent.renew(exchange).await;
            }
        }
        is_another
    }
}

async fn send(call: Call<'_>, tokens: &Tokens<'_>) -> Result<TokenSet, Failure> {
    let options = &call.options.token_exchange;
    let mut form = Form::of_grant(TOKEN_EXCHANGE);
    typed::add(options.subject_token_type.as_ref(), &mut form, "subject_token", &tokens.subject)?;
    if let Some(actor) = &tokens.actor {
        typed::add(options.actor_token_type.as_ref(), &mut form, "actor_token", actor)?;
    }
    if let Some(requested) = &options.requested_token_type {
        form.add("requested_token_type", requested.uri());
    }
    let response = ask(call, form, ADVICE).await?;
    let received = Received::from(&response.0);
    let requested = options.requested_token_type.as_ref();
    let tokens = response.tokens(call, TokenKind::taken_as(requested, &received))?;
    TokenKind::check_issued(requested, &received)?;
    Ok(tokens)
}

/// An answer, and the advice if it is a refusal.
pub(super) struct Answer<'a>(TokenResponse, token_endpoint::Advice<'a>);

/// Sends one token request for the token of a nested provider.
pub(super) async fn ask<'a>(
    call: Call<'a>,
    mut form: Form,
    advice: GrantAdvice<'a>,
) -> Result<Answer<'a>> {
    call.options.request.ask_for(&mut form, call.scopes(), call.context)?;
    let (response, advice) = call.post(Endpoint::Token, form, advice).await?;
    Ok(Answer(response, advice))
}

impl Answer<'_> {
    /// Returns the tokens without a refresh token, and without anything of the last ones, which can be another user's.
    /// `taken_as` is what to take a token of an unknown type as unless an option says it.
    pub(super) fn tokens(
        &self,
        call: Call<'_>,
        taken_as: Option<TokenType>,
    ) -> Result<TokenSet, Failure> {
        let granted = call.granted(&self.0, &self.1, taken_as);
        let granted = granted.map_err(|failure| Failure { refresh_token: None, ..failure })?;
        let mut token = granted.token().clone();
        if call.options.token_exchange.asks_for_id_token() && token.id_token().is_none() {
            // Another exchange can send it as that.
            let id_token = token.secret().into();
            token = token.with_id_token(id_token);
        }
        let tokens = TokenSet::new(token).with_new_session();
        Ok(with(tokens, self.0.date(), TokenSet::with_server_date))
    }
}

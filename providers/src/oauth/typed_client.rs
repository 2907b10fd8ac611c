//! A client whose identifier or secret the user types in at login.
//!
//! It is for servers where each user registers a client, such as a Keycloak with service accounts. The typed values are
//! stored with the session in the token store and deleted with it. Configured values are not stored.

use authn::{
    Context, Error, Login, Result, SecretString, TokenSet,
    prompt::{Progress, Question},
};

use super::{
    Call, OAuth,
    grants::{GrantType, client_credentials::redeem},
};
use crate::client_auth::Client;

/// Names under which a session keeps the typed values.
const ID: &str = "client_id";
const SECRET: &str = "client_secret";

/// How often the user is asked before the login fails.
const TRIES: u32 = 3;

/// The client credentials that are missing in the configuration, so that the user types them in.
#[derive(Clone, Copy)]
pub(super) struct Missing {
    id: bool,
    secret: bool,
}

impl Missing {
    /// Returns the missing credentials, or `None` if the user is not asked. The user is asked only if `grant_type` is
    /// set to `client_credentials`: otherwise a missing secret can mean a public client.
    pub(super) fn of(options: &OAuth) -> Option<Self> {
        let client = &options.client;
        if options.grant_type != Some(GrantType::ClientCredentials)
            || !client.uses_secret()
            || options.registration.is_dynamic()
        {
            return None;
        }
        let (id, secret) = (client.id().is_empty(), !client.has_secret());
        (id || secret).then_some(Self { id, secret })
    }

    /// Checks the configured options of the client.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        // A placeholder for the values that will be typed in.
        let any = || Some("-".into());
        self.client(options, any(), any()).validate(true, false)
    }

    /// Returns the client with the values of a session. Fails with a request to log in if the session lacks them.
    pub(super) fn find(self, call: Call<'_>, last: Option<&TokenSet>) -> Result<Client> {
        let kept = |name| last.and_then(|grant| grant.kept(name)).cloned();
        let client = self.client(call.options, kept(ID), kept(SECRET));
        if client.client_id.is_some() && client.has_secret() {
            return Ok(client);
        }
        let (what, is) = (self.what(), if self.id && self.secret { "are" } else { "is" });
        Err(call.context.login_required(&format!("the client's {what} {is} not configured")))
    }

    /// Returns the client that a session's values complete; `None` if the configured one is complete.
    pub(super) fn client_of(call: Call<'_>, last: &TokenSet) -> Result<Option<Client>> {
        Self::of(call.options).map(|missing| missing.find(call, Some(last))).transpose()
    }

    /// Returns the client with the missing values added.
    fn client(
        self,
        options: &OAuth,
        id: Option<SecretString>,
        secret: Option<SecretString>,
    ) -> Client {
        let mut client = options.client.clone();
        if self.id {
            // It may be copied from a page with spaces; no identifier starts or ends with one.
            client.client_id = id.map(|id| id.expose().trim().to_owned());
        }
        if self.secret {
            client.set_secret(secret);
        }
        client
    }

    /// Returns the error of a client that the server accepted at login and now rejects.
    pub(super) fn no_longer_accepted(self, context: &Context) -> Error {
        let what = self.what();
        context.login_required(&format!("the server no longer accepts the client's {what}"))
    }

    fn not_entered(self, context: &Context) -> Error {
        let what = self.what();
        context
            .login_required(&format!("the client's {what} was not entered within `login_timeout`"))
    }

    /// Asks the user for the credentials until the server accepts them, and exchanges them.
    pub(super) async fn log_in(self, call: Call<'_>, login: &Login) -> Result<TokenSet> {
        let Call { options, context, .. } = call;
        let clock = context.clock();
        let end = clock.now().plus(options.login.timeout());
        for tried in 1..=TRIES {
            // Other processes can wait for this login, so it ends if the user does not answer.
            let left = end.after(clock.now());
            let asked = clock.within(left, self.ask(options, login)).await;
            let client = asked.unwrap_or_else(|| Err(self.not_entered(context)))?;
            login.progress(&Progress::Exchanging);
            if !client.id().is_empty() && client.secret().is_ok() {
                match redeem(Call { client: &client, ..call }).await {
                    Ok(grant) => return Ok(self.keep(&client, grant)),
                    Err(failure) if !failure.is_of_client => return Err(failure.error),
                    Err(_) => {}
                }
            }
            if tried < TRIES {
                let what = self.what();
                let text = format!("the server rejected the client's {what}; try again");
                login.progress(&Progress::Notice(text));
            }
        }
        let what = self.what();
        Err(Error::refused(format!("the server rejected the client's {what} {TRIES} times")).with_help(
            "check where the client is registered and `token_endpoint_auth_method`, and log in again",
        ))
    }

    /// Asks the user for the missing values.
    async fn ask(self, options: &OAuth, login: &Login) -> Result<Client> {
        // The page is shown once, with the first question.
        let page = options.login.registration_page_url.as_ref();
        let first = |question: Question| match page {
            Some(page) => question.with_page(page.url().clone()),
            None => question,
        };
        let (mut id, mut secret) = (None, None);
        if self.id {
            id = Some(login.ask(&first(Question::new("client ID"))).await?);
        }
        if self.secret {
            let question = Question::new("client secret").secret();
            let question = if self.id { question } else { first(question) };
            secret = Some(login.ask(&question).await?);
        }
        Ok(self.client(options, id, secret))
    }

    fn keep(self, client: &Client, grant: TokenSet) -> TokenSet {
        let grant = if self.id { grant.with_kept(ID, client.id().into()) } else { grant };
        match client.secret() {
            Ok(secret) if self.secret => grant.with_kept(SECRET, secret.clone()),
            _ => grant,
        }
    }

    fn what(self) -> &'static str {
        match (self.id, self.secret) {
            (true, true) => "identifier and secret",
            (true, false) => "identifier",
            _ => "secret",
        }
    }
}

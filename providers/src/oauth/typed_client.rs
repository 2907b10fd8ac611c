//! A client whose identifier or secret the user types in at the login.
//!
//! That is for a server at which everybody registers a client of their own, as for a Keycloak with service
//! accounts. What was typed in is kept with the session, in the token store, and forgotten with it; what is
//! configured stays where it is configured.

use authn::{
    Context, Error, Login, Result, SecretString, TokenSet,
    prompt::{Progress, Question},
};

use super::{
    Call, OAuth,
    grants::{GrantType, client_credentials::redeem},
};
use crate::client_auth::Client;

/// Names under which a session keeps what was typed in.
const ID: &str = "client_id";
const SECRET: &str = "client_secret";

/// How often the user may type in what the server does not know.
const TRIES: u32 = 3;

/// What of a client is missing in the configuration, so that the user types it in.
#[derive(Clone, Copy)]
pub(super) struct Missing {
    id: bool,
    secret: bool,
}

impl Missing {
    /// Finds what is missing; `None` if the user is not asked. Only a configuration that says that the grant is
    /// `client_credentials` means a client that authenticates by a secret, wherever that is.
    pub(super) fn of(options: &OAuth) -> Option<Self> {
        let client = &options.client;
        if options.grant_type != Some(GrantType::ClientCredentials) || !client.uses_secret() {
            return None;
        }
        let (id, secret) = (client.id().is_empty(), !client.has_secret());
        (id || secret).then_some(Self { id, secret })
    }

    /// Checks whatever of the client is configured.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        // Stands for what will be typed in.
        let any = || Some("-".into());
        self.client(options, any(), any()).validate()
    }

    /// Returns the client of a session; the error says to log in if the session does not have what is missing.
    pub(super) fn find(self, call: Call<'_>, last: Option<&TokenSet>) -> Result<Client> {
        let kept = |name| last.and_then(|grant| grant.kept(name)).cloned();
        let client = self.client(call.options, kept(ID), kept(SECRET));
        if client.client_id.is_some() && client.has_secret() {
            return Ok(client);
        }
        let (what, is) = (self.what(), if self.id && self.secret { "are" } else { "is" });
        Err(call.context.login_required(&format!("the client's {what} {is} not configured")))
    }

    /// Returns the client with what is missing in the configuration.
    fn client(
        self,
        options: &OAuth,
        id: Option<SecretString>,
        secret: Option<SecretString>,
    ) -> Client {
        let mut client = options.client.clone();
        if self.id {
            // Copied from a page, and no identifier begins or ends with a space.
            client.client_id = id.map(|id| id.expose().trim().to_owned());
        }
        if self.secret {
            client.set_secret(secret);
        }
        client
    }

    /// Makes the error of a client that the server knew at the login.
    pub(super) fn no_longer_accepted(self, context: &Context) -> Error {
        let what = self.what();
        context.login_required(&format!("the server no longer accepts the client's {what}"))
    }

    fn not_entered(self, context: &Context) -> Error {
        let what = self.what();
        context
            .login_required(&format!("the client's {what} was not entered within `login_timeout`"))
    }

    /// Exchanges a client's credentials, which the user types in until the server takes them.
    pub(super) async fn log_in(self, call: Call<'_>, login: &Login) -> Result<TokenSet> {
        let Call { options, context, .. } = call;
        let clock = context.clock();
        let end = clock.now().plus(options.login.login_timeout);
        for tried in 1..=TRIES {
            // Others wait for this login, so it ends if no user is there.
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

    /// Asks for what is missing.
    async fn ask(self, options: &OAuth, login: &Login) -> Result<Client> {
        // It is shown once, beside the first question.
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

//! `TypedClient`: a client whose identifier or secret the user types in at the login.
//!
//! That is for a server at which everybody registers a client of their own, as for a Keycloak with service
//! accounts. What was typed in is kept with the session, in the token store, and forgotten with it; what is
//! configured stays where it is configured.

use authn::{
    Context, Error, Grant, Login, Result, SecretString,
    prompt::{Progress, Question},
};

use super::{OAuth, Refused, grants::GrantType};
use crate::{
    client_auth::{Client, Method},
    token_endpoint::Members,
};

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
        let method = options.token_endpoint_auth_method;
        let by_secret = options._private_key.is_none()
            && !matches!(method, Some(Method::PrivateKeyJwt | Method::None));
        if options.grant_type != Some(GrantType::ClientCredentials) || !by_secret {
            return None;
        }
        let id = options.client_id.as_deref().is_none_or(str::is_empty);
        let secret = options._client_secret.is_none();
        (id || secret).then_some(Self { id, secret })
    }

    /// Checks whatever of the client is configured.
    pub(super) fn validate(self, options: &OAuth) -> Result<()> {
        // Stands for what will be typed in.
        let any = || "-".to_owned();
        let id = if self.id { any() } else { options.client_id.clone().unwrap_or_default() };
        let secret = options._client_secret.clone().unwrap_or_else(|| any().into());
        TypedClient { id, secret }.client(options).validate()
    }

    /// Returns the client of a session; the error says to log in if the session does not have what is missing.
    pub(super) fn find(
        self,
        options: &OAuth,
        context: &Context,
        last: Option<&Grant>,
    ) -> Result<TypedClient> {
        let kept = |name| last.and_then(|grant| grant.kept(name));
        let id = if self.id {
            kept(ID).map(|id| id.expose().to_owned())
        } else {
            options.client_id.clone()
        };
        let secret = if self.secret { kept(SECRET) } else { options._client_secret.as_ref() };
        if let (Some(id), Some(secret)) = (id, secret) {
            return Ok(TypedClient { id, secret: secret.clone() });
        }
        let (what, is) = (self.what(), self.is());
        Err(context.login_required(&format!("the client's {what} {is} not configured")))
    }

    /// Makes the error of a client that the server knew at the login.
    pub(super) fn counts_no_longer(self, context: &Context) -> Error {
        let what = self.what();
        context.login_required(&format!("the server takes the client's {what} no longer"))
    }

    fn nobody_is_there(self, context: &Context) -> Error {
        let what = self.what();
        context.login_required(&format!(
            "nobody has typed in the client's {what} within `login_timeout`"
        ))
    }

    /// Exchanges a client's credentials, which the user types in until the server takes them.
    pub(super) async fn log_in(
        self,
        options: &OAuth,
        context: &Context,
        login: &Login,
        refused: Refused<'_>,
    ) -> Result<Grant> {
        let clock = context.clock();
        let end = clock.now().plus(options.login_timeout);
        for tried in 1..=TRIES {
            // Others wait for this login, so it ends if no user is there.
            let left = end.after(clock.now());
            let asked = clock.within(left, self.ask(options, login)).await;
            let client = asked.unwrap_or_else(|| Err(self.nobody_is_there(context)))?;
            login.progress(&Progress::Exchanging);
            match client.exchange(options, context, refused).await {
                Ok(Some(grant)) => return Ok(self.keep(&client, grant)),
                Ok(None) if tried < TRIES => {
                    let what = self.what();
                    let text = format!("the server does not take the client's {what}; try again");
                    login.progress(&Progress::Notice(text));
                }
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::refused(format!(
            "the server has not taken the client's {} {TRIES} times; check it where the client is \
             registered, and `token_endpoint_auth_method`, and log in again",
            self.what()
        )))
    }

    /// Asks for what is missing.
    async fn ask(self, options: &OAuth, login: &Login) -> Result<TypedClient> {
        // It is shown once, beside the first question.
        let page = options.registration_page_url.as_ref();
        let first = |question: Question| match page {
            Some(page) => question.with_page(page.url().clone()),
            None => question,
        };
        let id = if self.id {
            let typed = login.ask(&first(Question::new("client ID"))).await?;
            // Copied from a page, and no identifier begins or ends so.
            typed.expose().trim().to_owned()
        } else {
            options.client_id.clone().unwrap_or_default()
        };
        let question = Question::new("client secret").secret();
        let secret = match &options._client_secret {
            Some(secret) => secret.clone(),
            None if self.id => login.ask(&question).await?,
            None => login.ask(&first(question)).await?,
        };
        Ok(TypedClient { id, secret })
    }

    fn keep(self, client: &TypedClient, grant: Grant) -> Grant {
        let grant = if self.id { grant.with_kept(ID, client.id.as_str().into()) } else { grant };
        if self.secret { grant.with_kept(SECRET, client.secret.clone()) } else { grant }
    }

    fn what(self) -> &'static str {
        match (self.id, self.secret) {
            (true, true) => "identifier and secret",
            (true, false) => "identifier",
            _ => "secret",
        }
    }

    fn is(self) -> &'static str {
        if self.id && self.secret { "are" } else { "is" }
    }
}

/// A client, whole.
pub(super) struct TypedClient {
    id: String,
    secret: SecretString,
}

impl TypedClient {
    /// Returns it as the options have it, with what they lack.
    pub(super) fn client<'a>(&'a self, options: &'a OAuth) -> Client<'a> {
        Client { id: &self.id, secret: Some(&self.secret), ..options.client() }
    }

    /// Exchanges its credentials; `None` if the server does not take them.
    pub(super) async fn exchange(
        &self,
        options: &OAuth,
        context: &Context,
        refused: Refused<'_>,
    ) -> Result<Option<Grant>> {
        if self.id.is_empty() || self.secret.is_empty() {
            return Ok(None);
        }
        let members = Members::of_grant("client_credentials");
        let (client, scopes) = (self.client(options), options.scopes(context));
        match options.exchange(&client, members, scopes, refused, context).await {
            Ok(grant) => Ok(Some(grant)),
            Err(failure) if failure.is_of_client => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }
}

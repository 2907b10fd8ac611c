//! Clients that authn registers at a server by itself (RFC 7591), and deletes there (RFC 7592).
//!
//! A registered client is kept beside the sessions, by its issuer and its redirect address. So a logout keeps it, all
//! profiles with the same server share it, and only one process registers it.
//!
//! - [`options`]: the options
//! - [`record`]: what is kept of a registered client
//! - [`request`]: the requests

mod options;
mod record;
mod request;

use authn::{Context, Error, Kept, Result, SecretString};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{OAuth, grants::GrantType};
use crate::token_endpoint::{Address, Endpoint};
pub(super) use options::RegistrationOptions;
pub(super) use record::Record;
use request::Metadata;

/// The registration of one client at a server. `options` are those with the server.
#[derive(Clone, Copy)]
pub(super) struct Registration<'a> {
    pub(super) options: &'a OAuth,
    pub(super) grant_type: GrantType,
    /// The address that a browser comes back to; empty for a grant without one.
    pub(super) redirect_uri: &'a str,
    pub(super) context: &'a Context,
}

impl Registration<'_> {
    /// Returns the registered client, if there is one.
    pub(super) async fn known(self) -> Result<Option<Record>> {
        self.record().await
    }

    /// Returns the registered client, and registers one if there is none or if its secret has expired.
    pub(super) async fn client(self) -> Result<Record> {
        if let Some(record) = self.record().await? {
            if !record.has_expired(self.context) {
                return Ok(record);
            }
            // It would be in the way of a new one.
            self.forget(record.id()).await?;
        }
        // Before the lease, because it can ask the server for its metadata.
        let endpoint = self.options.server.endpoint(Endpoint::Registration, self.context).await?;
        let metadata = self.metadata().await?;
        let work = metadata.work(endpoint, self.place()?, &self.options.registration, self.context);
        let text = self.kept()?.get_or_try_init(&self.name()?, || work).await?;
        Record::parse(&text.expose()).ok_or_else(Record::unreadable)
    }

    /// Asks the server whether it still knows the client, and forgets one that it does not. If the server can't be asked, a
    /// client that it has refused is forgotten.
    pub(super) async fn forget_if_unknown(self) -> Result<()> {
        let Some(record) = self.record().await? else { return Ok(()) };
        let id = record.id().to_owned();
        match request::read(&record, self.context).await {
            Some(request::State::Unknown) => self.forget(&id).await,
            Some(request::State::Known(token)) => {
                self.change(&id, move |record| Some(record.accepted(token))).await
            }
            None if record.is_refused() => self.forget(&id).await,
            None => Ok(()),
        }
    }

    /// Notes that the server has refused a client, so that the next login registers another one.
    pub(super) async fn refuse(self, id: &str) -> Result<()> {
        self.change(id, |record| Some(record.refused())).await
    }

    /// Forgets a client, which the server does not know any longer.
    pub(super) async fn forget(self, id: &str) -> Result<()> {
        self.change(id, |_| None).await
    }

    /// Deletes the client at the server, if it can be deleted there (RFC 7592, 2.3), and here. Returns whether there was one.
    pub(super) async fn delete(self) -> Result<bool> {
        let Some(text) = self.kept()?.get(&self.name()?).await? else { return Ok(false) };
        let Some(record) = Record::parse(&text.expose()) else {
            // It can't be read, so it can only be removed.
            return self.kept()?.remove(&self.name()?).await.map(|()| true);
        };
        request::delete(&record, self.context).await?;
        self.forget(record.id()).await.map(|()| true)
    }

    async fn record(self) -> Result<Option<Record>> {
        let place = self.place()?;
        let kept = self.kept()?.get(&self.name()?).await?;
        let record = kept.and_then(|text| Record::parse(&text.expose()));
        Ok(record.filter(|record| record.is_for(&place)))
    }

    /// Changes or removes the record of a client. Another process may have registered another one meanwhile, which stays.
    async fn change(
        self,
        id: &str,
        change: impl FnOnce(Record) -> Option<Record> + Send + 'static,
    ) -> Result<()> {
        let id = id.to_owned();
        let update = move |kept: Option<SecretString>| {
            let text = kept?;
            match Record::parse(&text.expose()) {
                Some(record) if record.id() == id => change(record).map(|record| record.write()),
                _ => Some(text),
            }
        };
        self.kept()?.update(&self.name()?, update).await
    }

    /// Returns what tells the client from others: the server, the redirect address, and the grant.
    fn place(self) -> Result<String> {
        let issuer = self.options.server.audience()?;
        let grant = match self.grant_type {
            // Both can be registered for one client.
            GrantType::AuthorizationCode => "login",
            other => other.name(),
        };
        Ok(format!("client\n{issuer}\n{}\n{grant}", self.redirect_uri))
    }

    /// Returns the name under which the client is kept. In memory, all clients of the program are kept side by side.
    fn name(self) -> Result<String> {
        let digest = digest(&SHA256, self.place()?.as_bytes());
        Ok(format!("client {}", URL_SAFE_NO_PAD.encode(digest)))
    }

    fn kept(self) -> Result<Kept> {
        Ok(self.context.kept_beside_sessions(&self.place()?))
    }

    async fn metadata(self) -> Result<Metadata> {
        let mut grant_types = vec![self.grant_type.registered_name()];
        if self.grant_type.is_login() {
            grant_types = vec![GrantType::AuthorizationCode.registered_name(), "refresh_token"];
            let device = GrantType::DeviceCode.registered_name();
            let server = &self.options.server;
            if self.grant_type == GrantType::DeviceCode
                || server.names_grant_type(device, self.context).await?
            {
                grant_types.push(device);
            }
        }
        Ok(Metadata::new(self.redirect_uri, &grant_types, self.grant_type.is_login()))
    }
}

/// Returns the error of a session whose client the server does not know any longer. It may know it again later, so the
/// session stays.
pub(super) fn unknown_client(context: &Context) -> Error {
    let error =
        context.login_required("the server has forgotten the client that was registered there");
    error.keeping_session()
}

/// Returns the error of a session whose client is not registered any longer.
pub(super) fn no_client(context: &Context) -> Error {
    context
        .login_required("the client of this session is not registered any longer")
        .keeping_session()
}

/// Checks that the address is one to which a secret may be sent.
fn is_safe(address: &Address) -> bool {
    authn::http::check(address.url(), false).is_ok()
}

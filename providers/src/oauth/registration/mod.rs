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

use authn::{Context, Error, Kept, Result};

use super::{OAuth, grants::GrantType};
use crate::{
    client_auth::Client,
    token_endpoint::{Address, Endpoint},
};
pub(super) use options::RegistrationOptions;
use record::Record;
use request::Metadata;

/// The name under which a registered client is kept.
const NAME: &str = "client";

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
    /// Returns the registered client, and registers one if there is none or if its secret has expired.
    pub(super) async fn client(self) -> Result<Client> {
        let kept = self.kept()?;
        match self.record(&kept).await? {
            Some(record) if !record.has_expired(self.context) => {
                return Ok(record.client(&self.options.client));
            }
            // It would be in the way of a new one.
            _ => kept.remove(NAME).await?,
        }
        // Before the lease, because it can ask the server for its metadata.
        let endpoint = self.options.server.endpoint(Endpoint::Registration, self.context).await?;
        let metadata = self.metadata().await?;
        let work = metadata.work(endpoint, self.place()?, &self.options.registration, self.context);
        let text = kept.get_or_try_init(NAME, || work).await?;
        let record = Record::parse(&text.expose()).ok_or_else(Record::unreadable)?;
        Ok(record.client(&self.options.client))
    }

    /// Asks the server whether it still knows the client, and forgets one that it does not. A server that can't be asked
    /// makes no difference.
    pub(super) async fn forget_if_unknown(self) -> Result<()> {
        let kept = self.kept()?;
        let Some(record) = self.record(&kept).await? else { return Ok(()) };
        match request::read(&record, self.context).await {
            Some(request::State::Unknown) => kept.remove(NAME).await,
            Some(request::State::Known(Some(token))) => {
                kept.set(NAME, record.with_access_token(token).write()).await
            }
            Some(request::State::Known(None)) | None => Ok(()),
        }
    }

    /// Forgets the client, which the server does not know any longer.
    pub(super) async fn forget(self) -> Result<()> {
        self.kept()?.remove(NAME).await
    }

    /// Deletes the client at the server, if it can be deleted there (RFC 7592, 2.3), and here.
    pub(super) async fn delete(self) -> Result<()> {
        let kept = self.kept()?;
        let Some(record) = self.record(&kept).await? else { return Ok(()) };
        request::delete(&record, self.context).await?;
        kept.remove(NAME).await
    }

    async fn record(self, kept: &Kept) -> Result<Option<Record>> {
        let place = self.place()?;
        let record = kept.get(NAME).await?.and_then(|text| Record::parse(&text.expose()));
        Ok(record.filter(|record| record.is_for(&place)))
    }

    /// Returns what tells the client from others: the server, the redirect address, and whether users log in.
    fn place(self) -> Result<String> {
        let issuer = self.options.server.audience()?;
        Ok(format!("{NAME}\n{issuer}\n{}\n{}", self.redirect_uri, self.grant_type.is_login()))
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

/// Returns the error of a session whose client the server does not know any longer.
pub(super) fn unknown_client(context: &Context) -> Error {
    context.login_required("the server has forgotten the client that was registered there")
}

/// Checks that the address is one to which a secret may be sent.
fn is_safe(address: &Address) -> bool {
    authn::http::check(address.url(), false).is_ok()
}

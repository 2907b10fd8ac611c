//! `Assertions`: the JWTs of nested providers: of the grant `jwt_bearer`, and of a client that authenticates with one
//! (RFC 7521, 4.2).

use authn::{Bound, Credentials, Error, Result};

use super::{Call, OAuth, grants::GrantType};
use crate::{
    client_auth::{ASSERTION_TYPE, Standard},
    nested::{self, Sent},
    token_endpoint::TokenRequest,
};

/// The options for JWTs of nested providers.
#[derive(Clone, authn::Options)]
pub(super) struct Assertions {
    /// Provider of a JWT: a table that contains the table of one provider. The grant `jwt_bearer` exchanges the JWT
    /// (RFC 7523, 2.1). With any other grant, the client authenticates with it (RFC 7523, 2.2), if
    /// `token_endpoint_auth_method` is `client_assertion`.
    #[provider]
    pub(super) assertion: Option<Credentials>,
    /// Provider of the JWT that the client authenticates with, if `assertion` is the one that the grant `jwt_bearer`
    /// exchanges.
    #[provider]
    client_assertion: Option<Credentials>,
}

impl Assertions {
    /// Returns the nested providers.
    pub(super) fn nested(&self) -> impl Iterator<Item = &Bound> {
        self.assertion.iter().chain(&self.client_assertion).map(Credentials::bound)
    }

    /// Checks that each is used, and that the client has the one it needs.
    pub(super) fn validate(options: &OAuth) -> Result<()> {
        let Self { assertion, client_assertion } = &options.assertions;
        nested::check("assertion", assertion.as_ref())?;
        nested::check("client_assertion", client_assertion.as_ref())?;
        let (grant, method) = (GrantType::of(options), options.client.method());
        let is_exchanged = grant == GrantType::JwtBearer;
        if !method.is(Standard::ClientAssertion) {
            if client_assertion.is_some() {
                return Err(Error::configuration(format!(
                    "`client_assertion` is set, but `token_endpoint_auth_method` {} does not use it",
                    method.name()
                ))
                .with_help("remove it, or set `token_endpoint_auth_method = \"client_assertion\"`"));
            }
            if assertion.is_some() && !is_exchanged {
                return Err(Error::configuration(format!(
                    "`assertion` is set, but neither the grant {} nor `token_endpoint_auth_method` {} uses it",
                    grant.name(),
                    method.name()
                ))
                .with_help(
                    "remove it, or set `grant_type = \"jwt_bearer\"` or \
                     `token_endpoint_auth_method = \"client_assertion\"`",
                ));
            }
            return Ok(());
        }
        if assertion.is_some() && client_assertion.is_some() && !is_exchanged {
            return Err(Error::configuration(format!(
                "both `assertion` and `client_assertion` are set, but the grant {} exchanges no assertion",
                grant.name()
            ))
            .with_help("keep one of them"));
        }
        of_client(options).map(drop)
    }
}

/// Returns the provider of the JWT that the client authenticates with.
fn of_client(options: &OAuth) -> Result<&Credentials> {
    let Assertions { assertion, client_assertion } = &options.assertions;
    let is_exchanged = GrantType::of(options) == GrantType::JwtBearer;
    let (option, found) = if is_exchanged {
        ("client_assertion", client_assertion.as_ref())
    } else {
        ("assertion", client_assertion.as_ref().or(assertion.as_ref()))
    };
    found.ok_or_else(|| {
        Error::configuration(format!(
            "`{option}` is not set, but `token_endpoint_auth_method` client_assertion needs it"
        ))
        .with_help(format!("add the table of the provider of the JWT, such as `{option}.jwt`"))
    })
}

impl<'a> Call<'a> {
    /// Returns the JWT that the client authenticates with; `None` if it does so otherwise.
    pub(super) async fn client_assertion(self) -> Result<Option<Sent<'a>>> {
        if !self.client.method().is(Standard::ClientAssertion) {
            return Ok(None);
        }
        Sent::of(of_client(self.options)?, self.context).await.map(Some)
    }

    /// Adds that JWT to a request.
    pub(super) async fn add_client_assertion(self, request: &mut TokenRequest) -> Result<()> {
        if let Some(assertion) = self.client_assertion().await? {
            request.set_parameter("client_assertion_type", ASSERTION_TYPE);
            request.set_parameter("client_assertion", assertion.token().secret());
        }
        Ok(())
    }
}

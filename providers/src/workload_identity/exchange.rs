//! `ExchangeOptions`: what the identity's token is exchanged for.

use std::collections::BTreeMap;

use authn::{Error, Result};

use super::{
    plan::{Carrier, Plan, Server},
    service::{Service, ServiceOptions},
};
use crate::{
    oauth::OWN_PARAMETERS,
    token_endpoint::{Address, RequestEncoding, TokenKind, TokenType},
};

/// An exchange: one of these.
#[derive(authn::Options)]
pub(super) struct ExchangeOptions {
    /// Service that is known by its name: `google`, `azure`, `anthropic` or `openrouter`.
    #[shorthand]
    service: Option<Service>,
    /// Token exchange at any server (RFC 8693).
    token_exchange: Option<TokenExchange>,
    /// JWT as a grant at any server (RFC 7523, 2.1).
    jwt_bearer: Option<JwtBearer>,
}

/// A token exchange, with the identity's token as the subject.
#[derive(authn::Options)]
struct TokenExchange {
    #[flatten]
    server: ServerOptions,
    /// Type of the identity's token: `jwt`, `id_token`, `access_token`, or a URI. Unset, it is `jwt`.
    subject_token_type: Option<TokenKind>,
    /// Type of the token to request, like `subject_token_type`. Unset, the server chooses it.
    requested_token_type: Option<TokenKind>,
}

/// A grant, with the identity's token as the assertion.
#[derive(authn::Options)]
struct JwtBearer {
    #[flatten]
    server: ServerOptions,
}

/// A server, and what is asked of it.
#[derive(Clone, authn::Options)]
struct ServerOptions {
    /// Token endpoint of the server.
    token_endpoint_url: Option<Address>,
    /// Issuer identifier of the server, exactly as in its metadata. The token endpoint is discovered from it.
    issuer_url: Option<Address>,
    /// Client identifier, for servers that require one.
    client_id: Option<String>,
    /// Audience of the token to request.
    audience: Option<String>,
    /// Scopes to request.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Resources that the token is for (RFC 8707).
    #[default(Vec::new())]
    resource: Vec<String>,
    /// Additional parameters of the request. Their values are shown, so they must not be secret.
    #[default(BTreeMap::new())]
    parameters: BTreeMap<String, String>,
    /// Encoding of the request: `form`, or `json` for servers that read a JSON object.
    #[default(RequestEncoding::Form)]
    token_request_encoding: RequestEncoding,
    /// What to take a token as whose type the server names and authn does not know. Unset, such a token is an error.
    token_type: Option<TokenType>,
}

impl ExchangeOptions {
    /// Returns the exchange. Fails if the options don't fit together.
    pub(super) fn plan(&self, services: &ServiceOptions) -> Result<Plan> {
        let plan = match (self.service, &self.token_exchange, &self.jwt_bearer) {
            (Some(service), None, None) => return services.plan(service),
            (None, Some(exchange), None) => {
                let kind = exchange.subject_token_type.clone().unwrap_or_else(TokenKind::jwt);
                let requested = exchange.requested_token_type.clone();
                let carrier = Carrier::Subject { kind, requested };
                exchange.server.plan("exchange.token_exchange", carrier)
            }
            (None, None, Some(grant)) => {
                grant.server.plan("exchange.jwt_bearer", Carrier::Assertion)
            }
            (None, None, None) => {
                return Err(Error::configuration("`exchange` names no exchange")
                    .with_help("set it to a service like `google`, or add the table `token_exchange` or `jwt_bearer`"));
            }
            _ => {
                return Err(Error::configuration(
                    "more than one of `service`, `token_exchange` and `jwt_bearer` is set in `exchange`",
                )
                .with_help("keep one of them"));
            }
        };
        services.refuse_all()?;
        let plan = plan?;
        plan.check()?;
        Ok(plan)
    }
}

impl ServerOptions {
    fn plan(&self, table: &str, carrier: Carrier) -> Result<Plan> {
        if let Some(name) = OWN_PARAMETERS.iter().find(|name| self.parameters.contains_key(**name))
        {
            return Err(Error::configuration(format!(
                "`{table}.parameters` must not contain `{name}`, which the provider sets itself"
            ))
            .with_help("remove it"));
        }
        let (server, address) = match (&self.token_endpoint_url, &self.issuer_url) {
            (Some(endpoint), None) => (Server::Endpoint(endpoint.clone()), endpoint),
            (None, Some(issuer)) => (Server::Issuer(issuer.clone()), issuer),
            (None, None) => {
                return Err(Error::configuration(format!("no server is set in `{table}`"))
                    .with_help("set `token_endpoint_url` or `issuer_url` there"));
            }
            (Some(_), Some(_)) => {
                return Err(Error::configuration(format!(
                    "both `issuer_url` and `token_endpoint_url` are set in `{table}`"
                ))
                .with_help("remove one of them"));
            }
        };
        let mut members = Vec::new();
        let texts = [("client_id", &self.client_id), ("audience", &self.audience)];
        for (name, value) in texts {
            members.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
        }
        members.extend(self.resource.iter().map(|value| ("resource".to_owned(), value.clone())));
        members.extend(self.parameters.clone());
        Ok(Plan {
            identity_audience: address.as_str().to_owned(),
            server,
            carrier,
            scope: self.scope.clone(),
            members,
            encoding: self.token_request_encoding,
            unknown_type: self.token_type,
            account: None,
        })
    }
}

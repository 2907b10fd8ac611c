//! `Server`: the authorization server and its endpoints.

use std::sync::Arc;

use authn::{Context, Error, Probe, Result, Used, diagnostic::no_address};

use crate::{
    client_auth::{Client, Standard},
    token_endpoint::{Address, Discovery, Endpoint, Metadata, ask_for_metadata, unavailable},
};

/// The options that name the server and its endpoints.
#[derive(Clone, authn::Options)]
pub(super) struct Server {
    /// Protected resource, such as an API, whose metadata name the server (RFC 9728). It replaces `issuer_url`. Without
    /// `issuer`, a login shows the server that was found, and asks before anything is sent to it.
    resource_url: Option<Address>,
    /// Issuer identifier of the server, exactly as in its metadata, or the address of these. The endpoints are discovered
    /// from it (RFC 8414, OpenID Connect Discovery).
    #[needed]
    issuer_url: Option<Address>,
    /// Token endpoint, for a server without discovery.
    token_endpoint_url: Option<Address>,
    /// Address of a Keycloak server. Together with `realm` it replaces `issuer_url`.
    keycloak_url: Option<Address>,
    /// Realm at the Keycloak server.
    realm: Option<String>,
    /// Issuer identifier that the server uses, if it differs from `issuer_url` or nothing is discovered. Beside
    /// `resource_url`, it is the only server that the resource may name.
    issuer: Option<String>,
    /// Authorization endpoint (RFC 6749, 3.1), instead of the discovered one.
    authorization_endpoint_url: Option<Address>,
    /// Device authorization endpoint (RFC 8628), instead of the discovered one.
    device_authorization_endpoint_url: Option<Address>,
    /// Endpoint for pushed authorization requests (RFC 9126), instead of the discovered one.
    pushed_authorization_request_endpoint_url: Option<Address>,
    /// Introspection endpoint (RFC 7662), instead of the discovered one.
    introspection_endpoint_url: Option<Address>,
    /// Revocation endpoint (RFC 7009), instead of the discovered one.
    revocation_endpoint_url: Option<Address>,
    /// Endpoint at which clients register themselves (RFC 7591), instead of the discovered one.
    registration_endpoint_url: Option<Address>,
    /// UserInfo endpoint (OpenID Connect Core, 5.3), instead of the discovered one.
    userinfo_endpoint_url: Option<Address>,
    /// Endpoint that ends the user's session at the server (OpenID Connect RP-Initiated Logout), instead of the
    /// discovered one.
    end_session_endpoint_url: Option<Address>,
    /// Address of the keys that the server signs ID tokens with (RFC 7517), instead of the discovered one.
    jwks_url: Option<Address>,
    __discovery: Arc<Discovery>,
}

impl Server {
    /// Checks that exactly one server is set, and that nothing would be sent to it in the clear.
    pub(super) fn validate(&self) -> Result<()> {
        let named =
            [&self.issuer_url, &self.token_endpoint_url, &self.keycloak_url, &self.resource_url];
        let named = named.map(Option::as_ref);
        match named.iter().flatten().count() {
            0 => return Err(unnamed()),
            1 => {}
            _ => {
                return Err(Error::configuration("the server is set more than once").with_help(
                    "keep only one of `issuer_url`, `token_endpoint_url`, `keycloak_url` and `resource_url`",
                ));
            }
        }
        if self.keycloak_url.is_some() != self.realm.is_some() {
            return Err(Error::configuration("only one of `keycloak_url` and `realm` is set")
                .with_help("set both"));
        }
        if self.issuer.as_deref() == Some("") {
            return Err(Error::configuration("`issuer` is empty")
                .with_help("set it to the server's issuer identifier, or leave it out"));
        }
        // They name the server, also in messages.
        let identities = [
            ("issuer_url", &self.issuer_url),
            ("keycloak_url", &self.keycloak_url),
            ("resource_url", &self.resource_url),
        ];
        let has_user = |address: &Option<Address>| address.as_ref().is_some_and(Address::has_user);
        if let Some((option, _)) = identities.iter().find(|(_, address)| has_user(address)) {
            return Err(Error::configuration(format!("`{option}` has a user name or a password"))
                .with_help(
                    "remove what is before the `@`, and set `client_id` and `client_secret`",
                ));
        }
        self.discovered()?;
        let others = [
            &self.authorization_endpoint_url,
            &self.device_authorization_endpoint_url,
            &self.pushed_authorization_request_endpoint_url,
            &self.introspection_endpoint_url,
            &self.revocation_endpoint_url,
            &self.registration_endpoint_url,
            &self.userinfo_endpoint_url,
            &self.end_session_endpoint_url,
            &self.jwks_url,
        ];
        let mut addresses = named.into_iter().flatten().chain(others.into_iter().flatten());
        addresses.try_for_each(|address| authn::http::check(address.url(), false))
    }

    /// Checks that a certificate can be shown to each configured endpoint at which a client authenticates: TLS does that, so
    /// plain `http` to this machine is no exception.
    pub(super) fn validate_for_certificate(&self) -> Result<()> {
        let endpoints = [
            ("token_endpoint_url", &self.token_endpoint_url),
            ("device_authorization_endpoint_url", &self.device_authorization_endpoint_url),
            (
                "pushed_authorization_request_endpoint_url",
                &self.pushed_authorization_request_endpoint_url,
            ),
            ("introspection_endpoint_url", &self.introspection_endpoint_url),
            ("revocation_endpoint_url", &self.revocation_endpoint_url),
        ];
        let is_in_the_clear = |address: &Option<Address>| {
            address.as_ref().is_some_and(|of| of.url().scheme() != "https")
        };
        match endpoints.into_iter().find(|(_, address)| is_in_the_clear(address)) {
            Some((option, _)) => Err(Error::configuration(format!(
                "`{option}` is not an https address, so the certificate can't be shown to it"
            ))
            .with_help("set it to an https address, or remove `certificate`")),
            None => Ok(()),
        }
    }

    /// Returns the server's issuer identifier, if it is known without asking the server.
    pub(super) fn issuer(&self) -> Result<Option<String>> {
        if let Some(issuer) = &self.issuer {
            return Ok(Some(issuer.clone()));
        }
        Ok(self.discovered()?.map(|address| address.as_str().to_owned()))
    }

    /// Returns the audience of a client's assertions: the issuer if it is known, else the token endpoint.
    pub(super) fn audience(&self) -> Result<String> {
        if let Some(issuer) = self.issuer()? {
            return Ok(issuer);
        }
        let endpoint = self.token_endpoint_url.as_ref().ok_or_else(unnamed)?;
        Ok(endpoint.as_str().to_owned())
    }

    /// Returns an endpoint: the configured one, or else the discovered one.
    pub(super) async fn endpoint(&self, endpoint: Endpoint, context: &Context) -> Result<Address> {
        self.find(endpoint, false, context).await
    }

    /// Returns an endpoint for the requests of a client, which may show a certificate.
    pub(super) async fn endpoint_for(
        &self,
        client: &Client,
        endpoint: Endpoint,
        context: &Context,
    ) -> Result<Address> {
        self.find(endpoint, client.has_certificate(), context).await
    }

    /// Returns an endpoint, for clients that show a certificate or for others.
    pub(super) async fn find(
        &self,
        endpoint: Endpoint,
        is_mutual_tls: bool,
        context: &Context,
    ) -> Result<Address> {
        let configured = match endpoint {
            Endpoint::Authorization => &self.authorization_endpoint_url,
            Endpoint::DeviceAuthorization => &self.device_authorization_endpoint_url,
            Endpoint::PushedAuthorizationRequest => &self.pushed_authorization_request_endpoint_url,
            Endpoint::Token => &self.token_endpoint_url,
            Endpoint::Introspection => &self.introspection_endpoint_url,
            Endpoint::Registration => &self.registration_endpoint_url,
            Endpoint::UserInfo => &self.userinfo_endpoint_url,
            Endpoint::EndSession => &self.end_session_endpoint_url,
            Endpoint::Revocation => &self.revocation_endpoint_url,
            Endpoint::Jwks => &self.jwks_url,
        };
        if let Some(address) = configured {
            return Ok(address.clone());
        }
        let address = self.discovered()?.ok_or_else(|| endpoint.unknown())?;
        let issuer = self.issuer.as_deref().unwrap_or_else(|| address.as_str());
        if is_mutual_tls {
            return self.__discovery.mutual_tls_endpoint(&address, issuer, endpoint, context).await;
        }
        self.__discovery.endpoint(&address, issuer, endpoint, context).await
    }

    /// Returns whether the server promises to name its issuer in answers to the redirect address (RFC 9207, 3). It is
    /// `false` if nothing is discovered.
    pub(super) async fn names_itself_in_answers(&self, context: &Context) -> Result<bool> {
        let metadata = self.metadata(context).await?;
        Ok(metadata.is_some_and(|metadata| metadata.names_itself_in_answers()))
    }

    /// Returns whether an endpoint for pushed authorization requests is configured.
    pub(super) fn pushes_requests(&self) -> bool {
        self.pushed_authorization_request_endpoint_url.is_some()
    }

    /// Returns the algorithms of the proofs that the server takes (RFC 9449, 5.1); `None` if it takes none, or nothing is
    /// discovered.
    pub(super) async fn proof_algorithms(&self, context: &Context) -> Result<Option<Vec<String>>> {
        let metadata = self.metadata(context).await?;
        Ok(metadata.and_then(|metadata| metadata.proof_algorithms()))
    }

    /// Checks that a user can log in somewhere.
    pub(super) fn validate_login(&self) -> Result<()> {
        if self.has_login_page() || self.device_authorization_endpoint_url.is_some() {
            return Ok(());
        }
        Err(Error::configuration(
            "no credentials are set, and without an issuer or an authorization endpoint no user can log in",
        )
        .with_help(
            "set `refresh_token`, `client_secret`, `private_key` or `certificate`, or set `issuer_url` or \
             `authorization_endpoint_url`",
        ))
    }

    /// Sends the server a request that needs no secret: for its metadata, or a GET to its token endpoint, to which a client
    /// with a certificate shows it: a server can end connections without one.
    pub(super) async fn probe(&self, client: &Client, context: &Context) -> Result<Probe> {
        let response = if let (Some(resource), None) = (&self.resource_url, self.pinned()?) {
            // The server is not known before a login.
            let reach = context.http().reach(resource.url()).await?;
            context.within(reach).http().get(resource.url()).same_origin_redirects().send().await?
        } else if let Some(address) = self.discovered()? {
            ask_for_metadata(&address, context).await?
        } else {
            let endpoint = self.endpoint(Endpoint::Token, context).await?;
            let request = context.http().get(endpoint.url());
            match client.identity_of(&Used::default()) {
                Some(identity) => request.identity(&identity).send().await?,
                None => request.send().await?,
            }
        };
        if response.status().is_server_error() {
            return Err(unavailable(&response));
        }
        Ok(Probe::new(response.place(), response.date()))
    }

    /// Returns the server's metadata, or `None` if no issuer is configured.
    pub(super) async fn metadata(&self, context: &Context) -> Result<Option<Arc<Metadata>>> {
        let Some(address) = self.discovered()? else { return Ok(None) };
        let issuer = self.issuer.as_deref().unwrap_or_else(|| address.as_str());
        self.__discovery.metadata(&address, issuer, context).await.map(Some)
    }

    /// Returns the metadata, if they were read, without asking for them.
    pub(super) fn known_metadata(&self) -> Option<Arc<Metadata>> {
        self.__discovery.known()
    }

    /// Returns whether there can be a page where a user logs in.
    pub(super) fn has_login_page(&self) -> bool {
        matches!(self.discovered(), Ok(Some(_)))
            || self.authorization_endpoint_url.is_some()
            || self.resource_url.is_some()
    }

    /// Returns the issuer whose endpoints are discovered, or `None` if nothing is discovered.
    fn discovered(&self) -> Result<Option<Address>> {
        match (&self.issuer_url, &self.keycloak_url, &self.realm) {
            (Some(issuer), _, _) => Ok(Some(issuer.without_well_known())),
            (None, Some(keycloak), Some(realm)) => keycloak.realm(realm).map(Some),
            _ => self.pinned(),
        }
    }

    /// Returns whether a login has to find the server.
    pub(super) fn is_open(&self) -> Result<bool> {
        Ok(self.resource_url.is_some() && self.pinned()?.is_none())
    }

    /// Returns the protected resource whose metadata name the server.
    pub(super) fn resource(&self) -> Option<&Address> {
        self.resource_url.as_ref()
    }

    /// Returns the only server that the resource may name, if there is one.
    pub(super) fn pinned(&self) -> Result<Option<Address>> {
        let (Some(_), Some(issuer)) = (&self.resource_url, &self.issuer) else { return Ok(None) };
        let address = Address::parse(issuer).ok_or_else(|| {
            Error::configuration(format!("`issuer` is {}", no_address(issuer)))
                .with_help("set it to the issuer that the resource names")
        })?;
        authn::http::check(address.url(), false)?;
        Ok(Some(address))
    }

    /// Returns the same options for a server that was found.
    pub(super) fn found(&self, issuer: &Address) -> Self {
        Self {
            resource_url: None,
            issuer_url: Some(issuer.clone()),
            token_endpoint_url: None,
            keycloak_url: None,
            realm: None,
            issuer: None,
            __discovery: Arc::default(),
            ..self.clone()
        }
    }

    /// Checks that a server that was found offers PKCE with SHA-256, without which it could be tricked into giving the
    /// tokens of this login to others.
    pub(super) async fn check_found(&self, context: &Context) -> Result<()> {
        let metadata = self.metadata(context).await?;
        if metadata.is_none_or(|metadata| metadata.offers_s256()) {
            return Ok(());
        }
        Err(Error::protocol(
            "the server that the resource names does not offer PKCE with S256 (RFC 7636)",
        )
        .with_help("do not log in there, or set `issuer_url` in place of `resource_url`"))
    }

    /// Checks that the server takes the address of a client's metadata as its identifier, if that is what the
    /// identifier of a public client is.
    pub(super) async fn check_client(&self, client: &Client, context: &Context) -> Result<()> {
        let is_document = client.method().is(Standard::None)
            && Address::parse(client.id())
                .is_some_and(|id| id.url().scheme() == "https" && id.url().path() != "/");
        if !is_document {
            return Ok(());
        }
        let metadata = self.metadata(context).await?;
        if metadata.is_none_or(|metadata| metadata.takes_client_documents()) {
            return Ok(());
        }
        Err(Error::protocol(
            "`client_id` is the address of a client's metadata, which the server does not support",
        )
        .with_help(
            "register a client at the server and set `client_id` to its identifier, or set \
             `client_registration = \"dynamic\"` in its place",
        ))
    }

    /// Returns whether the server names a grant type among those that it supports.
    pub(super) async fn names_grant_type(&self, name: &str, context: &Context) -> Result<bool> {
        let metadata = self.metadata(context).await?;
        Ok(metadata.is_some_and(|metadata| metadata.names_grant_type(name)))
    }
}

fn unnamed() -> Error {
    Error::configuration("no server is set").with_help(
        "set `issuer_url`, `token_endpoint_url`, `resource_url`, or `keycloak_url` with `realm`",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use authn::time::{Clock, ManualClock};
    use serde_json::json;

    use super::Endpoint;
    use crate::{
        oauth::loopback::{Loopback, loaded},
        testing::wait,
    };

    const METADATA: &str = "/.well-known/openid-configuration";

    /// A client of the server with discovery, and more.
    fn client(server: &Loopback, more: &str) -> String {
        format!("issuer_url = '{}'\nclient_id = 'c'\nclient_secret = 's'\n{more}", server.url(""))
    }

    #[test]
    fn every_endpoint_is_discovered_once_an_hour() {
        let server = Loopback::start();
        let metadata = json!({
            "issuer": server.url(""),
            "authorization_endpoint": server.url("/authorize"),
            "device_authorization_endpoint": server.url("/device"),
            "revocation_endpoint": server.url("/revoke"),
            "jwks_uri": server.url("/jwks"),
            "authorization_response_iss_parameter_supported": true,
        });
        server.serve(METADATA, &metadata.to_string());
        let manual = ManualClock::new();
        let (options, context) = loaded(&client(&server, ""), Clock::custom(manual.clone()));
        let ask = || {
            let found = &options.server;
            wait(async {
                for (endpoint, path) in [
                    (Endpoint::Authorization, "/authorize"),
                    (Endpoint::DeviceAuthorization, "/device"),
                    (Endpoint::Revocation, "/revoke"),
                    (Endpoint::Jwks, "/jwks"),
                ] {
                    let address = found.endpoint(endpoint, &context).await;
                    assert_eq!(address.unwrap().as_str(), server.url(path));
                }
                assert!(found.names_itself_in_answers(&context).await.unwrap());
            });
        };
        ask();
        manual.advance(Duration::from_mins(30));
        ask();
        assert_eq!(server.asked(METADATA), 1);
        manual.advance(Duration::from_mins(30));
        ask();
        assert_eq!(server.asked(METADATA), 2);
    }

    #[test]
    fn configured_endpoints_are_not_discovered() {
        let server = Loopback::start();
        let more = "authorization_endpoint_url = 'https://a.test/a'\n\
                    device_authorization_endpoint_url = 'https://a.test/d'\n\
                    revocation_endpoint_url = 'https://a.test/r'\njwks_url = 'https://a.test/j'";
        let (options, context) = loaded(&client(&server, more), Clock::system());
        let found = &options.server;
        wait(async {
            for (endpoint, path) in [
                (Endpoint::Authorization, "a"),
                (Endpoint::DeviceAuthorization, "d"),
                (Endpoint::Revocation, "r"),
                (Endpoint::Jwks, "j"),
            ] {
                let address = found.endpoint(endpoint, &context).await;
                assert_eq!(address.unwrap().as_str(), format!("https://a.test/{path}"));
            }
        });
        assert_eq!(server.asked(METADATA), 0);
    }

    #[test]
    fn missing_and_unsafe_endpoints_are_errors() {
        let server = Loopback::start();
        let metadata = json!({
            "issuer": server.url(""),
            "authorization_endpoint": "http://a.test/authorize",
            "device_authorization_endpoint": "javascript:alert(1)",
            "jwks_uri": null,
            "authorization_response_iss_parameter_supported": "true",
        });
        server.serve(METADATA, &metadata.to_string());
        let undiscovered = "token_endpoint_url = 'https://a.test/t'\nclient_id = 'c'\n\
                            client_secret = 's'";
        for (text, authorization, device, jwks) in [
            (
                client(&server, ""),
                "without encryption",
                "name no device authorization endpoint",
                "name no key set",
            ),
            (
                undiscovered.to_owned(),
                "no authorization endpoint is known",
                "no device authorization endpoint is known",
                "no key set is known",
            ),
        ] {
            let (options, context) = loaded(&text, Clock::system());
            let found = &options.server;
            wait(async {
                for (endpoint, expected) in [
                    (Endpoint::Authorization, authorization),
                    (Endpoint::DeviceAuthorization, device),
                    (Endpoint::Jwks, jwks),
                ] {
                    let address = found.endpoint(endpoint, &context).await;
                    let error = address.map(drop).unwrap_err().to_string();
                    assert!(error.contains(expected), "{error}");
                }
                assert!(!found.names_itself_in_answers(&context).await.unwrap());
            });
        }
    }
}

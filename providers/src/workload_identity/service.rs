//! `Service`: the services that are known by name, and their options.

use authn::{Error, Result, Url};

use super::{
    plan::{Carrier, Plan, Server},
    service_account::{CLOUD_PLATFORM, ServiceAccount},
};
use crate::{
    choice::choice,
    token_endpoint::{Address, RequestEncoding, TokenKind},
};

/// Google's Security Token Service (<https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>).
const GOOGLE: &str = "https://sts.googleapis.com/v1/token";
/// The address of Microsoft Entra, which the tenant follows.
const ENTRA: &str = "https://login.microsoftonline.com/";
/// The audience of identities that Microsoft Entra trusts, outside of sovereign clouds
/// (<https://learn.microsoft.com/graph/api/resources/federatedidentitycredential>).
const ENTRA_AUDIENCE: &str = "api://AzureADTokenExchange";
/// The token endpoint of the Claude API, as in the preset `anthropic`.
const ANTHROPIC: &str = "https://api.anthropic.com/v1/oauth/token";
/// The token endpoint of `openrouter.ai`, as in the preset `openrouter`.
const OPENROUTER: &str = "https://openrouter.ai/api/v1/oauth/token";

choice! {
    /// A service that exchanges the tokens of identities.
    pub(super) enum Service {
        Google = "google",
        Azure = "azure",
        Anthropic = "anthropic",
        Openrouter = "openrouter",
    }
}

/// What the services need, and what can be told to them.
#[derive(authn::Options)]
pub(super) struct ServiceOptions {
    /// Provider of the pool at Google that trusts the identity, for the exchange `google`:
    /// `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
    audience: Option<String>,
    /// Scopes to request, for the exchanges `google`, `azure` and `openrouter`. Unset, Google's token is for all APIs of Google
    /// Cloud.
    #[default(Vec::new())]
    scope: Vec<String>,
    /// Email address of the service account at Google whose token is requested with that of the pool, for the exchange
    /// `google`. Unset, the token is the pool's own.
    service_account: Option<String>,
    /// Tenant of Microsoft Entra: its identifier or its domain, for the exchange `azure`.
    tenant: Option<String>,
    /// Identifier of the application or the managed identity at Microsoft Entra that trusts the identity, for the
    /// exchange `azure`.
    client_id: Option<String>,
    /// Identifier of the rule at Anthropic that names the identity (`fdrl_…`), for the exchange `anthropic`.
    federation_rule_id: Option<String>,
    /// Identifier of the organization at Anthropic, for the exchange `anthropic`.
    organization_id: Option<String>,
    /// Identifier of the service account at Anthropic (`svac_…`), for the exchange `anthropic`.
    service_account_id: Option<String>,
    /// Identifier of the workspace at Anthropic (`wrkspc_…`), or `default`, for the exchange `anthropic`. It is needed
    /// if the rule allows several.
    workspace_id: Option<String>,
    /// Identifier of the policy at `openrouter.ai` that names the identity, for the exchange `openrouter`.
    federation_policy_id: Option<String>,
    /// Token endpoint of the service, in place of the public one, such as that of a sovereign cloud. With the exchange
    /// `azure` it contains the tenant.
    token_endpoint_url: Option<Address>,
    /// Address of the service for tokens of service accounts, in place of `https://iamcredentials.googleapis.com`, for
    /// the exchange `google`.
    iam_credentials_url: Option<Address>,
}

impl ServiceOptions {
    /// Returns the options that are set.
    fn set(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("audience", self.audience.is_some()),
            ("scope", !self.scope.is_empty()),
            ("service_account", self.service_account.is_some()),
            ("tenant", self.tenant.is_some()),
            ("client_id", self.client_id.is_some()),
            ("federation_rule_id", self.federation_rule_id.is_some()),
            ("organization_id", self.organization_id.is_some()),
            ("service_account_id", self.service_account_id.is_some()),
            ("workspace_id", self.workspace_id.is_some()),
            ("federation_policy_id", self.federation_policy_id.is_some()),
            ("token_endpoint_url", self.token_endpoint_url.is_some()),
            ("iam_credentials_url", self.iam_credentials_url.is_some()),
        ];
        all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// Fails if an option is set, because no service is chosen.
    pub(super) fn refuse_all(&self) -> Result<()> {
        self.check(&[], "it is for a service that `exchange` names")
    }

    /// Fails if an option is set that is not among these.
    fn check(&self, used: &[&str], why: &str) -> Result<()> {
        match self.set().find(|name| !used.contains(name)) {
            Some(name) => Err(Error::configuration(format!("`{name}` is set, but {why}"))
                .with_help("remove it, or choose another `exchange`")),
            None => Ok(()),
        }
    }

    /// Returns the exchange with a service.
    pub(super) fn plan(&self, service: Service) -> Result<Plan> {
        let used: &[&str] = match service {
            Service::Google => &[
                "audience",
                "scope",
                "service_account",
                "token_endpoint_url",
                "iam_credentials_url",
            ],
            Service::Azure => &["tenant", "client_id", "scope", "token_endpoint_url"],
            Service::Anthropic => &[
                "federation_rule_id",
                "organization_id",
                "service_account_id",
                "workspace_id",
                "token_endpoint_url",
            ],
            Service::Openrouter => &["federation_policy_id", "scope", "token_endpoint_url"],
        };
        self.check(used, &format!("the exchange `{}` does not use it", service.name()))?;
        let plan = match service {
            Service::Google => self.google(),
            Service::Azure => self.azure(),
            Service::Anthropic => self.anthropic(),
            Service::Openrouter => self.openrouter(),
        }?;
        plan.check()?;
        Ok(plan)
    }

    fn google(&self) -> Result<Plan> {
        let audience = needed("audience", self.audience.as_deref(), Service::Google)?;
        if !audience.starts_with("//") {
            return Err(Error::configuration("`audience` is not the provider of a pool at Google").with_help(
                "write it like `//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`",
            ));
        }
        let scope = match &*self.scope {
            [] => vec![CLOUD_PLATFORM.to_owned()],
            scope => scope.to_vec(),
        };
        let account = match &self.service_account {
            Some(email) => Some(ServiceAccount::new(self.iam_credentials_url.as_ref(), email)?),
            None if self.iam_credentials_url.is_some() => {
                let message = "`iam_credentials_url` is set, but `service_account` is not";
                return Err(Error::configuration(message).with_help("set both, or remove it"));
            }
            None => None,
        };
        let carrier =
            Carrier::Subject { kind: TokenKind::jwt(), requested: Some(TokenKind::access_token()) };
        // Google accepts the name of the provider, with and without `https:`, unless other audiences are configured there.
        let identity_audience = format!("https:{audience}");
        let plan = self.planned(GOOGLE, carrier, identity_audience)?;
        Ok(Plan { members: pairs([("audience", audience)]), scope, account, ..plan })
    }

    fn azure(&self) -> Result<Plan> {
        let client_id = needed("client_id", self.client_id.as_deref(), Service::Azure)?;
        if self.scope.is_empty() {
            return Err(missing("scope", Service::Azure));
        }
        let endpoint = match (&self.tenant, &self.token_endpoint_url) {
            (Some(tenant), None) => of_tenant(tenant)?,
            (None, Some(endpoint)) => endpoint.as_str().to_owned(),
            (None, None) => return Err(missing("tenant", Service::Azure)),
            (Some(_), Some(_)) => {
                let message = "both `tenant` and `token_endpoint_url` are set";
                return Err(Error::configuration(message)
                    .with_help("remove one of them: the address contains the tenant"));
            }
        };
        let audience = ENTRA_AUDIENCE.to_owned();
        let plan = self.planned(&endpoint, Carrier::ClientAssertion, audience)?;
        Ok(Plan { members: pairs([("client_id", client_id)]), ..plan })
    }

    fn anthropic(&self) -> Result<Plan> {
        let mut members = Vec::new();
        for (name, value) in [
            ("federation_rule_id", &self.federation_rule_id),
            ("organization_id", &self.organization_id),
            ("service_account_id", &self.service_account_id),
        ] {
            members.extend(pairs([(name, needed(name, value.as_deref(), Service::Anthropic)?)]));
        }
        members.extend(self.workspace_id.iter().map(|id| ("workspace_id".to_owned(), id.clone())));
        let audience = "https://api.anthropic.com".to_owned();
        let plan = self.planned(ANTHROPIC, Carrier::Assertion, audience)?;
        Ok(Plan { members, encoding: RequestEncoding::Json, ..plan })
    }

    fn openrouter(&self) -> Result<Plan> {
        let policy = needed(
            "federation_policy_id",
            self.federation_policy_id.as_deref(),
            Service::Openrouter,
        )?;
        let carrier = Carrier::Subject { kind: TokenKind::jwt(), requested: None };
        let plan = self.planned(OPENROUTER, carrier, "https://openrouter.ai".to_owned())?;
        Ok(Plan { members: pairs([("federation_policy_id", policy)]), ..plan })
    }

    /// Returns an exchange at the configured endpoint, or at the public one.
    fn planned(&self, public: &str, carrier: Carrier, identity_audience: String) -> Result<Plan> {
        let endpoint = self.token_endpoint_url.clone().or_else(|| Address::parse(public));
        let endpoint = endpoint
            .ok_or_else(|| Error::internal("a known address is no URL").with_help("report it"))?;
        Ok(Plan {
            identity_audience,
            server: Server::Endpoint(endpoint),
            carrier,
            scope: self.scope.clone(),
            members: Vec::new(),
            encoding: RequestEncoding::Form,
            unknown_type: None,
            account: None,
        })
    }
}

/// Returns the token endpoint of a tenant
/// (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).
fn of_tenant(tenant: &str) -> Result<String> {
    let url = Url::parse(ENTRA).ok().filter(|_| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        !tenant.is_empty() && tenant.chars().all(is_of_name) && !tenant.starts_with('.')
    });
    match url {
        Some(url) => Ok(format!("{url}{tenant}/oauth2/v2.0/token")),
        None => Err(Error::configuration("`tenant` is neither an identifier nor a domain")
            .with_help("write it like `00000000-0000-0000-0000-000000000000` or `example.com`")),
    }
}

fn pairs<const N: usize>(members: [(&str, &str); N]) -> Vec<(String, String)> {
    members.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn needed<'a>(name: &str, value: Option<&'a str>, of: Service) -> Result<&'a str> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name, of))
}

fn missing(name: &str, of: Service) -> Error {
    let message = format!("`{name}` is not set, but the exchange `{}` needs it", of.name());
    Error::configuration(message).with_help(format!("set `{name}`"))
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    #[test]
    fn the_addresses_are_those_of_the_presets() {
        for (preset, address) in [
            (include_str!("../../presets/anthropic.toml"), ANTHROPIC),
            (include_str!("../../presets/openrouter.toml"), OPENROUTER),
        ] {
            let preset: DocumentMut = preset.parse().unwrap();
            assert_eq!(preset["options"]["token_endpoint_url"].as_str(), Some(address));
        }
    }

    #[test]
    fn a_tenant_is_one_part_of_the_address() {
        let url = "https://login.microsoftonline.com/a.example/oauth2/v2.0/token";
        assert_eq!(of_tenant("a.example").unwrap(), url);
        for tenant in ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a%2fb", "@evil.test"] {
            assert!(of_tenant(tenant).is_err(), "{tenant}");
        }
    }
}

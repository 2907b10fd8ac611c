//! Provider `workload_identity`: finds the identity of this machine, and exchanges its token.
//!
//! - [`identity`]: the identities, and which of them this machine has
//! - [`exchange`]: what the token is exchanged for, by the options
//! - [`service`]: the services that are known by name
//! - [`plan`]: one exchange, whatever it is with
//! - [`service_account`]: the token of a service account of Google, for that of a pool
//! - [`examination`]: what `doctor` says of the identity and the exchange

mod examination;
mod exchange;
mod identity;
mod plan;
mod service;
mod service_account;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use authn::{
    Context, Error, Issued, Probe, Result, TokenSet, TokenSource,
    provider::{Applies, Touched},
};

use exchange::ExchangeOptions;
use identity::{Candidates, Kind, Sources};
use plan::Plan;
use service::ServiceOptions;

use crate::token_endpoint::Discovery;

/// Finds the identity that this machine has, and exchanges its token for that of a service.
///
/// The first identity that applies is used, in this order: `github_actions`, `gitlab`, `file_token`, `spiffe`,
/// `gcp_metadata`, `azure_managed_identity`. What is known at once comes before what a service has to be asked about.
///
/// | exchange | with | needs | identity's audience |
/// |---|---|---|---|
/// | `google` | [workload identity federation](https://docs.cloud.google.com/iam/docs/workload-identity-federation) | `audience` | `https:` and `audience` |
/// | `azure` | [a federated credential](https://learn.microsoft.com/entra/workload-id/workload-identity-federation) | `tenant`, `client_id`, `scope` | `api://AzureADTokenExchange` |
/// | `anthropic` | [the Claude API](https://platform.claude.com/docs/en/manage-claude/wif-reference) | `federation_rule_id`, `organization_id`, `service_account_id` | `https://api.anthropic.com` |
/// | `openrouter` | [OpenRouter](https://openrouter.ai/docs/guides/overview/auth/workload-identity-federation) | `federation_policy_id` | `https://openrouter.ai` |
/// | `{ token_exchange = { … } }` | any server (RFC 8693) | its `token_endpoint_url` or `issuer_url` | the one that is set |
/// | `{ jwt_bearer = { … } }` | any server (RFC 7523, 2.1) | its `token_endpoint_url` or `issuer_url` | the one that is set |
///
/// Without an exchange, the identity's own token is used, such as for the `subject` of another provider.
///
/// ```
/// use authn::{Environment, ErrorKind, Loader};
/// use authn_providers as _;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "api.anthropic.com"
///
///         [credentials.workload_identity]
///         identity = "github_actions"
///         exchange = "anthropic"
///         federation_rule_id = "fdrl_1"
///         organization_id = "00000000-0000-0000-0000-000000000000"
///         service_account_id = "svac_1"
///     "#)
///     .load()?;
/// // This is no job of GitHub.
/// assert_eq!(credentials.token().await.unwrap_err().kind(), ErrorKind::NotApplicable);
/// # Ok(()) }
/// ```
#[authn::token_provider("workload_identity", cached)]
pub struct WorkloadIdentity {
    /// Identity: `github_actions`, `gitlab`, `file_token`, `spiffe`, `gcp_metadata` or `azure_managed_identity`; with
    /// `auto`, the first of these that this machine has.
    #[default(Kind::Auto)]
    identity: Kind,
    /// What the identity's token is exchanged for: `google`, `azure`, `anthropic`, `openrouter`, or a table with one of
    /// the tables `token_exchange` and `jwt_bearer`. Unset, the identity's own token is used.
    exchange: Option<ExchangeOptions>,
    /// Audience that the identity's token is requested for, where the platform lets a program choose it. Unset, it is
    /// the one that the exchange expects.
    identity_audience: Option<String>,
    /// File of the identity `file_token`. Unset, it is that of the variable `AZURE_FEDERATED_TOKEN_FILE` or
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`.
    path: Option<PathBuf>,
    /// Variable of the identity `gitlab`: the name of its token below `id_tokens` in the job.
    #[default("ID_TOKEN".to_owned())]
    variable: String,
    /// Socket of the agent of the identity `spiffe`, in place of that of the variable `SPIFFE_ENDPOINT_SOCKET`. A
    /// program has this identity only if it is built with the feature `spiffe`.
    endpoint: Option<String>,
    #[flatten]
    service: ServiceOptions,
    __candidates: OnceLock<Candidates>,
    /// The number of the identity that has issued last; 0 if none has.
    __issuer: AtomicUsize,
    __discovery: Discovery,
}

impl WorkloadIdentity {
    /// Returns the exchange; `None` if the identity's own token is used.
    fn plan(&self) -> Result<Option<Plan>> {
        match &self.exchange {
            Some(exchange) => exchange.plan(&self.service).map(Some),
            None => self.service.refuse_all().map(|()| None),
        }
    }

    /// Returns the audience that the identity's token is requested for.
    fn audience(&self, plan: Option<&Plan>) -> Option<String> {
        let of_exchange = || plan.map(|plan| plan.identity_audience.clone());
        self.identity_audience.clone().or_else(of_exchange)
    }

    /// Returns the identities that this machine can have. Neither the options nor the environment change.
    fn candidates(&self, plan: Option<&Plan>, context: &Context) -> &Candidates {
        self.__candidates.get_or_init(|| {
            let sources = Sources {
                audience: self.audience(plan),
                path: self.path.as_deref(),
                variable: &self.variable,
                #[cfg(feature = "spiffe")]
                endpoint: self.endpoint.as_deref(),
            };
            sources.candidates(self.identity, context)
        })
    }
}

impl TokenSource for WorkloadIdentity {
    fn validate(&self, context: &Context) -> Result<()> {
        let plan = self.plan()?;
        let names_audience =
            self.identity.needs_audience() && self.audience(plan.as_ref()).is_none();
        if names_audience {
            let message = "neither `exchange` nor `identity_audience` is set, so the audience of the identity's token is unknown";
            return Err(Error::configuration(message).with_help(
                "set `exchange`, or set `identity_audience` to the server that the token is for",
            ));
        }
        if self.identity_audience.as_ref().is_some_and(String::is_empty) {
            return Err(Error::configuration("`identity_audience` is empty")
                .with_help("set it to what the server expects, or remove it"));
        }
        if self.endpoint.is_some() && !cfg!(feature = "spiffe") {
            let message =
                "`endpoint` is set, but this program was built without the provider `spiffe`";
            return Err(Error::configuration(message).with_help(
                "build it with the feature `spiffe` of `authn-providers`, or remove the option",
            ));
        }
        self.candidates(plan.as_ref(), context).validate(context)
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        let plan = self.plan()?;
        let candidates = self.candidates(plan.as_ref(), context);
        let Some(plan) = plan else {
            let found = candidates.find(context).await?;
            self.__issuer.store(found.index + 1, Ordering::Relaxed);
            return Ok(found.token.into());
        };
        // The scopes and the parameters of a call are for the exchange.
        let found = candidates.find(&context.without_call()).await?;
        plan.exchange(&found.token, &self.__discovery, context).await
    }

    fn is_oauth_client(&self) -> bool {
        self.exchange.is_some()
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn is_current(&self, issued: &Issued) -> bool {
        if self.exchange.is_some() {
            return true;
        }
        let index = self.__issuer.load(Ordering::Relaxed).checked_sub(1);
        index.zip(self.__candidates.get()).is_some_and(|(index, candidates)| {
            candidates.get(index).is_some_and(|identity| identity.is_current(issued))
        })
    }

    fn applies(&self, context: &Context) -> Applies {
        match self.plan() {
            Ok(plan) => self.candidates(plan.as_ref(), context).applies(context),
            Err(_) => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let Ok(plan) = self.plan() else { return Vec::new() };
        let of_identity = self.candidates(plan.as_ref(), context).touches(context);
        let servers = plan.iter().flat_map(Plan::servers).map(Touched::Server);
        of_identity.into_iter().chain(servers).collect()
    }

    /// With an exchange, it is made, so that what the server says of this machine's identity is known.
    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        let plan = self.plan()?;
        let candidates = self.candidates(plan.as_ref(), context);
        match plan {
            Some(plan) => {
                let asked = self.identity_audience.as_deref();
                examination::examine(candidates, &plan, asked, &self.__discovery, context)
                    .await
                    .map(Some)
            }
            None => candidates.locate(context).await,
        }
    }
}

//! Provider `azure_managed_identity`: tokens of the managed identity of a machine of Azure.
//!
//! - [`endpoint`]: the service that this machine has
//! - [`arc`]: the proof of a program on an Arc-enabled server

mod arc;
mod endpoint;

use authn::{
    Context, Error, Probe, Result, TokenSet, TokenSource,
    http::{HttpResponse, StatusCode},
    provider::{Applies, Touched},
};

use arc::KeyFolder;
#[cfg(test)]
pub(crate) use arc::tests::FOLDER as KEY_FOLDER;
use endpoint::{Endpoint, Kind};

use crate::machine;

/// Gets tokens of the managed identity of a machine of Azure.
///
/// The service is that of the machine
/// (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>):
///
/// | machine | service |
/// |---|---|
/// | virtual machine, scale set, AKS node | the instance metadata service at `169.254.169.254` |
/// | App Service, Functions, Container Apps | that of the variables `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` |
/// | Arc-enabled server | that of the variables `IDENTITY_ENDPOINT` and `IMDS_ENDPOINT`, which wants a proof that only a member of the group `himds` can give |
///
/// Without variables, whether the machine has the service is found out once in a process, within a second. No proxy is used.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "things.vault.azure.net"
///         azure_managed_identity = { resource = "https://vault.azure.net" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("azure_managed_identity", cached)]
pub struct AzureManagedIdentity {
    /// Application ID URI of the API that the token is for, such as `https://vault.azure.net`. It is a resource and no
    /// scope, so it does not end with `/.default`.
    resource: String,
    /// Client ID of a user-assigned identity. Unset, it is the identity of the machine itself.
    client_id: Option<String>,
    /// Object ID of a user-assigned identity, in place of its client ID.
    object_id: Option<String>,
    /// Resource ID of a user-assigned identity, in place of its client ID.
    resource_id: Option<String>,
    /// Address of the instance metadata service, which is then asked on every machine: a loopback or link-local IP address or
    /// `localhost`, with an optional port. Unset, it is `169.254.169.254`, unless variables name another service.
    host: Option<String>,
    __key_folder: KeyFolder,
}

impl AzureManagedIdentity {
    /// Creates the identity of a machine whose token is for this API.
    #[cfg(feature = "workload_identity")]
    pub(crate) fn for_resource(resource: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            client_id: None,
            object_id: None,
            resource_id: None,
            host: None,
            __key_folder: KeyFolder::default(),
        }
    }

    fn endpoint<'a>(&self, context: &'a Context) -> Result<Endpoint<'a>> {
        Endpoint::of(self.host.as_deref(), context)
    }

    /// Returns the option that names a user-assigned identity.
    fn identity(&self) -> Option<(&'static str, &str)> {
        let options = [
            ("client_id", &self.client_id),
            ("object_id", &self.object_id),
            ("resource_id", &self.resource_id),
        ];
        options.into_iter().find_map(|(option, value)| Some((option, value.as_deref()?)))
    }

    async fn ask(&self, endpoint: &Endpoint<'_>, context: &Context) -> Result<HttpResponse> {
        let url = endpoint.url(&self.resource, self.identity());
        let is_imds = endpoint.kind() == Kind::Imds;
        // The instance metadata service says both while it is updated.
        let is_passing =
            |status| is_imds && matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
        let service = endpoint.service();
        let request = || endpoint.authenticated(context.http().get(&url));
        let answer = service.answer(context, is_passing, request).await?;
        if endpoint.kind() != Kind::Arc || answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let proof = self.__key_folder.proof(&answer).await?;
        let request = || {
            let request = endpoint.authenticated(context.http().get(&url));
            request.header("authorization", &proof)
        };
        service.answer(context, is_passing, request).await
    }

    fn failure(&self, endpoint: &Endpoint<'_>, answer: HttpResponse) -> Error {
        if answer.status() != StatusCode::BAD_REQUEST {
            let help = "give the machine a managed identity, and check the options";
            return endpoint.service().failure(answer, help);
        }
        let whose = match self.identity() {
            Some((option, _)) => format!("the identity of `{option}` was not found"),
            None => "an identity of this machine was not found".to_owned(),
        };
        let place = answer.place();
        Error::refused(format!(
            "{whose} by {place}, or `resource` is none that it knows (status 400)"
        ))
        .with_help("assign the identity to the machine, and check `resource`")
    }
}

impl TokenSource for AzureManagedIdentity {
    fn validate(&self, context: &Context) -> Result<()> {
        if self.resource.is_empty() {
            return Err(Error::configuration("`resource` is empty")
                .with_help("set it to the API, such as `https://vault.azure.net`"));
        }
        if self.resource.ends_with("/.default") {
            return Err(Error::configuration(
                "`resource` ends with `/.default`, as only a scope does",
            )
            .with_help("remove `/.default`"));
        }
        let set = [&self.client_id, &self.object_id, &self.resource_id];
        if set.into_iter().flatten().count() > 1 {
            let message = "more than one of `client_id`, `object_id` and `resource_id` is set";
            return Err(Error::configuration(message).with_help("keep one of them"));
        }
        // What a variable says is a matter of the machine, and not of the configuration.
        if self.host.is_some() { self.endpoint(context).map(drop) } else { Ok(()) }
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        machine::check_call(context)?;
        let endpoint = self.endpoint(context)?;
        endpoint.check_identity(self.identity())?;
        endpoint.find(context).await?;
        let answer = self.ask(&endpoint, context).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.failure(&endpoint, answer));
        }
        Ok(machine::token_of(&answer)?.into())
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    fn applies(&self, context: &Context) -> Applies {
        match self.endpoint(context) {
            Ok(endpoint) if endpoint.kind() == Kind::Imds => match endpoint.service().absence() {
                Some(absence) => Applies::No(absence),
                None => Applies::Depends(
                    "it applies on a machine with Azure's metadata service, which is not asked here",
                ),
            },
            _ => Applies::Yes,
        }
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let Ok(endpoint) = self.endpoint(context) else { return Vec::new() };
        let variables = endpoint.kind().variables().iter();
        let variables = variables.map(|name| Touched::Variable((*name).to_owned()));
        variables.chain([Touched::Server(endpoint.service().place())]).collect()
    }

    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        self.endpoint(context)?.probe(context).await
    }
}

//! `Identity`: an identity that a machine can have, and `Candidates`: those that are looked for, in their order.

use std::path::Path;

use authn::{
    Context, Error, Issued, Probe, Result, Token, TokenSource,
    provider::{Applies, Touched},
};

#[cfg(feature = "spiffe")]
use crate::spiffe::Spiffe;
use crate::{
    azure_managed_identity::AzureManagedIdentity, choice::choice, file_token::FileToken,
    gcp_metadata::GcpMetadata, github_actions::GithubActions, gitlab::Gitlab, machine,
};

/// The variables by which platforms name the file of a pod's token: those of Azure
/// (<https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html>) and of AWS
/// (<https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html>).
const FILE_VARIABLES: [&str; 2] = ["AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];

choice! {
    /// An identity that a machine can have. They are looked for in this order: what is known at once comes first.
    pub(super) enum Kind {
        /// The first that applies.
        Auto = "auto",
        GithubActions = "github_actions",
        Gitlab = "gitlab",
        FileToken = "file_token",
        Spiffe = "spiffe",
        GcpMetadata = "gcp_metadata",
        AzureManagedIdentity = "azure_managed_identity",
    }
}

impl Kind {
    /// Returns all identities that this build of the crate has, in their order.
    fn all() -> impl Iterator<Item = Self> {
        let is_built = |kind: &Self| cfg!(feature = "spiffe") || *kind != Self::Spiffe;
        Self::ALL.iter().copied().filter(|kind| *kind != Self::Auto).filter(is_built)
    }

    /// Returns whether the platform issues no token without an audience, or one for an API of its own.
    pub(super) fn needs_audience(self) -> bool {
        matches!(self, Self::Auto | Self::Spiffe | Self::GcpMetadata | Self::AzureManagedIdentity)
    }

    /// Returns the names of all identities, in their order.
    pub(super) fn names() -> String {
        Self::all().map(Self::name).collect::<Vec<_>>().join(", ")
    }
}

/// An identity that a machine can have.
#[derive(Debug)]
pub(super) enum Identity {
    GithubActions(GithubActions),
    Gitlab(Gitlab),
    /// With the variable that names its file.
    FileToken(FileToken, Option<&'static str>),
    #[cfg(feature = "spiffe")]
    Spiffe(Spiffe),
    GcpMetadata(GcpMetadata),
    AzureManagedIdentity(AzureManagedIdentity),
}

/// Does something with the provider of an identity.
macro_rules! each {
    ($self:expr, $provider:ident => $value:expr) => {
        match $self {
            Identity::GithubActions($provider) => $value,
            Identity::Gitlab($provider) => $value,
            Identity::FileToken($provider, _) => $value,
            #[cfg(feature = "spiffe")]
            Identity::Spiffe($provider) => $value,
            Identity::GcpMetadata($provider) => $value,
            Identity::AzureManagedIdentity($provider) => $value,
        }
    };
}

impl Identity {
    async fn token(&self, context: &Context) -> Result<Token> {
        let tokens = each!(self, provider => provider.request_token(context, None).await)?;
        Ok(tokens.token().clone())
    }

    fn applies(&self, context: &Context) -> Applies {
        each!(self, provider => provider.applies(context))
    }

    fn touches(&self, context: &Context) -> Vec<Touched> {
        let own = each!(self, provider => provider.touches(context));
        let variable = match self {
            Self::FileToken(_, variable) => variable.map(|name| Touched::Variable(name.to_owned())),
            _ => None,
        };
        own.into_iter().chain(variable).collect()
    }

    /// Returns whether a token of it is still current.
    pub(super) fn is_current(&self, issued: &Issued) -> bool {
        each!(self, provider => provider.is_current(issued))
    }

    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        each!(self, provider => provider.locate(context).await)
    }

    fn validate(&self, context: &Context) -> Result<()> {
        each!(self, provider => provider.validate(context))
    }
}

/// What the identities are made of.
pub(super) struct Sources<'a> {
    pub(super) audience: Option<String>,
    pub(super) path: Option<&'a Path>,
    pub(super) variable: &'a str,
    #[cfg(feature = "spiffe")]
    pub(super) endpoint: Option<&'a str>,
}

impl Sources<'_> {
    /// Returns the identities that are looked for.
    pub(super) fn candidates(&self, wanted: Kind, context: &Context) -> Candidates {
        let kinds = match wanted {
            Kind::Auto => Kind::all().collect(),
            wanted => vec![wanted],
        };
        Candidates(kinds.into_iter().map(|kind| (kind, self.identity(kind, context))).collect())
    }

    fn identity(&self, kind: Kind, context: &Context) -> Result<Identity> {
        let audience = self.audience.as_deref();
        Ok(match kind {
            Kind::Auto => return Err(Error::no_token()),
            Kind::GithubActions => Identity::GithubActions(GithubActions::for_audience(audience)),
            Kind::Gitlab => Identity::Gitlab(Gitlab::of_variable(self.variable)),
            Kind::FileToken => self.file(context)?,
            Kind::Spiffe => self.spiffe()?,
            // The options are checked: without an audience, neither is looked for.
            Kind::GcpMetadata => {
                Identity::GcpMetadata(GcpMetadata::for_audience(audience.unwrap_or_default()))
            }
            Kind::AzureManagedIdentity => {
                let resource = audience.unwrap_or_default();
                Identity::AzureManagedIdentity(AzureManagedIdentity::for_resource(resource))
            }
        })
    }

    #[cfg(feature = "spiffe")]
    #[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
    fn spiffe(&self) -> Result<Identity> {
        let audience = self.audience.as_deref().unwrap_or_default();
        Ok(Identity::Spiffe(Spiffe::for_audience(audience, self.endpoint)))
    }

    #[cfg(not(feature = "spiffe"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    fn spiffe(&self) -> Result<Identity> {
        Err(Error::configuration("this program was built without the provider `spiffe`")
            .with_help("build it with the feature `spiffe` of `authn-providers`"))
    }

    fn file(&self, context: &Context) -> Result<Identity> {
        if let Some(path) = self.path {
            return Ok(Identity::FileToken(FileToken::at(path), None));
        }
        let named =
            FILE_VARIABLES.into_iter().find_map(|name| Some((name, context.variable(name)?)));
        let Some((name, path)) = named else {
            let help = "set `path` to the file with the token, or mount it as the platform does";
            return Err(machine::unset(&FILE_VARIABLES, help.to_owned()));
        };
        let path = Path::new(path);
        if !path.is_absolute() {
            let message = format!("the environment variable {name} is not an absolute path");
            return Err(
                Error::configuration(message).with_help("leave it as the platform has set it")
            );
        }
        Ok(Identity::FileToken(FileToken::at(path), Some(name)))
    }
}

/// The identities that are looked for, in their order, or why one can't be there.
#[derive(Debug)]
pub(super) struct Candidates(Vec<(Kind, Result<Identity>)>);

/// The identity that was found, and its token.
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) kind: Kind,
    pub(super) token: Token,
}

impl Candidates {
    /// Returns the identity with a number.
    pub(super) fn get(&self, index: usize) -> Option<&Identity> {
        self.0.get(index)?.1.as_ref().ok()
    }

    /// Returns whether one identity of several is looked for.
    pub(super) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Checks the options of each identity.
    pub(super) fn validate(&self, context: &Context) -> Result<()> {
        let mut identities = self.0.iter().filter_map(|(_, identity)| identity.as_ref().ok());
        identities.try_for_each(|identity| identity.validate(context))
    }

    /// Gets the token of the first identity that this machine has. One that is there and fails ends the search, so that
    /// no other identity is used by mistake.
    pub(super) async fn find(&self, context: &Context) -> Result<Found> {
        let mut absent = Vec::new();
        for (index, (kind, identity)) in self.0.iter().enumerate() {
            let token = match identity {
                Ok(identity) => match identity.applies(context) {
                    Applies::No(error) => Err(error),
                    _ => identity.token(context).await,
                },
                Err(error) => Err(error.clone()),
            };
            match token {
                Ok(token) => return Ok(Found { index, kind: *kind, token }),
                Err(error) if error.is_not_applicable() => absent.push((*kind, error)),
                Err(error) => return Err(error),
            }
        }
        Err(none(absent))
    }

    /// Returns whether one of them applies, as far as that is known without asking.
    pub(super) fn applies(&self, context: &Context) -> Applies {
        let mut absent = Vec::new();
        for (kind, applies) in self.known(context) {
            match applies {
                Applies::No(error) => absent.push((kind, error)),
                other => return other,
            }
        }
        Applies::No(none(absent))
    }

    /// Returns what is read or contacted to find one of them and to get its token.
    pub(super) fn touches(&self, context: &Context) -> Vec<Touched> {
        let mut touches = Vec::new();
        for ((_, identity), (_, applies)) in self.0.iter().zip(self.known(context)) {
            let Ok(identity) = identity else { continue };
            match applies {
                // As each identity says by itself what it would read.
                Applies::No(_) if self.are_several() => {}
                Applies::Yes => {
                    touches.extend(identity.touches(context));
                    break;
                }
                _ => touches.extend(identity.touches(context)),
            }
        }
        touches
    }

    /// Asks whether the service is here that issues the token, of the first identity that this machine has.
    pub(super) async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        let mut absent = Vec::new();
        for ((kind, identity), (_, applies)) in self.0.iter().zip(self.known(context)) {
            let located = match (identity, applies) {
                (_, Applies::No(error)) => Err(error),
                (Ok(identity), _) => identity.locate(context).await,
                (Err(error), _) => Err(error.clone()),
            };
            match located {
                Err(error) if error.is_not_applicable() => absent.push((*kind, error)),
                located => return located,
            }
        }
        Err(none(absent))
    }

    fn known<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = (Kind, Applies)> + 'a {
        self.0.iter().map(|(kind, identity)| {
            let applies = match identity {
                Ok(identity) => identity.applies(context),
                Err(error) if error.is_not_applicable() => Applies::No(error.clone()),
                // It ends the search.
                Err(_) => Applies::Yes,
            };
            (*kind, applies)
        })
    }
}

/// Returns the error of a machine that has none of these, each with its reason.
fn none(mut absent: Vec<(Kind, Error)>) -> Error {
    if absent.len() == 1
        && let Some((_, only)) = absent.pop()
    {
        return only;
    }
    let reasons =
        absent.iter().map(|(kind, error)| format!("{}: {}", kind.name(), error.message()));
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    Error::not_applicable(format!("this machine has no identity that is known; {reasons}"))
        .with_help("choose one with `identity` to see what it needs")
}

//! Provider `file_token`: the token in a file that something else writes.

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use authn::{
    Context, Error, Issued, Probe, Result, SecretString, Token, TokenSet, TokenSource,
    private::Watched, provider::Applies,
};

use crate::machine;

/// The file in errors.
const FILE: &str = "the token file";

/// Sends the token in a file, which something else replaces before it expires.
///
/// It is for tokens that a platform writes, such as the token of a service account that Kubernetes mounts in a pod. The file is
/// read when it was replaced or changed, and at the latest when the token ends: by `ttl`, or by the `exp` of a JWT. White space
/// around the token is removed. The file must follow the rules of files of secrets, and must be replaced as a whole, such as by
/// a rename; half a token can't be told from a whole one.
///
/// Each use of the token looks at the file's metadata, so the file belongs on a disk of this machine.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         file_token = { path = "/var/run/secrets/tokens/api" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
///
/// As the identity of a client, it is exchanged for the token of an API:
///
/// ```
/// use authn_providers::{FileToken, OAuth};
///
/// let identity = FileToken::builder().path("/var/run/secrets/tokens/sts");
/// let credentials = OAuth::builder()
///     .token_endpoint_url("https://sts.example.com/token")
///     .grant_type("token_exchange")
///     .subject(identity)
///     .credentials()
///     .domain("api.example.com")
///     .build()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("file_token", cached)]
pub struct FileToken {
    /// File with the token and nothing else.
    path: PathBuf,
    /// Longest time for which a token is used before the file is read again, also if it seems unchanged. Unset, only the `exp`
    /// of a JWT counts; another token is read again after 30 seconds.
    ttl: Option<Duration>,
    /// What was read last.
    __last: ArcSwapOption<Read>,
}

/// The file, and the token that was in it.
#[derive(Debug)]
struct Read {
    file: Watched,
    token: SecretString,
}

#[cfg(feature = "workload_identity")]
impl FileToken {
    /// Creates the identity whose token is in this file.
    pub(crate) fn at(path: &std::path::Path) -> Self {
        Self { path: path.to_owned(), ttl: None, __last: ArcSwapOption::empty() }
    }
}

impl FileToken {
    async fn read(&self, context: &Context) -> Result<(Watched, Token)> {
        let file = Watched::read(&self.path, FILE).await?;
        let place = format!("{FILE} {}", self.path.display());
        let help = "check what writes the file";
        let token = machine::issued(&file.text().expose(), &place, self.ttl, help, context)?;
        Ok((file, token))
    }
}

impl TokenSource for FileToken {
    /// Does not look for the file: it may be written later.
    fn validate(&self, _: &Context) -> Result<()> {
        if self.ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
            return Err(Error::configuration("`ttl` is less than a second")
                .with_help("set it to a duration like `10m`"));
        }
        Ok(())
    }

    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        machine::check_call(context)?;
        let (file, token) = self.read(context).await?;
        let token_again = SecretString::from(token.secret());
        self.__last.store(Some(Arc::new(Read { file: file.clone(), token: token_again })));
        Ok(token.into())
    }

    /// A token that was read from another file than the last one may be older.
    fn is_current(&self, issued: &Issued) -> bool {
        let last = self.__last.load();
        let Some(last) = last.as_ref() else { return false };
        !last.file.is_replaced(&self.path) && *last.token.expose() == *issued.token().secret()
    }

    /// It is the identity of this machine.
    fn is_shareable(&self) -> bool {
        false
    }

    /// Reads the file, and sends nothing.
    async fn locate(&self, context: &Context) -> Result<Option<Probe>> {
        self.read(context).await?;
        Ok(None)
    }

    fn applies(&self, _: &Context) -> Applies {
        match Watched::absence(&self.path, FILE) {
            Some(error) => Applies::No(error),
            None => Applies::Yes,
        }
    }
}

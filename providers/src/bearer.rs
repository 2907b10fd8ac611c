//! Provider `bearer`: an opaque token from the configuration.

use std::sync::OnceLock;

use authn::{Context, Request, Result, SecretString, Striped, Token, TokenProvider};

/// Sends a token from the configuration and does not inspect it.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("API_TOKEN", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         bearer = { env = "API_TOKEN" }
///     "#)
///     .load()?;
/// assert_eq!(credentials.try_token().map(|token| token.secret().to_owned()).as_deref(), Some("abc"));
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("bearer")]
pub struct Bearer {
    /// The token, without a scheme such as `Bearer`.
    #[shorthand]
    _token: SecretString,
    /// Built when the options are checked. The framework does not use it if the token comes from a file; `token`
    /// then reads the file each time.
    __built: OnceLock<Striped<Token>>,
}

impl Bearer {
    fn build(&self) -> Result<Token> {
        Token::new(&*self._token.expose()).map_err(|error| error.at("option `token`"))
    }
}

impl TokenProvider for Bearer {
    fn validate(&self, _: &Context) -> Result<()> {
        let built = Striped::try_new(|| self.build())?;
        self.__built.get_or_init(|| built);
        Ok(())
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        self.build()
    }

    #[inline]
    fn ready(&self, _: &Context) -> Option<Token> {
        self.__built.get().map(|built| built.get().clone())
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        Some(request.bearer(self.__built.get()?.get()))
    }
}

#[cfg(test)]
mod tests {
    use authn::ErrorKind;

    use crate::testing::{SecretFile, authorized, jwt, load, request, wait};

    #[test]
    fn a_token_is_sent_to_its_origin_alone() {
        let credentials = load("bearer = \"true\"").unwrap();
        assert_eq!(format!("{credentials:#?}"), "Bearer {\n    token: (set),\n}");
        let parts = authorized(&credentials, "https://api.example.com/");
        assert_eq!(parts.headers["authorization"], "Bearer true");
        let mut parts = request("https://other.example.com/");
        let error = wait(credentials.authorize(&mut parts)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Origin);
        assert!(parts.headers.is_empty());
    }

    #[test]
    fn it_is_not_inspected() {
        let token = jwt(r#"{"exp":1}"#);
        let credentials = load(&format!("[credentials.bearer]\ntoken = \"{token}\"")).unwrap();
        let given = credentials.try_token().expect("available");
        assert_eq!((given.secret(), given.expires_at()), (token.as_str(), None));
    }

    #[test]
    fn the_token_is_built_once() {
        let credentials = load("bearer = \"abc\"").unwrap();
        let (one, other) = (credentials.try_token().unwrap(), wait(credentials.token()).unwrap());
        assert_eq!(one.secret().as_ptr(), other.secret().as_ptr());
    }

    #[test]
    fn an_invalid_token_is_found_at_load_and_never_shown() {
        let error = load("bearer = \"s3cr3t with spaces\"").unwrap_err();
        let said = format!("{error} {error:?} {}", error.problems()[0].render(false));
        assert!(said.contains("option `token`"), "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");
    }

    #[test]
    fn a_rotated_file_is_used() {
        let file = SecretFile::new("first");
        let credentials = load(&format!("bearer = {{ file = {:?} }}", file.path())).unwrap();
        let parts = authorized(&credentials, "https://api.example.com/");
        assert_eq!(parts.headers["authorization"], "Bearer first");
        file.write("second");
        let parts = authorized(&credentials, "https://api.example.com/");
        assert_eq!(parts.headers["authorization"], "Bearer second");
    }
}

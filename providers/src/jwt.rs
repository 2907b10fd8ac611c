//! Provider `jwt`: a token from the configuration.

use std::sync::OnceLock;

use authn::{Context, Request, Result, SecretString, Striped, Token, TokenProvider};

use crate::expiry;

/// Sends a token from the configuration, unless it has expired.
///
/// If the token is a JWT with an `exp`, it is not sent after that time. A token that is not a JWT is always sent.
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
///         jwt = { env = "API_TOKEN" }
///     "#)
///     .load()?;
/// assert_eq!(credentials.try_token().map(|token| token.secret().to_owned()).as_deref(), Some("abc"));
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("jwt")]
pub struct Jwt {
    /// The token, without a scheme such as `Bearer`.
    #[shorthand]
    _jwt: SecretString,
    /// Built when the options are checked. The framework does not use it if the token comes from a file; `token`
    /// then reads the file each time.
    __token: OnceLock<Striped<Token>>,
}

impl Jwt {
    fn build(&self) -> Result<Token> {
        let token = Token::new(&*self._jwt.expose()).map_err(|error| error.at("option `jwt`"))?;
        Ok(expiry::with_jwt_expiry(token))
    }

    #[inline]
    fn unexpired(&self, context: &Context) -> Option<&Token> {
        let token = self.__token.get()?.get();
        match token.expires_at() {
            Some(time) if expiry::is_past(time, context) => None,
            _ => Some(token),
        }
    }
}

impl TokenProvider for Jwt {
    /// Does not check the expiry: an expired token is an error when it is used, not when the configuration is loaded.
    fn validate(&self, _: &Context) -> Result<()> {
        let token = Striped::try_new(|| self.build())?;
        self.__token.get_or_init(|| token);
        Ok(())
    }

    async fn token(&self, context: &Context) -> Result<Token> {
        let token = self.build()?;
        expiry::check(&token, context, help(context))?;
        Ok(token)
    }

    #[inline]
    fn ready(&self, context: &Context) -> Option<Token> {
        self.unexpired(context).cloned()
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, context: &Context) -> Option<Result<()>> {
        Some(request.bearer(self.unexpired(context)?))
    }
}

fn help(context: &Context) -> String {
    match context.key() {
        "" => "configure a new token".to_owned(),
        key => format!("set `{key}.jwt` to a new token"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use authn::{
        ErrorKind,
        time::{Clock, ManualClock},
    };

    use crate::testing::{authorized, jwt, load, load_at, loader, request, wait};

    fn unix_now() -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn a_jwt_is_sent_and_says_when_it_expires() {
        let token = jwt(r#"{"exp":4102444801}"#);
        let credentials = load(&format!("jwt = \"{token}\"")).unwrap();
        let given = credentials.try_token().expect("available");
        assert_eq!(given.secret(), token);
        let in_2100 = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_801);
        assert_eq!(given.expires_at(), Some(in_2100));
        let parts = authorized(&credentials, "https://api.example.com/v1");
        assert_eq!(parts.headers["authorization"], format!("Bearer {token}"));
        assert!(parts.headers["authorization"].is_sensitive());
    }

    #[test]
    fn a_table_and_an_opaque_token_are_accepted() {
        let credentials = load("[credentials.jwt]\njwt = \"0012345678\"").unwrap();
        let token = wait(credentials.token()).unwrap();
        assert_eq!((token.secret(), token.expires_at()), ("0012345678", None));
        assert_eq!(format!("{credentials:?}"), "Jwt { jwt: (set) }");
    }

    #[test]
    fn an_expired_token_is_an_error_when_it_is_used_and_not_before() {
        let token = jwt(r#"{"exp":1700000000}"#);
        let credentials = load(&format!("jwt = \"{token}\"")).unwrap();
        assert!(credentials.try_token().is_none());
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired);
        assert_eq!(
            error.to_string(),
            "the token expired on Tue, 14 Nov 2023 22:13:20 GMT; set `credentials.jwt.jwt` to a new token"
        );
        let mut parts = request("https://api.example.com/");
        let error = wait(credentials.authorize(&mut parts)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Expired);
        assert!(parts.headers.is_empty());
    }

    #[test]
    fn a_callers_own_header_needs_no_valid_token() {
        let token = jwt(r#"{"exp":1}"#);
        let credentials = load(&format!("jwt = \"{token}\"")).unwrap();
        let mut parts = request("https://api.example.com/");
        parts.headers.insert("authorization", "mine".parse().unwrap());
        wait(credentials.authorize(&mut parts)).unwrap();
        assert_eq!(parts.headers["authorization"], "mine");
    }

    #[test]
    fn it_expires_while_the_program_runs() {
        let clock = ManualClock::new();
        let token = jwt(&format!(r#"{{"exp":{}}}"#, unix_now() + 60_000));
        let text = format!("jwt = \"{token}\"");
        let credentials = load_at(&text, Clock::custom(clock.clone())).unwrap();
        assert!(credentials.try_token().is_some());
        clock.advance(Duration::from_secs(1_000_000));
        assert!(credentials.try_token().is_none());
        assert_eq!(wait(credentials.token()).unwrap_err().kind(), ErrorKind::Expired);
    }

    #[test]
    fn an_invalid_token_is_found_at_load_and_never_shown() {
        for bad in ["Bearer s3cr3t", "s3cr3t\\r\\nx: y", "s3cr3t\\u0000", "s3cr3tä"] {
            for text in [format!("jwt = \"{bad}\""), format!("jwt = {{ jwt = \"{bad}\" }}")] {
                let error = load(&text).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                let report = error.problems()[0].render(false);
                for said in [error.to_string(), format!("{error:?}"), report] {
                    assert!(said.contains("option `jwt`"), "{said}");
                    assert!(!said.contains("s3cr3t"), "{said}");
                }
            }
        }
        let error = load("[credentials.jwt]").unwrap_err();
        assert_eq!(error.problems()[0].code().as_str(), "missing-key");
        let error = load("jwt = \"\"").unwrap_err();
        assert_eq!(error.problems()[0].message(), "the secret is empty");
    }

    #[test]
    fn a_rotated_file_is_used() {
        let file = crate::testing::SecretFile::new("first\n");
        let text = format!("jwt = {{ file = {:?} }}", file.path());
        let credentials = loader(&text).load().unwrap();
        assert_eq!(wait(credentials.token()).unwrap().secret(), "first");
        file.write("second\n");
        assert_eq!(wait(credentials.token()).unwrap().secret(), "second");
        let parts = authorized(&credentials, "https://api.example.com/");
        assert_eq!(parts.headers["authorization"], "Bearer second");
        file.write("not a token");
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
        assert!(error.to_string().starts_with("option `jwt`: "), "{error}");
    }

    #[test]
    fn the_configuration_chooses_the_placement() {
        let credentials =
            load("jwt = { jwt = \"abc\", header = \"x-token\", header_prefix = \"\" }");
        let parts = authorized(&credentials.unwrap(), "https://api.example.com/");
        assert_eq!(parts.headers["x-token"], "abc");
        assert!(!parts.headers.contains_key("authorization"));
    }
}

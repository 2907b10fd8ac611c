//! Provider `basic`: a user's name and password.

use std::sync::OnceLock;

use authn::{Context, Error, Request, Result, SecretString, Striped, Token, TokenProvider};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header::AUTHORIZATION};
use zeroize::Zeroizing;

use crate::header;

const SCHEME: &str = "Basic ";

/// Sends a user's name and password, both in UTF-8 (RFC 7617).
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("PASSWORD", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         basic = { username = "alice", password = { env = "PASSWORD" } }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("basic", own_placement)]
pub struct Basic {
    /// Name of the user. It can't contain a colon.
    username: String,
    /// Password of the user. Unset, it is empty.
    #[needed]
    _password: Option<SecretString>,
    /// Built when the options are checked. The framework does not use it if the password comes from a file; the
    /// password is then read again for each request.
    __value: OnceLock<Striped<HeaderValue>>,
}

impl Basic {
    fn value(&self) -> Result<HeaderValue> {
        // The server would read the colon as the end of the name.
        if self.username.contains(':') {
            return Err(Error::configuration(
                "option `username` has a colon, which basic authentication does not allow (RFC 7617, 2)",
            )
            .with_help("choose another user or another provider"));
        }
        let password = self._password.as_ref().map(SecretString::expose);
        let password = password.as_deref().unwrap_or_default();
        for (option, text) in [("username", self.username.as_str()), ("password", password)] {
            if text.chars().any(char::is_control) {
                return Err(Error::configuration(format!(
                    "option `{option}` has control characters, which basic authentication does not \
                     allow (RFC 7617, 2)"
                ))
                .with_help("check where the value comes from"));
            }
        }
        let pair = Zeroizing::new(format!("{}:{password}", self.username));
        // The capacity is exact: a string that grows leaves copies of the secret in memory.
        let length = SCHEME.len() + pair.len().div_ceil(3) * 4;
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(SCHEME);
        STANDARD.encode_string(pair.as_bytes(), &mut text);
        header::secret_value(text).map_err(|reason| {
            let message =
                format!("options `username` and `password` make no valid header value ({reason})");
            Error::configuration(message).with_help("check where the values come from")
        })
    }
}

impl TokenProvider for Basic {
    fn validate(&self, _: &Context) -> Result<()> {
        let value = Striped::try_new(|| self.value())?;
        self.__value.get_or_init(|| value);
        Ok(())
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    fn gives_tokens(&self) -> bool {
        false
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        request.set_header(AUTHORIZATION, self.value()?)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        Some(request.set_header(AUTHORIZATION, self.__value.get()?.get().clone()))
    }

    fn principal(&self, _: &Context) -> Option<String> {
        Some(self.username.clone())
    }
}

#[cfg(test)]
mod tests {
    use authn::ErrorKind;

    use crate::testing::{SecretFile, authorized, load, request, wait};

    const URL: &str = "https://api.example.com/";

    /// The header of a configuration.
    fn header(options: &str) -> String {
        let credentials = load(&format!("basic = {{ {options} }}")).unwrap();
        let parts = authorized(&credentials, URL);
        assert!(parts.headers["authorization"].is_sensitive());
        parts.headers["authorization"].to_str().unwrap().to_owned()
    }

    #[test]
    fn names_and_passwords_are_encoded_as_the_standard_says() {
        for (options, expected) in [
            // RFC 7617, 2 and 2.1
            (
                r#"username = "Aladdin", password = "open sesame""#,
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            (r#"username = "test", password = "123£""#, "Basic dGVzdDoxMjPCow=="),
            (r#"username = "a", password = "b:c""#, "Basic YTpiOmM="),
            (r#"username = "a""#, "Basic YTo="),
        ] {
            assert_eq!(header(options), expected, "{options}");
        }
        // It may be a variable that was forgotten: no password is no option.
        let error = load(r#"basic = { username = "a", password = "" }"#).unwrap_err();
        assert_eq!(error.problems()[0].message(), "the secret is empty");
    }

    #[test]
    fn the_name_is_known_and_the_password_hidden() {
        let credentials = load(r#"basic = { username = "alice", password = "s3cr3t" }"#).unwrap();
        assert_eq!(credentials.principal().as_deref(), Some("alice"));
        assert_eq!(format!("{credentials:?}"), r#"Basic { username: "alice", password: (set) }"#);
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoToken);
    }

    #[test]
    fn a_callers_own_header_wins() {
        let credentials = load(r#"basic = { username = "alice" }"#).unwrap();
        let mut parts = request(URL);
        parts.headers.insert("authorization", "mine".parse().unwrap());
        wait(credentials.authorize(&mut parts)).unwrap();
        assert_eq!(parts.headers["authorization"], "mine");
    }

    #[test]
    fn invalid_names_and_passwords_are_found_at_load() {
        for (options, said) in [
            (r#"username = "s3cr3t:a""#, "option `username` has a colon"),
            (r#"username = "a\nb""#, "option `username` has control characters"),
            (
                r#"username = "a", password = "s3cr3t\u0000""#,
                "option `password` has control characters",
            ),
        ] {
            let error = load(&format!("basic = {{ {options} }}")).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn a_rotated_password_is_used() {
        let file = SecretFile::new("b");
        let text = format!("basic = {{ username = \"a\", password.file = {:?} }}", file.path());
        let credentials = load(&text).unwrap();
        assert_eq!(authorized(&credentials, URL).headers["authorization"], "Basic YTpi");
        file.write("c\n");
        assert_eq!(authorized(&credentials, URL).headers["authorization"], "Basic YTpj");
    }
}

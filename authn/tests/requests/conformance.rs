//! The check of a provider finds a secret that the headers of its requests show, or its errors, and code that panics.

use std::panic::catch_unwind;

use authn::{
    Context, Error, ErrorKind, Issued, Provider, Request, Result, SecretString, Token,
    TokenProvider, TokenSet, TokenSource,
    conformance::{Report, check},
};

/// Repeats its key in an error.
#[authn::token_provider("leaky", own_placement)]
struct Leaky {
    /// Key.
    _key: SecretString,
}

impl TokenProvider for Leaky {
    async fn token(&self, _context: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, _request: &mut Request<'_>, _context: &Context) -> Result<()> {
        Err(Error::configuration(format!("the key {} is unknown", &*self._key.expose())))
    }
}

/// Does what its key says.
#[authn::token_provider("behaving", own_placement)]
struct Behaving {
    /// What it does.
    _how: SecretString,
}

impl TokenProvider for Behaving {
    async fn token(&self, _context: &Context) -> Result<Token> {
        let how = self._how.expose();
        match &*how {
            "token panics" => panic!("{}", &*how),
            // The made-up secret of the check.
            _ if how.len() > 20 => Err(Error::refused(format!("{} is wrong", &*how))),
            _ => Err(Error::no_token()),
        }
    }

    async fn authorize(&self, request: &mut Request<'_>, context: &Context) -> Result<()> {
        let how = self._how.expose();
        match &*how {
            "authorize panics" => panic!("{}", &*how),
            "it is background that panics" => {
                let made = || async { panic!("as the test wants it") };
                context.kept().get_or_try_init("key", made).await.map(drop)
            }
            "header" => request.set_header("x-key", "k"),
            _ => self.token(context).await.map(drop),
        }
    }
}

/// Panics in each exchange.
#[authn::token_provider("crashing", cached)]
struct Crashing {
    /// Key.
    _key: SecretString,
}

impl TokenSource for Crashing {
    async fn request_token(&self, _: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        panic!("the key is {}", &*self._key.expose())
    }
}

/// Panics when it authorises a request with a key that it does not know.
#[authn::token_provider("crashing_signer", cached)]
struct CrashingSigner {
    /// Key.
    _key: SecretString,
}

impl TokenSource for CrashingSigner {
    async fn request_token(&self, _: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new("abc")?.into())
    }

    fn authorize(&self, _: &mut Request<'_>, _: &Issued, _: &Context) -> Result<()> {
        assert_eq!(&*self._key.expose(), "known");
        Ok(())
    }
}

/// Returns the faults that a check has found.
fn faults<P: Provider>(options: &str) -> Vec<String> {
    let Err(panic) = catch_unwind(|| check::<P>(options)) else { return Vec::new() };
    let text = panic.downcast::<String>().unwrap();
    text.split("\n- ").skip(1).map(str::to_owned).collect()
}

#[test]
fn an_error_that_repeats_a_secret_is_one_fault() {
    let of_authorize = "the error of `authorize` shows the secret `key` (Raw)";
    assert_eq!(faults::<Leaky>("key = 'abc'"), [of_authorize]);
    let of_exchange = "the exchange's error shows the secret `how` (Raw)";
    assert_eq!(faults::<Behaving>("how = 'any'"), [of_exchange]);
}

#[test]
fn code_that_panics_is_a_fault_with_its_name() {
    let fault = |name| format!("`{name}` panics, and has to return an error instead");
    let of = |how: &str| faults::<Behaving>(&format!("how = '{how}'"));
    assert_eq!(of("token panics")[0], fault("token"));
    assert_eq!(of("authorize panics")[0], fault("authorize"));
    assert_eq!(of("it is background that panics")[0], fault("authorize"));
    assert_eq!(faults::<Crashing>("key = 'k'"), [fault("request_token")]);
    for key in ["known", "unknown"] {
        let found = faults::<CrashingSigner>(&format!("key = '{key}'"));
        assert_eq!(found, [fault("authorize")], "a check with a made-up key finds it, too");
    }
}

#[test]
fn an_error_without_a_secret_is_in_the_report() {
    #[authn::token_provider("behaved", own_placement)]
    /// Has no token.
    struct Behaved {
        /// Key.
        _key: SecretString,
    }
    impl TokenProvider for Behaved {
        async fn token(&self, _context: &Context) -> Result<Token> {
            let _ = &self._key;
            Err(Error::no_token())
        }
    }
    let Report { token, unswept, .. } = check::<Behaved>("key = 'abc'");
    assert_eq!(token.unwrap_err().kind(), ErrorKind::NoToken);
    assert!(unswept.is_empty());
}

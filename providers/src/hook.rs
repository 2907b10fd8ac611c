//! Provider `hook`: tokens of a closure that the program registers.

use std::sync::OnceLock;

use authn::{Context, Result, TokenSet, TokenSource, hooks};

/// Gets tokens from a closure of the program.
///
/// The program registers it with `authn::hooks::register` before it loads the configuration.
///
/// ```
/// use authn::{Environment, Loader, Token, hooks};
/// use authn_providers as _;
///
/// hooks::register("vault", hooks::Hook::sync(|_| Token::new("abc")))?;
/// let credentials = Loader::new()
///     .environment(Environment::empty())
///     .defaults("[credentials]\ndomain = 'api.example.com'\nhook = 'vault'")
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("hook", cached)]
pub struct Hook {
    /// Name under which the program registers the hook.
    #[shorthand]
    name: String,
    /// Name of the user that the tokens belong to. Unset, the hook's own username is used.
    username: Option<String>,
    /// Found when the options are checked, so that these credentials get its first token.
    __found: OnceLock<hooks::Hook>,
}

impl TokenSource for Hook {
    fn validate(&self, _: &Context) -> Result<()> {
        let hook = hooks::find(&self.name)?;
        self.__found.get_or_init(|| hook);
        Ok(())
    }

    /// The program's function answers by what the program knows.
    fn is_shareable(&self) -> bool {
        false
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        let hook = match self.__found.get() {
            Some(hook) => hook,
            None => &hooks::find(&self.name)?,
        };
        hook.request_token(context, last).await
    }

    fn initial(&self, context: &Context) -> Option<TokenSet> {
        self.__found.get()?.initial(context)
    }

    fn principal(&self, context: &Context) -> Option<String> {
        self.username.clone().or_else(|| self.__found.get()?.principal(context))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::{Duration, SystemTime},
    };

    use authn::{
        Credentials, Error, ErrorKind, SecretString, Token,
        time::{Clock, ManualClock, Moment, Sleep, Time},
    };

    use super::*;
    use crate::testing::{authorized, load, load_at, wait};

    /// A clock on which every short wait ends at once.
    #[derive(Debug)]
    struct Impatient(ManualClock);

    impl Time for Impatient {
        fn now(&self) -> Moment {
            self.0.now()
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            // The framework's deadlines are minutes, and nothing in these tests takes that long.
            let is_deadline = duration >= Duration::from_mins(1);
            if is_deadline {
                return Box::pin(std::future::pending());
            }
            if duration > Duration::from_secs(1) {
                return self.0.sleep(duration);
            }
            self.0.advance(duration);
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn tokens_come_from_the_hook_and_are_cached() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let hook = hooks::Hook::sync(move |_| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            Ok(Token::new(format!("number-{number}"))?.with_expires_in(Duration::from_mins(1)))
        });
        hooks::register("counting", hook).unwrap();
        let credentials = load("hook = \"counting\"").unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0, "nothing is asked at load");
        for _ in 0..3 {
            let parts = authorized(&credentials, "https://api.example.com/");
            assert_eq!(parts.headers["authorization"], "Bearer number-0");
        }
        credentials.invalidate(&credentials.try_token().expect("cached"));
        assert_eq!(wait(credentials.token()).unwrap().secret(), "number-1");
    }

    #[test]
    fn an_asynchronous_hook_with_a_first_token_and_a_name() {
        let hook = hooks::Hook::new(|_| async { Token::new("later") })
            .with_initial(Token::new("first").unwrap().with_expires_in(Duration::from_mins(1)))
            .with_username("alice");
        hooks::register("named", hook).unwrap();
        let credentials = load("[credentials.hook]\nname = \"named\"").unwrap();
        assert_eq!(credentials.principal().as_deref(), Some("alice"));
        let first = wait(credentials.token()).unwrap();
        assert_eq!(first.secret(), "first");
        credentials.invalidate(&first);
        assert_eq!(wait(credentials.token()).unwrap().secret(), "later");
        let other = load("hook = { name = \"named\", username = \"bob\" }").unwrap();
        assert_eq!(other.principal().as_deref(), Some("bob"));
    }

    #[test]
    fn all_credentials_of_a_process_start_with_the_first_token() {
        let hook = hooks::Hook::new(|_| async { Token::new("later") })
            .with_initial(Token::new("first").unwrap().with_expires_in(Duration::from_mins(1)));
        hooks::register("initial", hook.clone()).unwrap();
        let in_code = || Credentials::builder().source(hook.clone()).origin("*").build().unwrap();
        for credentials in [
            load("hook = \"initial\"").unwrap(),
            load("hook = \"initial\"").unwrap(),
            load("[credentials.cached]\nhook = \"initial\"").unwrap(),
            in_code(),
            in_code(),
        ] {
            let status = wait(credentials.status()).unwrap();
            assert!(status.is_authenticated() && status.has_token, "{status:?}");
            assert!(status.expires_at.is_some());
            let scoped = credentials.with_scope(&["read"]);
            assert!(!wait(scoped.status()).unwrap().is_authenticated());
            assert_eq!(wait(scoped.token()).unwrap().secret(), "later", "it has other scopes");

            let first = wait(credentials.token()).unwrap();
            assert_eq!(first.secret(), "first");
            assert!(wait(credentials.status()).unwrap().is_authenticated());
            credentials.invalidate(&first);
            assert!(!wait(credentials.status()).unwrap().is_authenticated(), "it was refused");
            assert_eq!(wait(credentials.token()).unwrap().secret(), "later");
        }
    }

    #[test]
    fn a_first_token_that_has_expired_is_not_used() {
        let clock = ManualClock::new();
        let first = Token::new("first").unwrap().with_expires_in(Duration::from_mins(1));
        let hook = hooks::Hook::new(|_| async { Token::new("later") }).with_initial(first);
        hooks::register("started late", hook).unwrap();
        clock.advance(Duration::from_hours(1));
        let credentials = load_at("hook = \"started late\"", Clock::custom(clock.clone())).unwrap();
        assert!(!wait(credentials.status()).unwrap().is_authenticated());
        assert_eq!(wait(credentials.token()).unwrap().secret(), "later");
    }

    #[test]
    fn an_expired_token_is_a_failed_attempt() {
        for (expired, succeeds) in [(1, true), (2, true), (3, false)] {
            let asked = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&asked);
            let hook = hooks::Hook::sync(move |context| {
                let is_expired = count.fetch_add(1, Ordering::Relaxed) < expired;
                let now = context.clock().now().wall();
                let minute = Duration::from_mins(1);
                let end = if is_expired { now - minute } else { now + minute };
                Ok(Token::new("abc")?.with_expires_at(end))
            });
            let name = format!("returns {expired} expired tokens");
            hooks::register(&name, hook).unwrap();
            let manual = ManualClock::new();
            let clock = Clock::custom(Impatient(manual.clone()));
            let start = manual.now();
            let result = load_at(&format!("hook = \"{name}\""), clock)
                .and_then(|credentials| wait(credentials.token()));
            // 200 ms, then 400 ms.
            let waited = Duration::from_millis([200, 600, 600][expired - 1]);
            assert_eq!(manual.now(), start.plus(waited));
            assert_eq!(asked.load(Ordering::Relaxed), (expired + 1).min(3));
            match result {
                Ok(token) => assert!(succeeds && token.secret() == "abc"),
                Err(error) => {
                    assert!(!succeeds);
                    assert_eq!(error.kind(), ErrorKind::Expired);
                    assert!(error.to_string().contains("the hook returned a token"), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_hook_may_answer_a_pair_of_a_text_and_its_expiry() {
        let expiry = SystemTime::now() + Duration::from_hours(1);
        let hooks: [(&str, hooks::Hook); 4] = [
            ("text", hooks::Hook::new(move |_| async move { Ok(("abc".to_owned(), expiry)) })),
            ("sync", hooks::Hook::sync(move |_| Ok(("abc", expiry)))),
            ("secret", hooks::Hook::sync(move |_| Ok((SecretString::from("abc"), expiry)))),
            (
                "set",
                hooks::Hook::sync(move |_| {
                    let token = Token::new("abc")?.with_expires_at(expiry);
                    Ok(TokenSet::new(token))
                }),
            ),
        ];
        for (name, hook) in hooks {
            let name = format!("pair_{name}");
            hooks::register(&name, hook).unwrap();
            let token = wait(load(&format!("hook = '{name}'")).unwrap().token());
            let token = token.unwrap();
            assert_eq!((token.secret(), token.expires_at()), ("abc", Some(expiry)), "{name}");
        }
        // A text that can't be a token is an error of the hook.
        for (name, text) in [("pair_empty", ""), ("pair_bad", "s3cr3t s3cr3t")] {
            hooks::register(name, hooks::Hook::sync(move |_| Ok((text, expiry)))).unwrap();
            let clock = Clock::custom(Impatient(ManualClock::new()));
            let credentials = load_at(&format!("hook = '{name}'"), clock).unwrap();
            let error = wait(credentials.token()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidToken, "{name}");
            assert!(!format!("{error:?} {error}").contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn a_hook_is_tried_three_times() {
        let clock = || Clock::custom(Impatient(ManualClock::new()));
        for (failures, succeeds) in [(2, true), (3, false)] {
            let asked = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&asked);
            let hook = hooks::Hook::sync(move |_| {
                if count.fetch_add(1, Ordering::Relaxed) < failures {
                    return Err(Error::network("the vault did not answer").with_help("is it up?"));
                }
                Token::new("abc")
            });
            let name = format!("fails {failures} times");
            hooks::register(&name, hook).unwrap();
            let credentials = load_at(&format!("hook = \"{name}\""), clock()).unwrap();
            let result = wait(credentials.token());
            assert_eq!(asked.load(Ordering::Relaxed), 3);
            match result {
                Ok(token) => assert!(succeeds && token.secret() == "abc"),
                Err(error) => assert!(!succeeds && error.kind() == ErrorKind::Network),
            }
        }
    }

    #[test]
    fn a_hook_that_panics_fails_without_its_message() {
        let hook = hooks::Hook::sync(|_| -> Result<Token> { panic!("s3cr3t") });
        hooks::register("panics", hook).unwrap();
        let clock = Clock::custom(Impatient(ManualClock::new()));
        let credentials = load_at("hook = \"panics\"", clock).unwrap();
        let error = wait(credentials.token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }

    #[test]
    fn a_synchronous_hook_may_wait_for_other_credentials() {
        hooks::register("inner", hooks::Hook::sync(|_| Token::new("from-within"))).unwrap();
        let inner: authn::blocking::Credentials = load("hook = \"inner\"").unwrap().into();
        hooks::register("outer", hooks::Hook::sync(move |_| inner.token())).unwrap();
        let outer: authn::blocking::Credentials = load("hook = \"outer\"").unwrap().into();
        assert_eq!(outer.token().unwrap().secret(), "from-within");
    }

    #[test]
    fn an_asynchronous_hook_that_blocks_is_an_error_and_no_deadlock() {
        hooks::register("awaited", hooks::Hook::sync(|_| Token::new("abc"))).unwrap();
        let inner: authn::blocking::Credentials = load("hook = \"awaited\"").unwrap().into();
        let blocks = hooks::Hook::new(move |_| std::future::ready(inner.token()));
        hooks::register("blocks", blocks).unwrap();
        let clock = Clock::custom(Impatient(ManualClock::new()));
        let outer: authn::blocking::Credentials =
            load_at("hook = \"blocks\"", clock).unwrap().into();
        let error = outer.token().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("`Hook::sync`"), "{error}");
    }

    #[test]
    fn a_name_that_is_not_registered_is_found_at_load() {
        let error = load("hook = \"unheard-of\"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let said = error.to_string();
        assert!(said.contains("no hook `unheard-of`"), "{said}");
        assert!(said.contains("authn::hooks::register"), "{said}");
    }
}

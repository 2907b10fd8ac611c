//! Provider `hook`: tokens of a closure that the program registers.

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
///     .inline("built in", "[credentials]\ndomain = 'api.example.com'\nhook = 'vault'")
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
}

impl TokenSource for Hook {
    fn validate(&self, _: &Context) -> Result<()> {
        hooks::find(&self.name).map(drop)
    }

    async fn request_token(&self, context: &Context, last: Option<&TokenSet>) -> Result<TokenSet> {
        hooks::find(&self.name)?.request_token(context, last).await
    }

    fn principal(&self, context: &Context) -> Option<String> {
        self.username.clone().or_else(|| hooks::find(&self.name).ok()?.principal(context))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use authn::{
        Error, ErrorKind, Token,
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

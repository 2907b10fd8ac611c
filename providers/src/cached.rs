//! Provider `cached`: any other provider behind a cache and a store.

use authn::{Bound, Context, Credentials, Result, TokenSet, TokenSource};

/// Caches another provider's tokens, and can keep them in a store.
///
/// The other provider is configured in `[credentials.cached.NAME]`.
///
/// A login or logout is passed to the other provider, and deletes the tokens of the last user that are cached here. A
/// program that configures the other provider without this one can log in too, but that login is not noticed here:
/// a token that is cached here is then used until it expires.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("API_TOKEN", "abc"))
///     .inline("built in", r#"
///         [credentials]
///         domain = "api.example.com"
///         [credentials.cached]
///         bearer = { env = "API_TOKEN" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("cached", cached)]
pub struct Cached {
    #[inner]
    of: Credentials,
}

impl TokenSource for Cached {
    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        let token = match context.scopes() {
            [] => self.of.token().await?,
            scopes => self.of.with_scope(scopes).token().await?,
        };
        Ok(token.into())
    }

    fn inner(&self) -> Option<&Bound> {
        Some(self.of.bound())
    }

    fn principal(&self, _context: &Context) -> Option<String> {
        self.of.principal()
    }
}

#[cfg(test)]
mod tests {
    use authn::{Environment, Loader, config::Class};

    fn loader(text: &str) -> Loader {
        let text = format!("[credentials]\norigins = ['*']\n{text}");
        Loader::new().environment(Environment::empty()).inline("test.toml", &text)
    }

    #[tokio::test]
    async fn it_caches_the_provider_in_its_table() {
        for text in [
            "[credentials.cached]\nexpires_in_fallback = '1m'\n[credentials.cached.bearer]\ntoken = 'abc'",
            "[credentials.cached]\nbearer = 'abc'",
            "[credentials.cached.cached]\nbearer = 'abc'",
        ] {
            let credentials = loader(text).load().unwrap();
            assert!(credentials.try_token().is_none());
            assert_eq!(credentials.token().await.unwrap().secret(), "abc");
            assert_eq!(credentials.try_token().unwrap().secret(), "abc");
        }
    }

    #[test]
    fn its_inner_provider_is_hidden_checked_and_counted() {
        let config =
            loader("[credentials.cached.bearer]\ntoken = 's3cr3t'\nbogus = 's3cr3t'").read();
        let problem = &config.problems()[0];
        assert_eq!(problem.key(), Some("credentials.cached.bearer.bogus"));
        let settings = config.settings();
        assert!(!format!("{settings:?}{problem:?}").contains("s3cr3t"), "{settings:?}");
        let token = settings.iter().find(|one| one.key == "credentials.cached.bearer.token");
        assert_eq!(token.unwrap().class, Class::Secret);
        for text in [
            "[credentials.cached]\nstore = 'memory'",
            "[credentials.cached]\nbearer = 'a'\njwt = 'b'",
        ] {
            assert_eq!(loader(text).read().problems()[0].code().as_str(), "one-provider", "{text}");
        }
        let served = loader("[credentials.cached.app_service]").read();
        assert_eq!(served.problems()[0].code().as_str(), "cached-per-request");
    }

    #[tokio::test]
    async fn keeps_tokens_in_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let environment = || Environment::empty().state_directory(folder.path());
        let text = "[credentials.cached]\nstore = 'file'\nbearer = 'abc'";
        loader(text).environment(environment()).load().unwrap().token().await.unwrap();
        let again = loader(text).environment(environment()).load().unwrap();
        assert!(again.status().await.unwrap().has_token);
        let within = "[credentials.cached.cached]\nstore = 'file'\nbearer = 'abc'";
        let within = loader(within).environment(environment()).load().unwrap();
        assert_eq!(within.status().await.unwrap().store.as_deref(), Some("file"));
    }

    #[tokio::test]
    async fn the_longest_lifetime_is_no_overflow() {
        let folder = tempfile::tempdir().unwrap();
        let seconds = i64::MAX;
        let text = format!(
            "[credentials.cached]\nstore = 'file'\nexpires_in_fallback = {seconds}\nbearer = 'abc'"
        );
        for _ in ["exchanged", "stored"] {
            let environment = Environment::empty().state_directory(folder.path());
            let credentials = loader(&text).environment(environment).load().unwrap();
            assert_eq!(credentials.token().await.unwrap().secret(), "abc");
        }
    }

    #[tokio::test]
    async fn another_secret_is_another_session() {
        let folder = tempfile::tempdir().unwrap();
        for secret in ["one", "two"] {
            let text = format!("[credentials.cached]\nstore = 'file'\nbearer = '{secret}'");
            let environment = Environment::empty().state_directory(folder.path());
            let credentials = loader(&text).environment(environment).load().unwrap();
            assert_eq!(credentials.token().await.unwrap().secret(), secret);
        }
    }

    #[tokio::test]
    async fn an_invalidation_or_a_logout_reaches_the_inner_provider() {
        let count = std::sync::atomic::AtomicU32::new(0);
        let hook = authn::hooks::Hook::sync(move |_| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(authn::Token::new(format!("t{number}"))?
                .with_expires_in(std::time::Duration::from_hours(1)))
        });
        authn::hooks::register("counting-within", hook).unwrap();
        let credentials = loader("[credentials.cached]\nhook = 'counting-within'").load().unwrap();
        let first = credentials.token().await.unwrap();
        assert_eq!(first.secret(), "t0");
        credentials.invalidate(&first);
        assert_eq!(credentials.token().await.unwrap().secret(), "t1");
        credentials.logout().await.unwrap();
        assert_eq!(credentials.token().await.unwrap().secret(), "t2");
    }
}

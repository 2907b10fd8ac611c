//! Provider `api_key`: keys in headers and query parameters.

mod key_set;
mod prepared;

use std::{collections::BTreeMap, sync::OnceLock};

use authn::{
    Context, Error, Placement, Request, Result, SecretString, Striped, Token, TokenProvider,
};
use key_set::KeySet;
use prepared::{Additions, Prepared, header_place, placements};

const HEADER: &str = "x-api-key";

/// Sends keys in headers and query parameters.
///
/// `key` is sent in `header`, or in `query_parameter` if that is set. `headers` and `query` hold further keys.
/// `for` holds keys for single origins, which take precedence over the others. Headers and parameters that the
/// caller has set on a request are kept, unless `override` is set.
///
/// ```
/// use authn::{Environment, Loader};
/// use authn_providers as _;
///
/// let credentials = Loader::new()
///     .environment(Environment::empty().variable("API_KEY", "abc"))
///     .defaults(r#"
///         [credentials]
///         domain = "api.example.com"
///         api_key = { key = { env = "API_KEY" }, header = "x-token" }
///     "#)
///     .load()?;
/// # let _ = credentials;
/// # Ok::<(), authn::Error>(())
/// ```
#[authn::token_provider("api_key", own_placement)]
pub struct ApiKey {
    /// The key.
    #[shorthand]
    #[needed]
    _key: Option<SecretString>,
    /// Header in which the key is sent.
    #[default(HEADER.to_owned())]
    header: String,
    /// Query parameter in which the key is sent, instead of a header.
    query_parameter: Option<String>,
    /// Further headers by name. Every value is a secret.
    _headers: Option<BTreeMap<String, SecretString>>,
    /// Further query parameters by name. Every value is a secret.
    _query: Option<BTreeMap<String, SecretString>>,
    /// Headers by name that are sent with the keys and are not secret.
    plain_headers: Option<BTreeMap<String, String>>,
    /// Keys for single origins: `{ origin = "https://host", headers = { … }, query = { … } }`.
    #[default(Vec::new())]
    r#for: Vec<KeySet>,
    /// Name of the user that the keys belong to.
    username: Option<String>,
    /// Built when the options are checked. The framework does not use it if a key comes from a file; the keys are
    /// then read again for each request.
    __prepared: OnceLock<Striped<Prepared>>,
}

impl ApiKey {
    fn prepare(&self) -> Result<Prepared> {
        let mut common = Additions::default();
        match (&self._key, &self.query_parameter) {
            (Some(_), Some(_)) if !self.header.eq_ignore_ascii_case(HEADER) => {
                return Err(Error::configuration(
                    "options `header` and `query_parameter` are both set, but the key is sent in one \
                     place only",
                )
                .with_help("remove one of them"));
            }
            (Some(key), Some(parameter)) => {
                common.parameter("query_parameter", parameter, key)?;
            }
            (Some(key), None) => common.header("header", &self.header, &key.expose())?,
            (None, _) => {}
        }
        common.add("", self._headers.as_ref(), self._query.as_ref())?;
        let sets = self.r#for.iter().enumerate();
        let sets: Vec<_> = sets.map(|(index, set)| set.prepare(index)).collect::<Result<_>>()?;
        if common.is_empty() && sets.is_empty() {
            return Err(Error::configuration("no key is set")
                .with_help("set `key`, `headers`, `query` or `for`"));
        }
        let mut plain = Additions::default();
        for (name, value) in self.plain_headers.iter().flatten() {
            common.refuse_second_header("plain_headers", name)?;
            plain.header("plain_headers", name, value)?;
        }
        Ok(Prepared { common, sets, plain })
    }
}

impl TokenProvider for ApiKey {
    fn validate(&self, _: &Context) -> Result<()> {
        let prepared = Striped::try_new(|| self.prepare())?;
        self.__prepared.get_or_init(|| prepared);
        Ok(())
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    fn gives_tokens(&self) -> bool {
        false
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        self.prepare()?.put_on(request)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        Some(self.__prepared.get()?.get().put_on(request))
    }

    fn placements(&self, _: &Context) -> Vec<Placement> {
        let own = [header_place(&self.header)].into_iter().flatten();
        let own = own.chain(self.query_parameter.iter().map(Placement::query));
        let further = placements(self._headers.as_ref(), self._query.as_ref());
        let plain = placements(self.plain_headers.as_ref(), None);
        let sets = self.r#for.iter().flat_map(KeySet::placements);
        own.chain(further).chain(plain).chain(sets).collect()
    }

    fn principal(&self, _: &Context) -> Option<String> {
        self.username.clone()
    }
}

#[cfg(test)]
mod tests;

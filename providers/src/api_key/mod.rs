//! Provider `api_key`: keys in headers and in the query.

mod key_set;
mod prepared;

use std::{collections::BTreeMap, sync::OnceLock};

use authn::{Context, Error, Request, Result, SecretString, Token, TokenProvider};
use key_set::KeySet;
use prepared::{Additions, Prepared};

const HEADER: &str = "x-api-key";

/// Sends keys in headers and in the query.
///
/// One key goes into `header`, or into `query_parameter` if that is set. More of them stand in `headers`
/// and `query`, and keys for some origins alone in `for`, where they win over the others. What the caller
/// has set on a request stays.
#[authn::token_provider("api_key", own_placement)]
pub struct ApiKey {
    /// The key.
    #[shorthand]
    _key: Option<SecretString>,
    /// Header that takes the key.
    #[default(HEADER.to_owned())]
    header: String,
    /// Parameter of the query that takes the key, instead of a header.
    query_parameter: Option<String>,
    /// Headers by name; every value is a secret.
    _headers: Option<BTreeMap<String, SecretString>>,
    /// Parameters of the query by name; every value is a secret.
    _query: Option<BTreeMap<String, SecretString>>,
    /// Headers that go with the keys and are no secrets, by name.
    plain_headers: Option<BTreeMap<String, String>>,
    /// Sets of keys for some origins alone: `{ origin = "https://host", headers = { … }, query = { … } }`.
    #[default(Vec::new())]
    r#for: Vec<KeySet>,
    /// Name of whom the keys stand for.
    username: Option<String>,
    /// Made when the options are checked. It serves as long as the framework asks for what needs no
    /// waiting, which it doesn't where a key stands in a file.
    __prepared: OnceLock<Prepared>,
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
        let prepared = self.prepare()?;
        self.__prepared.get_or_init(|| prepared);
        Ok(())
    }

    async fn token(&self, _: &Context) -> Result<Token> {
        Err(Error::no_token())
    }

    async fn authorize(&self, request: &mut Request<'_>, _: &Context) -> Result<()> {
        self.prepare()?.put_on(request)
    }

    #[inline]
    fn try_authorize(&self, request: &mut Request<'_>, _: &Context) -> Option<Result<()>> {
        Some(self.__prepared.get()?.put_on(request))
    }

    fn principal(&self, _: &Context) -> Option<String> {
        self.username.clone()
    }
}

#[cfg(test)]
mod tests;

//! `KeySet`: keys for one origin only.

use std::collections::BTreeMap;

use authn::{Origins, Placement, Result, Secret as _, SecretString, Validation, options::Origin};

use super::prepared::{Additions, placements};

/// One entry of the option `for`.
#[derive(authn::Options)]
#[options(validate = Self::check)]
#[allow(clippy::used_underscore_binding, reason = "an underscore marks a secret")]
pub(super) struct KeySet {
    /// Origin that the keys are sent to: `https://host[:port]`.
    origin: Origin,
    /// Headers by name. Every value is a secret.
    _headers: Option<BTreeMap<String, SecretString>>,
    /// Query parameters by name. Every value is a secret.
    _query: Option<BTreeMap<String, SecretString>>,
}

impl KeySet {
    fn check(&self, problems: &mut Validation) {
        if let Err(error) = self.origins() {
            let help = error.help().unwrap_or("write it as `https://host` or `https://host:port`");
            problems.at("origin").error(error.message(), help);
        }
        if !self._headers.is_set() && !self._query.is_set() {
            problems.at("headers").error("the key set has no key", "add `headers` or `query`");
        }
    }

    /// Prepares the set. `index` is its position in `for`, for errors.
    pub(super) fn prepare(&self, index: usize) -> Result<(Origins, Additions)> {
        let mut additions = Additions::default();
        additions.add(&format!("for.{index}."), self._headers.as_ref(), self._query.as_ref())?;
        Ok((self.origins()?, additions))
    }

    pub(super) fn placements(&self) -> Vec<Placement> {
        placements(self._headers.as_ref(), self._query.as_ref())
    }

    fn origins(&self) -> Result<Origins> {
        Origins::none().and(&self.origin)
    }

    #[cfg(test)]
    pub(super) fn sample(
        headers: Option<BTreeMap<String, SecretString>>,
        query: Option<BTreeMap<String, SecretString>>,
    ) -> Self {
        let origin = serde_json::from_str("\"https://a.test\"").unwrap();
        Self { origin, _headers: headers, _query: query }
    }
}

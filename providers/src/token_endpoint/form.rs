//! `Form`: the parameters of a request to the authorization server.

use zeroize::Zeroizing;

/// The parameters of a request, in order. They are wiped on drop.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Creates the form of a token request.
    pub(crate) fn of_grant(grant_type: &str) -> Self {
        let mut form = Self::default();
        form.add("grant_type", grant_type);
        form
    }

    /// Adds a parameter. Some can be repeated (RFC 8707, 2).
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    /// Adds a parameter if its value is not empty.
    pub(crate) fn add_unless_empty(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    /// Returns the parameters in the order in which they are sent.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

//! `KeySet`: keys for some origins alone.

use std::collections::BTreeMap;

use authn::{
    Origins, Result, Secret, SecretString,
    options::{Node, Table},
    schema::{Field, Options, Shape, Type},
};

use super::prepared::Additions;

/// One set of the option `for`. It counts as a secret as a whole.
pub(super) struct KeySet {
    origins: Origins,
    headers: Option<BTreeMap<String, SecretString>>,
    query: Option<BTreeMap<String, SecretString>>,
}

impl KeySet {
    /// Checks the set, which is the one of this index.
    pub(super) fn prepare(&self, index: usize) -> Result<(Origins, Additions)> {
        let mut additions = Additions::default();
        for (name, secret) in self.headers.iter().flatten() {
            additions.secret_header(&format!("for.{index}.headers"), name, secret)?;
        }
        for (name, secret) in self.query.iter().flatten() {
            additions.secret_parameter(&format!("for.{index}.query"), name, secret)?;
        }
        Ok((self.origins.clone(), additions))
    }
}

impl Options for KeySet {
    const FIELDS: &'static [Field] = &[
        Field::plain::<String>("origin", &["Origin that the keys are for: `https://host[:port]`."]),
        Field::secret::<Option<BTreeMap<String, SecretString>>>(
            "headers",
            &["Headers by name; every value is a secret."],
        ),
        Field::secret::<Option<BTreeMap<String, SecretString>>>(
            "query",
            &["Parameters of the query by name; every value is a secret."],
        ),
    ];

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let origin = table.plain::<String>("origin");
        let headers = table.secret::<Option<BTreeMap<String, SecretString>>>("headers");
        let query = table.secret::<Option<BTreeMap<String, SecretString>>>("query");
        let origins = origin.and_then(|origin| match Origins::none().and(&origin) {
            Ok(origins) => Some(origins),
            Err(error) => table.refuse("origin", &error.to_string()),
        });
        let set = Self { origins: origins?, headers: headers?, query: query? };
        if set.is_set() { Some(set) } else { table.refuse("headers", "the set has no key") }
    }
}

impl Secret for KeySet {
    fn is_set(&self) -> bool {
        self.headers.is_set() || self.query.is_set()
    }

    fn read(node: Node<'_>) -> Option<Self> {
        node.options()
    }

    fn shape() -> Shape {
        let secrets = Type::Map(Box::new(Type::Secret));
        Shape::required(Type::Table(vec![
            ("origin", Type::Origin),
            ("headers", secrets.clone()),
            ("query", secrets),
        ]))
    }
}

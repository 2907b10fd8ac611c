//! `OptionValue`: the value of an option that is set in code.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;
use zeroize::Zeroizing;

use super::{Entries, Item, Value};
use crate::{SecretString, diagnostic::Provenance, time::duration};

/// A value of an option, for the builder of a provider. The builder's methods take everything that converts into it.
///
/// The value is checked against the option's type when the credentials are built, as in a configuration: an option can
/// be set by a text wherever a configuration accepts one.
///
/// | option | value |
/// |---|---|
/// | text, address, path, one word of several | `&str`, `String`, `Url`, `&Path`, `PathBuf` |
/// | number, boolean | the number or the boolean |
/// | duration | `Duration`, in whole milliseconds, or a text such as `"15m"` |
/// | list | an array, a slice or a `Vec` |
/// | table | a map, or [`OptionValue::table`] |
/// | secret | a text, a [`SecretString`], or [`OptionValue::reference`] |
/// | another provider | the builder of that provider |
/// | any | `Option`: `None` leaves the option unset |
///
/// ```
/// use authn::{SecretString, options::OptionValue};
///
/// let scopes: OptionValue = ["read", "write"].into();
/// let nothing: OptionValue = None::<String>.into();
/// let parameters = OptionValue::table([("tenant", "acme")]);
/// let secret = OptionValue::reference("file", "/run/secrets/client");
/// assert_eq!(format!("{secret:?}"), "OptionValue(..)");
/// # let _ = (scopes, nothing, parameters, OptionValue::from(SecretString::from("abc")));
/// ```
#[derive(Clone)]
pub struct OptionValue(Option<Value>);

impl OptionValue {
    /// Creates a table from pairs of keys and values.
    pub fn table<K: Into<String>, V: Into<Self>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut table = Entries::new();
        for (key, value) in entries {
            if let Some(item) = value.into().into_item() {
                table.insert(key.into(), item);
            }
        }
        Self::from_entries(table)
    }

    /// Creates a reference to a secret, such as to a `file` or to an `env` variable, which is resolved again before each
    /// exchange.
    pub fn reference(kind: &str, target: &str) -> Self {
        Self::table([(kind, target)])
    }

    /// Returns the value; `None` if the option stays unset.
    pub(crate) fn into_item(self) -> Option<Item> {
        self.0.map(|value| Item::new(value, Provenance::Code))
    }

    pub(crate) fn from_entries(entries: Entries) -> Self {
        Self(Some(Value::Table(entries)))
    }

    fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().filter_map(|item| item.into().into_item());
        Self(Some(Value::Array(items.collect())))
    }
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for OptionValue {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        Self(Some(Value::Text(Zeroizing::new(text))))
    }
}

impl From<Url> for OptionValue {
    fn from(url: Url) -> Self {
        String::from(url).into()
    }
}

impl From<&Url> for OptionValue {
    fn from(url: &Url) -> Self {
        url.as_str().into()
    }
}

/// A path must be UTF-8, like a configuration.
impl From<&Path> for OptionValue {
    fn from(path: &Path) -> Self {
        path.to_string_lossy().into_owned().into()
    }
}

impl From<PathBuf> for OptionValue {
    fn from(path: PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<SecretString> for OptionValue {
    fn from(secret: SecretString) -> Self {
        Self(Some(Value::Secret(secret)))
    }
}

impl From<&SecretString> for OptionValue {
    fn from(secret: &SecretString) -> Self {
        secret.clone().into()
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self(Some(Value::Boolean(value)))
    }
}

impl From<Duration> for OptionValue {
    fn from(value: Duration) -> Self {
        duration::format(value).into()
    }
}

impl From<f64> for OptionValue {
    fn from(value: f64) -> Self {
        Self(Some(Value::Float(value)))
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for OptionValue {
            /// A number that is too large for 64 bits with a sign becomes a text, because an option may accept that.
            fn from(value: $integer) -> Self {
                match i64::try_from(value) {
                    Ok(value) => Self(Some(Value::Integer(value))),
                    Err(_) => value.to_string().into(),
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 usize }

impl<T: Into<OptionValue>, const N: usize> From<[T; N]> for OptionValue {
    fn from(items: [T; N]) -> Self {
        Self::list(items)
    }
}

impl<T: Into<OptionValue> + Clone> From<&[T]> for OptionValue {
    fn from(items: &[T]) -> Self {
        Self::list(items.iter().cloned())
    }
}

impl<T: Into<OptionValue>> From<Vec<T>> for OptionValue {
    fn from(items: Vec<T>) -> Self {
        Self::list(items)
    }
}

impl<K: Into<String>, V: Into<OptionValue>> From<BTreeMap<K, V>> for OptionValue {
    fn from(entries: BTreeMap<K, V>) -> Self {
        Self::table(entries)
    }
}

impl<K: Into<String>, V: Into<OptionValue>, S> From<HashMap<K, V, S>> for OptionValue {
    fn from(entries: HashMap<K, V, S>) -> Self {
        Self::table(entries)
    }
}

impl<T: Into<OptionValue>> From<Option<T>> for OptionValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(None), Into::into)
    }
}

/// Shows nothing, because any value could be a secret.
impl fmt::Debug for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OptionValue(..)")
    }
}

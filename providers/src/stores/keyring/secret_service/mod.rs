//! The desktop's keyring: the Secret Service of freedesktop.org, over D-Bus, as GNOME's and
//! KDE's keyrings have it.
//!
//! No prompt is ever shown: a program that needs a token may have no screen and no user. What a prompt
//! would unlock is locked, and an error says how to unlock it.

mod bus;
mod failures;

use std::collections::HashMap;

use authn::{Error, Result, SecretString, store::StoreContext};
use zbus::OwnedObjectPath;

use self::bus::Bus;
use super::{failure, label, text};

/// What sets sessions apart from whatever else is in a keyring.
const SCHEMA: &str = "authn.Session";

/// A Secret Service, by the address of its bus.
#[derive(Clone, Debug)]
pub(super) struct SecretService {
    address: Option<String>,
}

/// By these an item is found. Other programs call them so, too.
type Attributes<'a> = HashMap<&'a str, &'a str>;

impl SecretService {
    /// Takes the address of the user's bus from the environment.
    pub(super) fn new(surroundings: &StoreContext<'_>) -> Self {
        let told = surroundings.variable("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned);
        let folder = surroundings.variable("XDG_RUNTIME_DIR");
        let usual = || folder.map(|folder| format!("unix:path={folder}/bus"));
        Self { address: told.or_else(usual) }
    }

    #[cfg(test)]
    pub(super) fn at(address: Option<&str>) -> Self {
        Self { address: address.map(str::to_owned) }
    }

    /// Fails if nothing can be kept there now.
    pub(super) async fn check(&self) -> Result<()> {
        self.bus().await?.default_collection().await.map(drop)
    }

    /// Returns the texts of all items of a session: one, as a rule.
    pub(super) async fn read(&self, service: &str, key: &str) -> Result<Vec<SecretString>> {
        let bus = self.bus().await?;
        let mut texts = Vec::new();
        for item in bus.find(&session(service, Some(key))).await? {
            // Bytes that are no text are no document either.
            texts.push(text(bus.secret(&item).await?).unwrap_or_else(|| "".into()));
        }
        Ok(texts)
    }

    /// Replaces what is kept of a session.
    pub(super) async fn write(&self, service: &str, key: &str, text: &SecretString) -> Result<()> {
        let bus = self.bus().await?;
        let attributes = session(service, Some(key));
        let items = bus.find(&attributes).await?;
        match items.split_first() {
            None => bus.create(&label(key), &attributes, text).await,
            Some((first, others)) => {
                bus.replace(first, text).await?;
                for item in others {
                    bus.delete(item).await?;
                }
                Ok(())
            }
        }
    }

    /// Renames what is kept of a session.
    pub(super) async fn set_aside(&self, service: &str, key: &str, ending: &str) -> Result<()> {
        let bus = self.bus().await?;
        let schema = format!("{SCHEMA}.{ending}");
        let mut attributes = session(service, Some(key));
        let items = bus.find(&attributes).await?;
        attributes.insert("xdg:schema", &schema);
        for item in &items {
            bus.rename(item, &format!("{} ({ending})", label(key)), &attributes).await?;
        }
        Ok(())
    }

    /// Lists the sessions.
    pub(super) async fn list(&self, service: &str) -> Result<Vec<String>> {
        let bus = self.bus().await?;
        let mut names = Vec::new();
        for item in bus.find(&session(service, None)).await? {
            names.extend(bus.username(&item).await?);
        }
        Ok(names)
    }

    /// Returns the secret that a reference names, as `service/user`.
    pub(super) async fn secret(&self, target: &str) -> Result<SecretString> {
        let (service, user) = split(target)?;
        let bus = self.bus().await?;
        let attributes = HashMap::from([("service", service), ("username", user)]);
        let items = bus.find(&attributes).await?;
        match items.as_slice() {
            [item] => text(bus.secret(item).await?).ok_or_else(|| {
                failure(format!("the secret `{target}` of the keyring is not text"))
                    .with_help("save it as UTF-8 text")
            }),
            [] => Err(Error::configuration(format!(
                "the keyring has no secret of service `{service}` and user `{user}`"
            ))
            .with_help(format!(
                "add it with `secret-tool store --label='{target}' service '{service}' username '{user}'`"
            ))),
            several => Err(Error::configuration(format!(
                "the keyring has {} secrets of service `{service}` and user `{user}`",
                several.len()
            ))
            .with_help("keep only one of them")),
        }
    }

    async fn bus(&self) -> Result<Bus> {
        Bus::connect(self.address.as_deref()).await
    }
}

fn session<'a>(service: &'a str, key: Option<&'a str>) -> Attributes<'a> {
    let mut attributes = HashMap::from([("xdg:schema", SCHEMA), ("service", service)]);
    attributes.extend(key.map(|key| ("username", key)));
    attributes
}

/// Splits a reference at its last slash: a service may be a URL, and a user's name has none.
fn split(target: &str) -> Result<(&str, &str)> {
    let parts = target.rsplit_once('/');
    parts.filter(|(service, user)| !service.is_empty() && !user.is_empty()).ok_or_else(|| {
        Error::configuration("this is not a reference to a secret in a keyring")
            .with_help("write it as `{ keyring = \"service/user\" }`")
    })
}

/// A path that names nothing.
fn is_nothing(path: &OwnedObjectPath) -> bool {
    path.as_str() == "/"
}

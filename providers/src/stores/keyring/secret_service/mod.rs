//! The desktop's keyring: the Secret Service of freedesktop.org over D-Bus, which GNOME's and KDE's keyrings implement.
//!
//! No prompt is ever shown, because a program that needs a token may have no screen and no user. If a prompt is needed,
//! that is an error whose help says how to unlock the keyring.

mod bus;
mod failures;

use std::collections::HashMap;

use authn::{Error, Result, SecretString, store::StoreContext};
use zbus::OwnedObjectPath;

use self::bus::Bus;
use super::{failure, label, text};

/// The schema of sessions, which distinguishes them from other entries.
const SCHEMA: &str = "authn.Session";

/// A Secret Service at the address of its bus.
#[derive(Clone, Debug)]
pub(super) struct SecretService {
    address: Option<String>,
}

/// The attributes that identify an item. Other programs use the same names.
type Attributes<'a> = HashMap<&'a str, &'a str>;

impl SecretService {
    /// Reads the address of the user's bus from the environment.
    pub(super) fn new(surroundings: &StoreContext<'_>) -> Self {
        let configured = surroundings.variable("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned);
        let folder = surroundings.variable("XDG_RUNTIME_DIR");
        let usual = || folder.map(|folder| format!("unix:path={folder}/bus"));
        Self { address: configured.or_else(usual) }
    }

    #[cfg(test)]
    pub(super) fn at(address: Option<&str>) -> Self {
        Self { address: address.map(str::to_owned) }
    }

    /// Fails if the keyring can't store a session now.
    pub(super) async fn check(&self) -> Result<()> {
        self.bus().await?.default_collection().await.map(drop)
    }

    /// Returns the texts of all items of a session: usually one.
    pub(super) async fn read(&self, service: &str, key: &str) -> Result<Vec<SecretString>> {
        let bus = self.bus().await?;
        let mut texts = Vec::new();
        for item in bus.find(&session(service, Some(key))).await? {
            // Bytes that are not text are not a document either.
            texts.push(text(bus.secret(&item).await?).unwrap_or_else(|| "".into()));
        }
        Ok(texts)
    }

    /// Replaces the text of a session.
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

    /// Renames the items of a session.
    pub(super) async fn set_aside(&self, service: &str, key: &str, ending: &str) -> Result<()> {
        let bus = self.bus().await?;
        let schema = aside(ending);
        let mut attributes = session(service, Some(key));
        let items = bus.find(&attributes).await?;
        attributes.insert("xdg:schema", &schema);
        for item in &items {
            bus.rename(item, &format!("{} ({ending})", label(key)), &attributes).await?;
        }
        Ok(())
    }

    /// Removes the items of a session that were renamed.
    pub(super) async fn remove_set_aside(
        &self,
        service: &str,
        key: &str,
        ending: &str,
    ) -> Result<()> {
        let bus = self.bus().await?;
        let schema = aside(ending);
        let mut attributes = session(service, Some(key));
        attributes.insert("xdg:schema", &schema);
        for item in &bus.find(&attributes).await? {
            bus.delete(item).await?;
        }
        Ok(())
    }

    /// Returns the keys of all sessions.
    pub(super) async fn list(&self, service: &str) -> Result<Vec<String>> {
        let bus = self.bus().await?;
        let mut names = Vec::new();
        for item in bus.find(&session(service, None)).await? {
            names.extend(bus.username(&item).await?);
        }
        Ok(names)
    }

    /// Returns the secret of a reference of the form `service/user`.
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

/// Returns the schema of sessions that were renamed.
fn aside(ending: &str) -> String {
    format!("{SCHEMA}.{ending}")
}

/// Splits a reference at its last slash. A service can be a URL, but a user's name has no slash.
fn split(target: &str) -> Result<(&str, &str)> {
    let parts = target.rsplit_once('/');
    parts.filter(|(service, user)| !service.is_empty() && !user.is_empty()).ok_or_else(|| {
        Error::configuration("this is not a reference to a secret in a keyring")
            .with_help("write it as `{ keyring = \"service/user\" }`")
    })
}

/// Returns whether a path names no object.
fn is_nothing(path: &OwnedObjectPath) -> bool {
    path.as_str() == "/"
}

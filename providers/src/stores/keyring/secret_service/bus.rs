//! The calls to the Secret Service (version 0.2 of its specification).
//!
//! The session is `plain`: secrets are sent over a socket of this machine that only the user's programs can open, and
//! each of these can ask the keyring itself. An address on another machine is refused.

use std::{collections::HashMap, str::FromStr as _};

use authn::{Result, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use zbus::{
    Address, Connection, DynamicType, ObjectPath, OwnedObjectPath, OwnedVariant, Type, Variant,
    address::Transport, connection,
};

use super::{Attributes, failures, is_nothing};

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A connection with a session at the service.
pub(super) struct Bus {
    connection: Connection,
    session: OwnedObjectPath,
}

/// A secret in a message: session, encryption parameters, bytes and media type.
type Secret<'a> = (&'a ObjectPath<'a>, &'a [u8], &'a [u8], &'a str);
type Received = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

impl Bus {
    pub(super) async fn connect(address: Option<&str>) -> Result<Self> {
        let address = local(address.ok_or_else(failures::no_bus)?)?;
        let connection = connection::Builder::address(address).build().await;
        let connection = connection.map_err(|error| failures::of_call("connect", &error))?;
        let arguments = ("plain", Variant::from(""));
        let mut bus = Self { connection, session: OwnedObjectPath::default() };
        // gnome-keyring's daemon aborts if a program calls it before it has registered that program, which can happen
        // in its main loop (its issue 190). Reading a property needs no registration, and the program is registered
        // when it is answered. The answer itself is not used.
        let collections = (SERVICE, "Collections");
        let _: Result<(OwnedVariant,)> =
            bus.ask("answer", PATH, PROPERTIES, "Get", &collections).await;
        let (_, session): (OwnedVariant, OwnedObjectPath) =
            bus.ask("open a session", PATH, SERVICE, "OpenSession", &arguments).await?;
        bus.session = session;
        Ok(bus)
    }

    /// Finds items, and unlocks them if that needs no prompt. Fails if nothing is found and the default keyring is
    /// locked, because the items could be there.
    pub(super) async fn find(&self, attributes: &Attributes<'_>) -> Result<Vec<OwnedObjectPath>> {
        let (mut items, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.ask("look for an entry", PATH, SERVICE, "SearchItems", &(attributes,)).await?;
        if !locked.is_empty() {
            self.unlock(&locked).await?;
            items.extend(locked);
        } else if items.is_empty()
            && let Some(collection) = self.alias().await?
        {
            self.open(&collection).await?;
        }
        Ok(items)
    }

    /// Returns the keyring for new items.
    pub(super) async fn default_collection(&self) -> Result<OwnedObjectPath> {
        let collection = self.alias().await?.ok_or_else(failures::no_default)?;
        self.open(&collection).await?;
        Ok(collection)
    }

    pub(super) async fn secret(&self, item: &OwnedObjectPath) -> Result<Vec<u8>> {
        let ((_, _, bytes, _),): (Received,) =
            self.ask("read an entry", item, ITEM, "GetSecret", &(&self.session,)).await?;
        Ok(bytes)
    }

    pub(super) async fn username(&self, item: &OwnedObjectPath) -> Result<Option<String>> {
        let mut attributes: HashMap<String, String> =
            self.property("describe an entry", item, ITEM, "Attributes").await?;
        Ok(attributes.remove("username"))
    }

    pub(super) async fn create(
        &self,
        label: &str,
        attributes: &Attributes<'_>,
        text: &SecretString,
    ) -> Result<()> {
        let collection = self.default_collection().await?;
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes.clone())),
        ]);
        let text = text.expose();
        let arguments = (properties, self.wrap(&text), true);
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
            self.ask("keep an entry", &collection, COLLECTION, "CreateItem", &arguments).await?;
        self.refuse_prompt(&prompt).await
    }

    pub(super) async fn replace(&self, item: &OwnedObjectPath, text: &SecretString) -> Result<()> {
        let text = text.expose();
        self.ask("keep an entry", item, ITEM, "SetSecret", &(self.wrap(&text),)).await
    }

    pub(super) async fn delete(&self, item: &OwnedObjectPath) -> Result<()> {
        let (prompt,): (OwnedObjectPath,) =
            self.ask("remove an entry", item, ITEM, "Delete", &()).await?;
        self.refuse_prompt(&prompt).await
    }

    pub(super) async fn rename(
        &self,
        item: &OwnedObjectPath,
        label: &str,
        attributes: &Attributes<'_>,
    ) -> Result<()> {
        let what = "rename an entry";
        let attributes = (ITEM, "Attributes", Variant::from(attributes.clone()));
        let () = self.ask(what, item, PROPERTIES, "Set", &attributes).await?;
        self.ask(what, item, PROPERTIES, "Set", &(ITEM, "Label", Variant::from(label))).await
    }

    async fn alias(&self) -> Result<Option<OwnedObjectPath>> {
        let what = "name its default keyring";
        let (collection,): (OwnedObjectPath,) =
            self.ask(what, PATH, SERVICE, "ReadAlias", &("default",)).await?;
        Ok(Some(collection).filter(|collection| !is_nothing(collection)))
    }

    /// Makes sure that a keyring is unlocked.
    async fn open(&self, collection: &OwnedObjectPath) -> Result<()> {
        let what = "tell whether it is locked";
        if self.property(what, collection, COLLECTION, "Locked").await? {
            self.unlock(std::slice::from_ref(collection)).await?;
        }
        Ok(())
    }

    /// Unlocks objects, and fails if that needs a prompt.
    async fn unlock(&self, objects: &[OwnedObjectPath]) -> Result<()> {
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.ask("unlock", PATH, SERVICE, "Unlock", &(objects,)).await?;
        self.refuse_prompt(&prompt).await
    }

    async fn refuse_prompt(&self, prompt: &OwnedObjectPath) -> Result<()> {
        if is_nothing(prompt) {
            return Ok(());
        }
        // The prompt was never shown. If it can't be dismissed, it ends with this connection.
        let interface = "org.freedesktop.Secret.Prompt";
        let _: Result<()> = self.ask("dismiss", prompt, interface, "Dismiss", &()).await;
        Err(failures::locked())
    }

    fn wrap<'a>(&'a self, text: &'a str) -> Secret<'a> {
        (&self.session, &[], text.as_bytes(), "text/plain")
    }

    async fn property<T: TryFrom<OwnedVariant, Error = zbus::Error>>(
        &self,
        what: &str,
        object: &str,
        interface: &str,
        name: &str,
    ) -> Result<T> {
        let (value,): (OwnedVariant,) =
            self.ask(what, object, PROPERTIES, "Get", &(interface, name)).await?;
        T::try_from(value).map_err(|error| failures::of_call(what, &error))
    }

    /// Makes a call and returns its result. `what` describes the call, for errors.
    async fn ask<T: DeserializeOwned + Type>(
        &self,
        what: &str,
        object: &str,
        interface: &str,
        method: &str,
        arguments: &(impl Serialize + DynamicType),
    ) -> Result<T> {
        let connection = &self.connection;
        let answer = connection.call_method(Some(NAME), object, Some(interface), method, arguments);
        let answer = answer.await.and_then(|answer| answer.body().deserialize_ignore_signature());
        answer.map_err(|error| failures::of_call(what, &error))
    }
}

/// Returns the first address of a list that is a socket of this machine.
fn local(addresses: &str) -> Result<Address> {
    let parsed = addresses.split(';').filter_map(|address| Address::from_str(address).ok());
    let mut local = parsed.filter(|address| matches!(address.transport(), Transport::Unix(_)));
    local.next().ok_or_else(failures::not_local)
}

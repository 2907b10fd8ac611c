//! The calls of the Secret Service that are used (its specification, version 0.2).
//!
//! The session with it is `plain`: secrets go over a socket of this machine that the user's own programs
//! alone can open, and each of those may ask the keyring itself. An address elsewhere is refused.

use std::{collections::HashMap, str::FromStr as _};

use super::{Attributes, failures, is_nothing};
use authn::{Result, SecretString};
use zbus::{
    Address, Connection, DynamicType, Message, ObjectPath, OwnedObjectPath, OwnedVariant, Variant,
    address::Transport, connection,
};

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A connection, and a session with the service.
pub(super) struct Bus {
    connection: Connection,
    session: OwnedObjectPath,
}

/// Items that can be read.
pub(super) struct Unlocked(pub(super) Vec<OwnedObjectPath>);

/// A secret on its way: session, parameters of its encryption, the bytes, their type.
type Secret<'a> = (&'a ObjectPath<'a>, &'a [u8], &'a [u8], &'a str);
type Received = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

impl Bus {
    pub(super) async fn connect(address: Option<&str>) -> Result<Self> {
        let address = local(address.ok_or_else(failures::no_bus)?)?;
        let connection = connection::Builder::address(address).build().await;
        let connection = connection.map_err(|error| failures::told("connect", &error))?;
        let what = "open a session";
        let arguments = ("plain", Variant::from(""));
        let answer = call(&connection, what, PATH, SERVICE, "OpenSession", &arguments).await?;
        let (_, session): (OwnedVariant, OwnedObjectPath) = read(what, &answer)?;
        Ok(Self { connection, session })
    }

    /// Finds items, and unlocks them where that needs nobody. Where nothing is found and more could be in a
    /// locked keyring, it is locked.
    pub(super) async fn find(&self, attributes: &Attributes<'_>) -> Result<Unlocked> {
        let what = "look for an entry";
        let answer = self.service(what, "SearchItems", &(attributes,)).await?;
        let (mut items, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            read(what, &answer)?;
        if !locked.is_empty() {
            self.unlock(&locked).await?;
            items.extend(locked);
        } else if items.is_empty()
            && let Some(collection) = self.alias().await?
        {
            self.open(&collection).await?;
        }
        Ok(Unlocked(items))
    }

    /// Gives the keyring for new items.
    pub(super) async fn default_collection(&self) -> Result<OwnedObjectPath> {
        let collection = self.alias().await?.ok_or_else(failures::no_default)?;
        self.open(&collection).await?;
        Ok(collection)
    }

    pub(super) async fn secret(&self, item: &OwnedObjectPath) -> Result<Vec<u8>> {
        let what = "give an entry";
        let answer = self.object(what, item, ITEM, "GetSecret", &(&self.session,)).await?;
        read::<(Received,)>(what, &answer).map(|((_, _, bytes, _),)| bytes)
    }

    pub(super) async fn attributes(
        &self,
        item: &OwnedObjectPath,
    ) -> Result<HashMap<String, String>> {
        let what = "describe an entry";
        let value = self.property(what, item, ITEM, "Attributes").await?;
        HashMap::try_from(value).map_err(|error| failures::told(what, &error))
    }

    pub(super) async fn create(
        &self,
        label: &str,
        attributes: &Attributes<'_>,
        text: &SecretString,
    ) -> Result<()> {
        let what = "keep an entry";
        let collection = self.default_collection().await?;
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes.clone())),
        ]);
        let text = text.expose();
        let arguments = (properties, self.wrap(&text), true);
        let answer = self.object(what, &collection, COLLECTION, "CreateItem", &arguments).await?;
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = read(what, &answer)?;
        self.refuse_prompt(&prompt).await
    }

    pub(super) async fn replace(&self, item: &OwnedObjectPath, text: &SecretString) -> Result<()> {
        let text = text.expose();
        self.object("keep an entry", item, ITEM, "SetSecret", &(self.wrap(&text),)).await.map(drop)
    }

    pub(super) async fn delete(&self, item: &OwnedObjectPath) -> Result<()> {
        let what = "remove an entry";
        let answer = self.object(what, item, ITEM, "Delete", &()).await?;
        let (prompt,): (OwnedObjectPath,) = read(what, &answer)?;
        self.refuse_prompt(&prompt).await
    }

    pub(super) async fn rename(
        &self,
        item: &OwnedObjectPath,
        label: &str,
        attributes: &Attributes<'_>,
    ) -> Result<()> {
        let what = "rename an entry";
        for (name, value) in
            [("Attributes", Variant::from(attributes.clone())), ("Label", Variant::from(label))]
        {
            self.object(what, item, PROPERTIES, "Set", &(ITEM, name, value)).await?;
        }
        Ok(())
    }

    async fn alias(&self) -> Result<Option<OwnedObjectPath>> {
        let what = "name its default keyring";
        let answer = self.service(what, "ReadAlias", &("default",)).await?;
        let (collection,): (OwnedObjectPath,) = read(what, &answer)?;
        Ok(Some(collection).filter(|collection| !is_nothing(collection)))
    }

    /// Makes sure that a keyring is unlocked.
    async fn open(&self, collection: &OwnedObjectPath) -> Result<()> {
        let what = "say whether it is locked";
        let value = self.property(what, collection, COLLECTION, "Locked").await?;
        if bool::try_from(value).map_err(|error| failures::told(what, &error))? {
            self.unlock(std::slice::from_ref(collection)).await?;
        }
        Ok(())
    }

    /// Unlocks what needs nobody for it.
    async fn unlock(&self, objects: &[OwnedObjectPath]) -> Result<()> {
        let what = "unlock";
        let answer = self.service(what, "Unlock", &(objects,)).await?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = read(what, &answer)?;
        self.refuse_prompt(&prompt).await
    }

    async fn refuse_prompt(&self, prompt: &OwnedObjectPath) -> Result<()> {
        if is_nothing(prompt) {
            return Ok(());
        }
        // It was never shown. If it can't be dismissed, it goes with this connection.
        let interface = "org.freedesktop.Secret.Prompt";
        let _ = self.object("dismiss", prompt, interface, "Dismiss", &()).await;
        Err(failures::locked())
    }

    fn wrap<'a>(&'a self, text: &'a str) -> Secret<'a> {
        (&self.session, &[], text.as_bytes(), "text/plain")
    }

    async fn property(
        &self,
        what: &str,
        object: &OwnedObjectPath,
        interface: &str,
        name: &str,
    ) -> Result<OwnedVariant> {
        let answer = self.object(what, object, PROPERTIES, "Get", &(interface, name)).await?;
        read::<(OwnedVariant,)>(what, &answer).map(|(value,)| value)
    }

    async fn service<B>(&self, what: &str, method: &str, arguments: &B) -> Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        call(&self.connection, what, PATH, SERVICE, method, arguments).await
    }

    async fn object<B>(
        &self,
        what: &str,
        object: &OwnedObjectPath,
        interface: &str,
        method: &str,
        arguments: &B,
    ) -> Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        call(&self.connection, what, object.as_str(), interface, method, arguments).await
    }
}

async fn call<B>(
    connection: &Connection,
    what: &str,
    object: &str,
    interface: &str,
    method: &str,
    arguments: &B,
) -> Result<Message>
where
    B: serde::Serialize + DynamicType,
{
    let answer = connection.call_method(Some(NAME), object, Some(interface), method, arguments);
    answer.await.map_err(|error| failures::told(what, &error))
}

/// Gives the first address of a list that is a socket of this machine.
fn local(addresses: &str) -> Result<Address> {
    let parsed = addresses.split(';').filter_map(|address| Address::from_str(address).ok());
    let mut local = parsed.filter(|address| matches!(address.transport(), Transport::Unix(_)));
    local.next().ok_or_else(failures::not_local)
}

fn read<T>(what: &str, answer: &Message) -> Result<T>
where
    T: serde::de::DeserializeOwned + zbus::Type,
{
    answer.body().deserialize_ignore_signature().map_err(|error| failures::told(what, &error))
}

//! The keyring of the Linux kernel (keyrings(7)). Sessions are keys of type `user` in the user keyring, `@u`. It is in
//! the kernel's memory and is lost when the machine stops.
//!
//! Each call needs a thread of its own. A key can be read only by a process that possesses it, and the session of some
//! programs does not reach the user keyring. So the user keyring is linked to the thread's keyring.

use authn::{Error, Result, SecretString};
use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier, KeyType};

use super::{failure, text};

/// Largest key of type `user`.
const LARGEST: usize = 32_767;
/// Limit for the number of listed keys, which no keyring reaches.
const MOST: usize = 1 << 20;

/// Fails if there is no keyring.
pub(super) fn check() -> Result<()> {
    ring().map(drop)
}

/// Returns the text of a session, if there is one.
pub(super) fn read(service: &str, key: &str) -> Result<Vec<SecretString>> {
    // Bytes that are not text are not a document either.
    let text = get(ring()?, &description(service, key))?;
    Ok(text.map(|bytes| super::text(bytes).unwrap_or_else(|| "".into())).into_iter().collect())
}

/// Replaces the text of a session.
pub(super) fn write(service: &str, key: &str, text: &SecretString) -> Result<()> {
    put(ring()?, &description(service, key), text.expose().as_bytes())
}

/// Renames the text of a session.
pub(super) fn set_aside(service: &str, key: &str, ending: &str) -> Result<()> {
    let ring = ring()?;
    let name = description(service, key);
    let Some(bytes) = get(ring, &name)?.map(zeroize::Zeroizing::new) else { return Ok(()) };
    put(ring, &aside(service, key, ending), &bytes)?;
    remove(ring, &name)
}

/// Removes the text of a session that was renamed.
pub(super) fn remove_set_aside(service: &str, key: &str, ending: &str) -> Result<()> {
    remove(ring()?, &aside(service, key, ending))
}

/// Returns the keys of all sessions.
pub(super) fn list(service: &str) -> Result<Vec<String>> {
    let links = ring()?.get_links(MOST).map_err(|error| failed("list the sessions", error))?;
    let prefix = description(service, "");
    let names = links.iter().filter_map(|link| {
        let metadata = link.as_key()?.metadata().ok()?;
        let is_text = metadata.get_type() == KeyType::User;
        let name = metadata.get_description().strip_prefix(&prefix)?;
        is_text.then(|| name.to_owned())
    });
    Ok(names.collect())
}

/// Returns the key whose description is the reference.
pub(super) fn secret(target: &str) -> Result<SecretString> {
    match get(ring()?, target)? {
        Some(bytes) => text(bytes).ok_or_else(|| {
            failure(format!("the key `{target}` of the kernel's keyring is not text"))
                .with_help("save it as UTF-8 text")
        }),
        None => Err(Error::configuration(format!("the kernel's keyring has no key `{target}`"))
            .with_help(format!("add it with `keyctl padd user {target} @u`"))),
    }
}

fn get(ring: KeyRing, name: &str) -> Result<Option<Vec<u8>>> {
    let read = ring.search(name).and_then(|key| key.read_to_vec());
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => Ok(None),
        Err(error) => Err(failed("read a key", error)),
    }
}

fn put(ring: KeyRing, name: &str, bytes: &[u8]) -> Result<()> {
    if bytes.len() > LARGEST {
        return Err(failure(format!(
            "the kernel's keyring takes {LARGEST} bytes at most, and this session has {}",
            bytes.len()
        ))
        .with_help("choose `stores.keyring.backend = \"secret_service\"` or another `store`"));
    }
    match ring.add_key(name, bytes) {
        Ok(_) => Ok(()),
        Err(KeyError::QuotaExceeded) => Err(failure(
            "the user's quota of the kernel's keyring is used up",
        )
        .with_help(
            "raise /proc/sys/kernel/keys/maxbytes, log out of other sessions, or choose another `store`",
        )),
        Err(error) => Err(failed("write a key", error)),
    }
}

/// Removes a key, if there is one.
fn remove(ring: KeyRing, name: &str) -> Result<()> {
    match ring.search(name).and_then(|key| ring.unlink_key(key)) {
        Ok(()) | Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => {
            Ok(())
        }
        Err(error) => Err(failed("remove a key", error)),
    }
}

/// Returns the user keyring, linked to this thread's keyring.
fn ring() -> Result<KeyRing> {
    let ring = || {
        let user = KeyRing::from_special_id(KeyRingIdentifier::User, true)?;
        KeyRing::from_special_id(KeyRingIdentifier::Thread, true)?.link_keyring(user)?;
        Ok(user)
    };
    ring().map_err(|error| failed("open the user's keyring", error))
}

fn description(service: &str, key: &str) -> String {
    format!("authn session:{service}:{key}")
}

/// Returns the description of a session that was renamed.
fn aside(service: &str, key: &str, ending: &str) -> String {
    format!("{ending} {}", description(service, key))
}

fn failed(what: &str, error: KeyError) -> Error {
    failure(format!("the kernel's keyring did not {what} ({error:?})"))
        .with_help("allow keyrings if this is a container, or choose another `store`")
}

/// Removes all keys whose descriptions contain a text, so that a test leaves nothing in the kernel.
#[cfg(test)]
pub(super) fn forget(part: &str) {
    let ring = ring().expect("a keyring");
    let keys = ring.get_links(MOST).expect("its keys");
    for key in keys.iter().filter_map(linux_keyutils::LinkNode::as_key) {
        if key.metadata().is_ok_and(|metadata| metadata.get_description().contains(part)) {
            ring.unlink_key(key).expect("unlinked");
        }
    }
}

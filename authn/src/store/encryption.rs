//! `Encryption`: turns documents of a store into envelopes, and back.
//!
//! AES-256-GCM, with a random nonce for each envelope. What is sealed is bound to the store's key and the revision of the
//! document, so that one can't be put in the place of another.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    Document, StoreKey,
    envelope::{Envelope, Form},
    hex,
};
use crate::{Error, Result, SecretString, Validation};

/// Prefix of what is hashed for the name of a key, so that no other hash of the key is the same.
const KEY_ID_LABEL: &[u8] = b"authn store encryption key id v1\0";
/// What each sealed text is bound to, besides its place and its revision.
const DOCUMENT_LABEL: &[u8] = b"authn store document v2\0";
/// Bytes of a key.
const KEY_LENGTH: usize = 32;
const HELP: &str =
    "set it to a key of 256 bits in base64, such as one that `openssl rand -base64 32` prints";

/// Keys are copied from many tools, so each usual form of base64 is read.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const FORMS: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&alphabet::STANDARD, CONFIG),
    GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG),
];

/// Encrypts the documents of a store, and decrypts them, also those of previous keys.
///
/// [`Encrypted`](super::Encrypted) does that around a store of any type. A store that can't be wrapped calls
/// [`check`](Self::check) when it is opened, [`refresh`](Self::refresh) when it locks, [`encrypt`](Self::encrypt) when it
/// saves, and [`decrypt`](Self::decrypt) when it loads.
///
/// A key is 256 bits: 32 bytes in base64, of the standard or the URL alphabet, or 64 hexadecimal digits. The secrets may be
/// references, such as to a file or a command. A reference is resolved again by [`refresh`](Self::refresh), and when a
/// document has a key that is not known. The other functions use the text that it was last resolved to: so a save can't
/// fail because the key's source does not answer.
///
/// Clones share the secrets.
///
/// ```
/// use authn::{SecretString, store::{Decrypted, Document, Encryption, StoreKey}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let key = SecretString::from("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
/// let encryption = Encryption::new(key, Vec::new()).with_table("stores.corp_vault");
/// encryption.check()?;
/// let (name, text) = (StoreKey::new("oauth-work"), r#"{"version":1,"revision":1}"#);
/// let document = Document { revision: 1, text: text.into() };
///
/// let envelope = encryption.encrypt(&name, &document).await?;
/// assert_eq!(Encryption::key_id_of(&envelope), Some(encryption.key_ids().await?[0].clone()));
/// let Decrypted::Current(read) = encryption.decrypt(&name, &envelope).await? else { panic!() };
/// assert_eq!(&*read.text.expose(), text);
/// // Without waiting, such as for `TokenStore::load_now`:
/// assert!(encryption.decrypt_now(&name, &envelope).is_some());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Encryption {
    /// The current key, and then the previous ones.
    keys: Arc<[SecretString]>,
    /// The table of its options, with a dot at the end.
    table: Arc<str>,
}

/// What a stored document was.
///
/// ```
/// use authn::{Result, store::{Decrypted, Document, Encryption, StoreKey}};
///
/// async fn read(encryption: &Encryption, key: &StoreKey, stored: &Document) -> Result<Option<Document>> {
///     let decrypted: Decrypted = encryption.decrypt(key, stored).await?;
///     if decrypted.is_outdated() {
///         println!("{key} is encrypted by the next save");
///     }
///     Ok(decrypted.document()) // without a damaged one
/// }
/// # let _ = read;
/// ```
#[derive(Clone, Debug)]
pub enum Decrypted {
    /// It was encrypted with the current key.
    Current(Document),
    /// It was encrypted with a previous key.
    Previous(Document),
    /// It was not encrypted.
    Plain(Document),
    /// It is not what was saved: it was changed, moved from another key, or given another revision, or it is not a document.
    Damaged,
}

impl Decrypted {
    /// Returns the document; `None` if it is damaged.
    pub fn document(self) -> Option<Document> {
        match self {
            Self::Current(document) | Self::Previous(document) | Self::Plain(document) => {
                Some(document)
            }
            Self::Damaged => None,
        }
    }

    /// Returns whether it should be saved again, so that it is encrypted with the current key.
    pub fn is_outdated(&self) -> bool {
        matches!(self, Self::Previous(_) | Self::Plain(_))
    }
}

impl Encryption {
    /// Creates an encryption with a key, and the keys that it has replaced. [`check`](Self::check) tells whether they are
    /// valid.
    pub fn new(key: SecretString, previous: Vec<SecretString>) -> Self {
        Self { keys: std::iter::once(key).chain(previous).collect(), table: "".into() }
    }

    /// Sets the table of the options `encryption_key` and `previous_encryption_keys`, such as `stores.redis`. Errors name
    /// them.
    #[must_use]
    pub fn with_table(self, table: &str) -> Self {
        Self { table: format!("{table}.").into(), ..self }
    }

    /// Checks the keys whose texts are known, and names the options of all that are not valid. A store calls it when it is
    /// opened. A command has not run by then, so its key is checked when it is used.
    pub fn check(&self) -> Result<()> {
        let mut problems = Validation::new();
        self.add_problems(&mut problems);
        problems.finish()
    }

    pub(crate) fn add_problems(&self, problems: &mut Validation) {
        for (index, secret) in self.keys.iter().enumerate() {
            let is_known = secret.is_resolved() && !secret.is_unread();
            if is_known && decoded(&secret.expose()).is_none() {
                problems.at(option(index)).error("this is not a key of 256 bits", HELP);
            }
        }
    }

    /// Resolves the current key again if it is a reference. A store calls it when it locks: a key that can't be had must
    /// fail the exchange before its token is sent.
    pub async fn refresh(&self) -> Result<()> {
        self.resolve(0).await?;
        self.key(0).map(drop)
    }

    /// Turns a document into an envelope, whose text is a third longer, plus about 100 bytes. Its revision stays.
    pub async fn encrypt(&self, key: &StoreKey, document: &Document) -> Result<Document> {
        self.resolve_first(0).await?;
        let text = self.key(0)?.seal(key, document)?;
        Ok(Document { revision: document.revision, text: text.as_str().into() })
    }

    /// Turns an envelope into a document. One that is not encrypted stays as it is.
    ///
    /// Fails if the document is encrypted with a key that is not known, or by a later version. It must not be replaced then.
    pub async fn decrypt(&self, key: &StoreKey, document: &Document) -> Result<Decrypted> {
        if let Some(decrypted) = self.decrypt_known(key, document).await? {
            return Ok(decrypted);
        }
        let Some(key_id) = Self::key_id_of(document) else {
            return Err(Error::store(format!("a later version has encrypted `{key}`"))
                .with_help("use that version, or log out with it first"));
        };
        let message =
            format!("`{key}` is encrypted with the key {key_id}, which is not configured");
        let help = format!(
            "add it to `{}previous_encryption_keys`, or end all sessions by `logout --all` if the key is lost",
            self.table
        );
        Err(Error::store(message).with_help(help))
    }

    /// Does the same; `None` if the document is encrypted with a key that is not known, or by a later version.
    #[doc(hidden)]
    pub async fn decrypt_known(
        &self,
        key: &StoreKey,
        document: &Document,
    ) -> Result<Option<Decrypted>> {
        let envelope = match Form::of(&document.text.expose()) {
            Form::Plain => return Ok(Some(Decrypted::Plain(document.clone()))),
            Form::Damaged => return Ok(Some(Decrypted::Damaged)),
            Form::Later => return Ok(None),
            Form::Envelope(envelope) => envelope,
        };
        // A previous key is resolved only for a document that may need it.
        for index in 0..self.keys.len() {
            self.resolve_first(index).await?;
            if let Some(found) = self.opened(index, key, document, &envelope)? {
                return Ok(Some(found));
            }
        }
        // A key may have been replaced since.
        for index in (0..self.keys.len()).filter(|index| self.keys[*index].can_change()) {
            self.resolve(index).await?;
            if let Some(found) = self.opened(index, key, document, &envelope)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Decrypts without waiting, with the keys as they were last resolved; `None` if none of them fits.
    pub fn decrypt_now(&self, key: &StoreKey, document: &Document) -> Option<Decrypted> {
        let envelope = match Form::of(&document.text.expose()) {
            Form::Plain => return Some(Decrypted::Plain(document.clone())),
            Form::Damaged => return Some(Decrypted::Damaged),
            Form::Later => return None,
            Form::Envelope(envelope) => envelope,
        };
        let mut resolved = (0..self.keys.len()).filter(|index| self.keys[*index].is_resolved());
        resolved.find_map(|index| self.opened(index, key, document, &envelope).ok().flatten())
    }

    /// Returns the names of the keys, the current one first. They are not secret.
    pub async fn key_ids(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for index in 0..self.keys.len() {
            self.resolve_first(index).await?;
            ids.push(self.key(index)?.id);
        }
        Ok(ids)
    }

    /// Returns the name of the key that a stored document is encrypted with; `None` if it is not.
    pub fn key_id_of(document: &Document) -> Option<String> {
        Envelope::of(&document.text.expose()).map(|envelope| envelope.key_id)
    }

    /// Resolves a key for the first time.
    async fn resolve_first(&self, index: usize) -> Result<()> {
        if self.keys[index].is_resolved() { Ok(()) } else { self.resolve(index).await }
    }

    /// Resolves a key again. A key that is missing is a failure of the store: a chain must not pass over it.
    async fn resolve(&self, index: usize) -> Result<()> {
        self.keys[index].resolve().await.map_err(|error| {
            let help = error.help().unwrap_or(HELP).to_owned();
            Error::store(error.message()).with_help(help).with_source(error)
        })
    }

    /// Returns the name of the current key, as it was last resolved.
    pub(crate) fn key_id(&self) -> Result<String> {
        Ok(self.key(0)?.id)
    }

    fn key(&self, index: usize) -> Result<Key> {
        let key = Key::parse(&self.keys[index].expose());
        key.ok_or_else(|| {
            let option = option(index);
            Error::store(format!("`{}{option}` is not a key of 256 bits", self.table))
                .with_help(HELP)
        })
    }

    /// Opens an envelope with one of the keys; `None` if it has the name of another.
    fn opened(
        &self,
        index: usize,
        key: &StoreKey,
        document: &Document,
        envelope: &Envelope,
    ) -> Result<Option<Decrypted>> {
        let cipher = self.key(index)?;
        if cipher.id != envelope.key_id {
            return Ok(None);
        }
        Ok(Some(match cipher.open(key, document.revision, envelope) {
            Some(document) if index == 0 => Decrypted::Current(document),
            Some(document) => Decrypted::Previous(document),
            None => Decrypted::Damaged,
        }))
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption")
            .field("key", &self.keys[0])
            .field("previous", &&self.keys[1..])
            .finish_non_exhaustive()
    }
}

/// A key that was read from its secret.
struct Key {
    id: String,
    /// aws-lc wipes it when it is dropped.
    cipher: RandomizedNonceKey,
}

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let bytes = decoded(text)?;
        let digest = Sha256::new().chain_update(KEY_ID_LABEL).chain_update(*bytes).finalize();
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, &*bytes).ok()?;
        Some(Self { id: hex(&digest[..4]), cipher })
    }

    /// Returns a document as the text of an envelope.
    fn seal(&self, key: &StoreKey, document: &Document) -> Result<String> {
        let text = document.text.expose();
        // One buffer, in which the text is replaced: it leaves no copy behind.
        let length = text.len() + AES_256_GCM.tag_len();
        let mut sealed = Zeroizing::new(Vec::with_capacity(length));
        sealed.extend_from_slice(text.as_bytes());
        let bound_to = bound_to(key, document.revision);
        let nonce = self.cipher.seal_in_place_append_tag(Aad::from(bound_to), &mut *sealed);
        let nonce = nonce.map_err(|_| {
            Error::internal("the system has no random numbers").with_help("check the system")
        })?;
        let sealed = [nonce.as_ref(), sealed.as_slice()].concat();
        let envelope = Envelope::new(document.revision, self.id.clone(), STANDARD.encode(sealed));
        // Plain members can always be written.
        Ok(serde_json::to_string(&envelope).unwrap_or_default())
    }

    /// Returns the document of an envelope; `None` if it is not the one that was sealed for this place and revision.
    fn open(&self, key: &StoreKey, revision: u64, envelope: &Envelope) -> Option<Document> {
        if envelope.revision != revision {
            return None;
        }
        let mut sealed = Zeroizing::new(STANDARD.decode(&envelope.sealed).ok()?);
        let (nonce, sealed) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound_to = Aad::from(bound_to(key, revision));
        let text = self.cipher.open_in_place(nonce, bound_to, sealed).ok()?;
        let text = str::from_utf8(text).ok()?;
        Some(Document { revision, text: text.into() })
    }
}

/// Returns what an envelope is bound to. A store's key has no zero byte.
fn bound_to(key: &StoreKey, revision: u64) -> Vec<u8> {
    [DOCUMENT_LABEL, key.as_str().as_bytes(), b"\0", &revision.to_be_bytes()].concat()
}

/// Returns the option of a key by its index.
fn option(index: usize) -> String {
    match index.checked_sub(1) {
        None => "encryption_key".to_owned(),
        Some(index) => format!("previous_encryption_keys.{index}"),
    }
}

/// Returns the bytes of a key; `None` if the text is not a key.
fn decoded(text: &str) -> Option<Zeroizing<[u8; KEY_LENGTH]>> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    if text.len() == 2 * KEY_LENGTH {
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?;
        }
        return Some(key);
    }
    // Room for what a text of nearly the right length has.
    let mut bytes = Zeroizing::new([0; 2 * KEY_LENGTH]);
    let length = FORMS.iter().find_map(|form| form.decode_slice(text, &mut *bytes).ok())?;
    if length != KEY_LENGTH {
        return None;
    }
    key.copy_from_slice(&bytes[..KEY_LENGTH]);
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        SecretSource,
        runtime::block_on,
        secret::{Reference, Target},
    };

    const TEXT: &str = r#"{"version":1,"revision":7,"refresh_token":"rt-s3cr3t"}"#;

    fn key(number: u8) -> SecretString {
        STANDARD.encode([number; KEY_LENGTH]).into()
    }

    fn with(current: u8, previous: &[u8]) -> Encryption {
        Encryption::new(key(current), previous.iter().map(|number| key(*number)).collect())
    }

    fn document(revision: u64, text: &str) -> Document {
        Document { revision, text: text.into() }
    }

    fn sealed(encryption: &Encryption, name: &str, document: &Document) -> Document {
        block_on(encryption.encrypt(&StoreKey::new(name), document)).unwrap().unwrap()
    }

    fn read(encryption: &Encryption, name: &str, document: &Document) -> Result<Decrypted> {
        block_on(encryption.decrypt(&StoreKey::new(name), document)).unwrap()
    }

    fn is_refused(encryption: &Encryption, name: &str, document: &Document) -> bool {
        let now = encryption.decrypt_now(&StoreKey::new(name), document);
        assert!(matches!(now, None | Some(Decrypted::Damaged)));
        matches!(read(encryption, name, document), Ok(Decrypted::Damaged) | Err(_))
    }

    #[test]
    fn each_usual_form_of_a_key_is_read() {
        let bytes: Vec<u8> = (224..=255).collect();
        let standard = STANDARD.encode(&bytes);
        let url = standard.replace('+', "-").replace('/', "_");
        assert_ne!(standard, url);
        let digits = hex(&bytes);
        let forms = [&standard, &url, &digits, &digits.to_uppercase()].map(Clone::clone);
        let unpadded = [&standard, &url].map(|text| text.trim_end_matches('=').to_owned());
        for text in forms.iter().chain(&unpadded) {
            assert_eq!(decoded(text).map(|key| key.to_vec()), Some(bytes.clone()), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_option_and_without_its_text() {
        let short = STANDARD.encode([1; 31]);
        let long = STANDARD.encode([1; 33]);
        let mixed = format!("+_{}", "A".repeat(41));
        let spaced = format!(" {}", STANDARD.encode([1; 32]));
        let not_hex = "g".repeat(64);
        let longer = "A".repeat(1000);
        let wide = "ä".repeat(32);
        for text in ["", "s3cr3t", &short, &long, &mixed, &spaced, &not_hex, &longer, &wide] {
            let encryption =
                Encryption::new(key(1), vec![key(2), text.into()]).with_table("stores.x");
            let error = encryption.check().unwrap_err();
            assert_eq!(error.problems()[0].key(), Some("previous_encryption_keys.1"), "{text}");
            let error = block_on(encryption.key_ids()).unwrap().unwrap_err();
            assert_eq!(
                error.message(),
                "`stores.x.previous_encryption_keys.1` is not a key of 256 bits"
            );
            let help = error.help().unwrap();
            assert!(help.contains("openssl rand -base64 32"), "{help}");
            assert!(text.is_empty() || !format!("{error} {error:?} {encryption:?}").contains(text));

            let encryption = Encryption::new(text.into(), Vec::new());
            let sealed = block_on(encryption.encrypt(&StoreKey::new("a"), &document(1, TEXT)));
            assert_eq!(
                sealed.unwrap().unwrap_err().message(),
                "`encryption_key` is not a key of 256 bits"
            );
        }
        assert!(with(1, &[2, 3]).check().is_ok());
    }

    #[test]
    fn a_document_is_read_with_the_key_that_it_was_sealed_with() {
        let (old, new) = (with(1, &[]), with(2, &[3, 1]));
        let plain = document(7, TEXT);
        let envelope = sealed(&old, "a", &plain);
        assert_eq!(envelope.revision, 7);
        assert!(!envelope.text.expose().contains("s3cr3t"));

        let Decrypted::Current(same) = read(&old, "a", &envelope).unwrap() else { panic!() };
        assert_eq!((same.revision, &*same.text.expose()), (7, TEXT));
        let Decrypted::Previous(same) = read(&new, "a", &envelope).unwrap() else { panic!() };
        assert_eq!(&*same.text.expose(), TEXT);
        let Decrypted::Plain(same) = read(&new, "a", &plain).unwrap() else { panic!() };
        assert_eq!(&*same.text.expose(), TEXT);

        let ids = [old, new].map(|encryption| block_on(encryption.key_ids()).unwrap().unwrap());
        assert_eq!((ids[0].len(), ids[1].len()), (1, 3));
        assert_eq!(ids[0][0], ids[1][2]);
        assert_eq!(Encryption::key_id_of(&envelope), Some(ids[0][0].clone()));
        assert_eq!(Encryption::key_id_of(&plain), None);
    }

    #[test]
    fn no_two_envelopes_are_the_same() {
        let encryption = with(1, &[]);
        let [one, other] = [(); 2].map(|()| sealed(&encryption, "a", &document(7, TEXT)));
        assert_ne!(*one.text.expose(), *other.text.expose());
    }

    #[test]
    fn a_document_of_a_key_that_is_not_known_is_an_error_that_names_it() {
        let envelope = sealed(&with(1, &[]), "oauth-work", &document(7, TEXT));
        let id = Encryption::key_id_of(&envelope).unwrap();
        let other = with(2, &[3]).with_table("stores.file");
        let error = read(&other, "oauth-work", &envelope).unwrap_err();
        let expected =
            format!("`oauth-work` is encrypted with the key {id}, which is not configured");
        assert_eq!(error.message(), expected);
        assert_eq!(
            error.help(),
            Some(
                "add it to `stores.file.previous_encryption_keys`, or end all sessions by `logout --all` if the key is lost"
            )
        );
        assert_eq!(error.kind(), crate::ErrorKind::Store);
        assert!(other.decrypt_now(&StoreKey::new("oauth-work"), &envelope).is_none());
    }

    #[test]
    fn a_document_of_a_later_version_is_an_error() {
        let later = document(7, r#"{"version":3,"revision":7,"key_id":"1","sealed":"","more":1}"#);
        let error = read(&with(1, &[]), "a", &later).unwrap_err();
        assert_eq!(error.message(), "a later version has encrypted `a`");
        assert!(with(1, &[]).decrypt_now(&StoreKey::new("a"), &later).is_none());
    }

    #[test]
    fn an_envelope_in_another_place_or_of_another_revision_is_damaged() {
        let encryption = with(1, &[]);
        let envelope = sealed(&encryption, "a", &document(7, TEXT));
        let moved = document(8, &envelope.text.expose().replace(":7,", ":8,"));
        assert_ne!(*moved.text.expose(), *envelope.text.expose());
        let renumbered = Document { revision: 8, ..envelope.clone() };
        for (name, document) in [("b", &envelope), ("a", &moved), ("a", &renumbered)] {
            assert!(matches!(read(&encryption, name, document), Ok(Decrypted::Damaged)), "{name}");
        }
    }

    #[test]
    fn each_changed_byte_of_an_envelope_is_noticed() {
        let encryption = with(1, &[2]);
        let envelope = sealed(&encryption, "a", &document(7, TEXT));
        let bytes = envelope.text.expose().as_bytes().to_vec();
        for index in 0..bytes.len() {
            for bit in 0..7 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                let text = String::from_utf8(changed).unwrap();
                assert!(is_refused(&encryption, "a", &document(7, &text)), "{text}");
            }
        }
        for length in 0..bytes.len() {
            let text = str::from_utf8(&bytes[..length]).unwrap();
            assert!(is_refused(&encryption, "a", &document(7, text)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_read_again(text: String, name: String, revision: u64, current: u8, next: u8) {
            let envelope = sealed(&with(current, &[]), &name, &document(revision, &text));
            for reader in [with(current, &[]), with(next, &[current])] {
                let read = read(&reader, &name, &envelope).unwrap().document().unwrap();
                prop_assert_eq!(read.revision, revision);
                prop_assert_eq!(&*read.text.expose(), &*text);
                let now = reader.decrypt_now(&StoreKey::new(&name), &envelope);
                prop_assert!(now.and_then(Decrypted::document).is_some());
            }
        }

        #[test]
        fn another_name_or_revision_is_refused(
            text: String,
            names in ("[a-z]{1,9}", "[a-z]{1,9}"),
            revisions: (u64, u64),
        ) {
            let encryption = with(1, &[]);
            let envelope = sealed(&encryption, &names.0, &document(revisions.0, &text));
            prop_assert!(names.0 == names.1 || is_refused(&encryption, &names.1, &envelope));
            let other = Document { revision: revisions.1, ..envelope };
            prop_assert!(revisions.0 == revisions.1 || is_refused(&encryption, &names.0, &other));
        }
    }

    /// A source of a key that is rotated, and is counted.
    #[derive(Default)]
    struct Rotated(Mutex<(u8, usize)>);

    impl SecretSource for Arc<Rotated> {
        fn secret(&self, _: &str) -> Result<SecretString> {
            let mut rotated = self.0.lock().unwrap();
            rotated.1 += 1;
            Ok(key(rotated.0))
        }
    }

    fn referring(source: &Arc<Rotated>) -> SecretString {
        let target = Target::Stored {
            kind: "vault".into(),
            target: "key".into(),
            source: Arc::new(Arc::clone(source)),
        };
        SecretString::referring(Reference::new(target, "key".into()).unwrap())
    }

    #[test]
    fn a_reference_is_resolved_again_by_a_refresh_and_for_a_key_that_is_not_known() {
        let (source, old) = (Arc::new(Rotated::default()), Arc::new(Rotated::default()));
        let encryption = Encryption::new(referring(&source), vec![referring(&old)]);
        let count = || source.0.lock().unwrap().1 + old.0.lock().unwrap().1;
        assert_eq!(count(), 2);
        let envelope = sealed(&encryption, "a", &document(7, TEXT));
        assert!(matches!(read(&encryption, "a", &envelope), Ok(Decrypted::Current(_))));
        assert_eq!(count(), 2, "what is known is not resolved again");

        source.0.lock().unwrap().0 = 1;
        block_on(encryption.refresh()).unwrap().unwrap();
        assert_eq!(count(), 3);
        assert!(matches!(read(&encryption, "a", &envelope), Ok(Decrypted::Previous(_))));
        assert_eq!(count(), 3);

        let another = sealed(&with(2, &[]), "a", &document(7, TEXT));
        assert!(read(&encryption, "a", &another).is_err());
        assert_eq!(count(), 5);
        old.0.lock().unwrap().0 = 2;
        assert!(matches!(read(&encryption, "a", &another), Ok(Decrypted::Previous(_))));
    }
}

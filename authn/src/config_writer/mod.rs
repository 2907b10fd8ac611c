//! `ConfigWriter`: changes a configuration file and keeps everything else in it. It is the only code that changes such files.
//!
//! `TextFile` and `TomlText` also change the files of other programs, for the command line.

mod difference;
mod edit;
mod file;
mod schema;
mod state_file;
mod text;
mod toml_text;

use std::{fmt, path::Path};

use serde::Serialize;
use serde_json::Value as Json;
use toml_edit::Key;
use zeroize::Zeroizing;

use crate::{Error, Loader, Result, SecretString};
pub use file::TextFile;
use schema::Schema;
pub use state_file::StateFile;
pub use toml_text::TomlText;

/// Changes a configuration file: sets and removes values, shows the difference, and writes the file as a whole.
///
/// Comments, order and formatting of the rest of the file are kept. Nothing is written before [`write`](Self::write).
/// [`Loader::writer`](crate::Loader::writer) returns one.
///
/// ```
/// use authn::{ConfigWriter, Environment, Loader};
///
/// # let folder = std::env::temp_dir().join(format!("authn-writer-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("config.toml");
/// # let _ = std::fs::remove_file(&path);
/// let loader = Loader::new().environment(Environment::empty()).file(&path);
/// let mut writer: ConfigWriter = loader.writer()?;
/// writer.set("profile.work.credentials.domain", "api.example.com")?;
/// writer.set("profile.work.http.timeout", "5s")?;
/// assert!(writer.remove("profile.work.http")?);
/// assert_eq!(writer.path(), path);
/// assert_eq!(
///     writer.difference(),
///     "+[profile.work.credentials]\n+domain = \"api.example.com\"\n",
/// );
/// assert!(!writer.contains("default_profile")? && writer.is_changed());
/// writer.write()?;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), authn::Error>(())
/// ```
pub struct ConfigWriter {
    original: TextFile,
    toml: TomlText,
    schema: Schema,
}

impl ConfigWriter {
    /// Reads the file at a path, which need not exist.
    fn open(path: &Path, schema: Schema) -> Result<Self> {
        let original = TextFile::read(path)?;
        let toml = TomlText::parse(original.text()).map_err(|at| original.not_toml(at))?;
        Ok(Self { original, toml, schema })
    }

    /// Returns the path of the file, as it was given.
    pub fn path(&self) -> &Path {
        self.original.path()
    }

    /// Sets a value, or replaces it. Missing tables are added at the end of the file.
    ///
    /// The key is written as in TOML, such as `profile.work.credentials.domain`. A secret can only be set to a
    /// reference, such as `{ env = "API_KEY" }`. A table is merged into the one that is there.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is no option, if the value contains a
    /// secret, or if TOML has no such value. Then nothing is changed. Whether the option accepts the value is checked when
    /// the configuration is loaded.
    pub fn set(&mut self, key: &str, value: impl Serialize) -> Result<()> {
        let path = path(key)?;
        let value = serde_json::to_value(value).map_err(|_| schema::not_a_value(key))?;
        self.schema.check(key, &path, &value)?;
        self.put(key, &self.schema.full(path, &value), &value)
    }

    /// Sets a value from a text, which is read by the type of the option like the value of a flag: `true`, `5`, `a,b` or
    /// `[\"a\", \"b\"]` for a list. The last part of the key can be the kind of a reference to a secret:
    /// `credentials.basic.password.env`.
    ///
    /// Fails like [`set`](Self::set).
    #[doc(hidden)]
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<()> {
        let path = path(key)?;
        let Some((above, kind)) = text::reference(&self.schema, &path) else {
            let value = text::value(&self.schema, key, &path, text)?;
            return self.set(key, value);
        };
        let target = text::target(key, kind, text)?;
        let value = serde_json::json!({ kind: target });
        self.schema.check(key, &above, &value)?;
        self.put(key, &above, &value)
    }

    /// Returns whether the value of a key is a secret, and not the target of a reference to one.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is not an option.
    #[doc(hidden)]
    pub fn is_secret(&self, key: &str) -> Result<bool> {
        let path = path(key)?;
        if text::reference(&self.schema, &path).is_some() {
            return Ok(false);
        }
        Ok(self.schema.secret(&path)?.is_some())
    }

    /// Returns the profile of a key, if the file does not define it; `None` for a key outside of profiles.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is not written as in TOML.
    #[doc(hidden)]
    pub fn new_profile(&self, key: &str) -> Result<Option<String>> {
        let path = path(key)?;
        let profile =
            schema::profile(&path).filter(|_| !edit::contains(&self.toml.document, &path[..2]));
        Ok(profile.map(str::to_owned))
    }

    /// Sets a secret itself, in a file that only its owner can access.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is not a secret, or if other users can read the
    /// file.
    #[doc(hidden)]
    pub fn set_secret(&mut self, key: &str, secret: &SecretString) -> Result<()> {
        let Some(path) = self.schema.secret(&path(key)?)? else {
            return Err(Error::configuration(format!("`{key}` is not a secret")));
        };
        self.original.check_private()?;
        let value = Json::from(&*secret.expose());
        self.put(key, &path, &value)
    }

    fn put(&mut self, key: &str, path: &[String], value: &Json) -> Result<()> {
        let mut document = self.toml.document.clone();
        let is_group = |path: &[String]| self.schema.is_group(path);
        edit::set(&mut document, path, value, &is_group)
            .map_err(|part| no_table(key, &path[..=part.min(path.len() - 1)]))?;
        self.toml.document = document;
        Ok(())
    }

    /// Removes a value or a table, with the tables that this leaves empty, and returns whether it was there.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is not written as in TOML.
    pub fn remove(&mut self, key: &str) -> Result<bool> {
        Ok(self.toml.remove(&path(key)?, 0))
    }

    /// Returns whether the file has a value or a table at a key.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the key is not written as in TOML.
    pub fn contains(&self, key: &str) -> Result<bool> {
        Ok(edit::contains(&self.toml.document, &path(key)?))
    }

    /// Returns whether a write would change the file.
    pub fn is_changed(&self) -> bool {
        *self.text() != **self.original.text()
    }

    /// Returns the lines that a write changes, as a unified difference. Secrets, unknown values and comments are masked.
    pub fn difference(&self) -> String {
        difference::of(self.original.text(), &self.text(), &self.schema.registry)
    }

    /// Writes the file as a whole, or leaves it as it is.
    ///
    /// A new file has the mode 0600, and missing folders above it have the mode 0700. A file that is there keeps its
    /// mode. If it is a symbolic link, its target is replaced.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if another program has changed the file since it was
    /// read, or if it can't be written.
    pub fn write(self) -> Result<()> {
        let text = self.text();
        if *text == **self.original.text() {
            return Ok(());
        }
        self.original.replace(&text)
    }

    /// Returns the text that a write makes.
    pub(super) fn text(&self) -> Zeroizing<String> {
        self.toml.text()
    }
}

impl fmt::Debug for ConfigWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigWriter").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Returns the parts of a key.
fn path(key: &str) -> Result<Vec<String>> {
    let parts = Key::parse(key).map_err(|_| {
        // It may be a misplaced secret, so it is not repeated.
        Error::configuration("a key is not valid TOML").with_help(
            "write it as `credentials.domain`, and a part with other characters in quotes",
        )
    })?;
    Ok(parts.into_iter().map(|part| part.get().to_owned()).collect())
}

fn no_table(key: &str, above: &[String]) -> Error {
    let above = above.join(".");
    Error::configuration(format!(
        "`{key}` can't be set, because `{above}` in the file is not a table"
    ))
    .with_help(format!("remove `{above}` first"))
}

impl Loader {
    /// Returns what changes the file named with [`file`](Self::file), or else the user's own file. It need not exist.
    ///
    /// Fails with [`Configuration`](crate::ErrorKind::Configuration) if the file can't be read, if it is unsafe to read,
    /// if it is not valid TOML, or if there is no folder for the user's configuration.
    pub fn writer(&self) -> Result<ConfigWriter> {
        let path = self.written_file().ok_or_else(|| {
            Error::configuration("there is no folder for your configuration")
                .with_help("set HOME, or name a file with `--config FILE`")
        })?;
        ConfigWriter::open(&path, Schema::new(self)?)
    }

    /// Reads the text that a [`ConfigWriter`] would write, in place of its file.
    #[doc(hidden)]
    pub fn edited(mut self, writer: &ConfigWriter) -> Self {
        self.edited = Some((writer.path().to_owned(), writer.text()));
        self
    }
}

#[cfg(test)]
mod tests;

//! `CliFile`: the file in which H2O's command line keeps its environment and its tokens.

use std::path::{Path, PathBuf};

use authn::{Environment, Error, ErrorKind, Result, SecretString, Url};
use toml_edit::Document;

use super::place::{self, Place};

/// The variable with the path of the file.
pub(super) const CONFIG: &str = "H2OCONFIG";
/// Where the file is unless something else says so.
const DEFAULT: &str = "~/.h2oai/h2o-cli-config.toml";

/// The keys of the environment, and of a client's identifier and its refresh token.
const ENDPOINT: &str = "Endpoint";
const PLATFORM: [&str; 2] = ["PlatformClientID", "PlatformToken"];
const OWN: [&str; 2] = ["ClientID", "Token"];

/// The path of the file.
#[derive(Clone, Debug)]
pub(super) struct CliFilePath {
    path: PathBuf,
    /// Whether something names it, so that it has to exist.
    is_named: bool,
}

/// The values of the file that are used.
#[derive(Default)]
pub(super) struct CliFile {
    endpoint: Value<String>,
    platform: Pair,
    own: Pair,
}

/// A client, and its refresh token.
#[derive(Default)]
struct Pair {
    id: Value<String>,
    token: Value<SecretString>,
}

/// A value of the file.
#[derive(Default)]
enum Value<T> {
    #[default]
    Absent,
    /// It is no text.
    Mistyped,
    Text(T),
}

/// A refresh token of the file.
#[derive(Clone, Debug)]
pub(super) struct OfFile {
    pub(super) token: SecretString,
    /// The key of the client's identifier, and the identifier.
    pub(super) client: (&'static str, String),
}

impl CliFilePath {
    /// Finds the file: a configured one, the one that the variable names, or the default one of the user.
    pub(super) fn find(
        configured: Option<&Path>,
        environment: &Environment,
    ) -> Result<Option<Self>> {
        if let Some(path) = configured {
            return Ok(Some(Self { path: path.to_owned(), is_named: true }));
        }
        let named = environment.get(CONFIG).map(|path| {
            let path = environment.absolute(Path::new(path), None);
            path.map(|path| Self { path, is_named: true }).ok_or_else(|| {
                Error::configuration(format!("the variable {CONFIG} is not an absolute path"))
                    .with_help("set it to an absolute path, or to one that starts with `~/`")
            })
        });
        let default = || {
            let path = environment.absolute(Path::new(DEFAULT), None)?;
            Some(Self { path, is_named: false })
        };
        named.transpose().map(|named| named.or_else(default))
    }

    /// Returns the path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file. One that nothing names may be absent.
    pub(super) fn read(&self) -> Result<CliFile> {
        let text = match SecretString::read_file(&self.path) {
            Ok(text) => text,
            Err(_) if !self.is_named && self.path.try_exists().is_ok_and(|exists| !exists) => {
                return Ok(CliFile::default());
            }
            Err(error) => return Err(error),
        };
        CliFile::parse(&text.expose()).ok_or_else(|| {
            let path = self.path.display();
            Error::new(ErrorKind::Configuration, format!("{path} is not a valid TOML file"))
                .with_help("run `h2o config setup`, which writes it, or correct it")
        })
    }
}

impl CliFile {
    fn parse(text: &str) -> Option<Self> {
        // The parser's own copies of the values are not wiped.
        let document = Document::parse(text).ok()?;
        let value = |key: &str| match document.get(key) {
            None => Value::Absent,
            Some(item) => item.as_str().map_or(Value::Mistyped, |text| match text.trim() {
                "" => Value::Absent,
                text => Value::Text(text.to_owned()),
            }),
        };
        let pair = |[id, token]: [&str; 2]| {
            let token = match value(token) {
                Value::Absent => Value::Absent,
                Value::Mistyped => Value::Mistyped,
                Value::Text(token) => Value::Text(token.into()),
            };
            Pair { id: value(id), token }
        };
        Some(Self { endpoint: value(ENDPOINT), platform: pair(PLATFORM), own: pair(OWN) })
    }

    /// Returns the environment. `Err` says what the file has instead.
    pub(super) fn endpoint(&self) -> Result<Option<&str>, String> {
        self.endpoint.text(ENDPOINT).map(|text| text.map(String::as_str))
    }

    /// Returns the refresh token for a client by its name: for `platform` the platform's, and for any other client that of the
    /// command line itself. If the file has one alone, it is that one.
    ///
    /// The tokens are for the environment of the file. So there is one only if the discovery service is of the same origin,
    /// whatever the service says of itself. `Err` says why a token is not used.
    pub(super) fn token(&self, client: &str, place: &Place) -> Result<Option<OfFile>, String> {
        let (platform, own) = ((PLATFORM, &self.platform), (OWN, &self.own));
        let in_order = if client == "platform" { [platform, own] } else { [own, platform] };
        for ([id_key, token_key], pair) in in_order {
            let (id, token) = (pair.id.text(id_key)?, pair.token.text(token_key)?);
            let (Some(id), Some(token)) = (id, token) else { continue };
            let Some(endpoint) = self.endpoint()? else {
                return Err(format!("has a refresh token and no `{ENDPOINT}` that it is for"));
            };
            let endpoint = Url::parse(endpoint).ok().filter(Url::has_host);
            let of_file = endpoint.as_ref().map_or("no address".to_owned(), place::origin);
            let asked = place.origin();
            if of_file != asked {
                return Err(format!("has the tokens of {of_file}, and not of {asked}"));
            }
            return Ok(Some(OfFile { token: token.clone(), client: (id_key, id.clone()) }));
        }
        Ok(None)
    }
}

impl<T> Value<T> {
    fn text(&self, key: &str) -> Result<Option<&T>, String> {
        match self {
            Self::Absent => Ok(None),
            Self::Mistyped => Err(format!("has a `{key}` that is not a text")),
            Self::Text(text) => Ok(Some(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "Endpoint = 'https://cloud.test'\n";

    fn token(text: &str, client: &str) -> Result<Option<String>, String> {
        let place = Place::of_environment("https://cloud.test/", "").unwrap();
        let found = CliFile::parse(text).unwrap().token(client, &place)?;
        Ok(found.map(|found| format!("{} {}", found.client.1, &*found.token.expose())))
    }

    #[test]
    fn tokens_are_those_of_two_clients() {
        let own = "ClientID = 'cli'\nToken = 'one'\n";
        let platform = "PlatformClientID = 'p'\nPlatformToken = ' two '\nOther = 1\n[more]\na = 1";
        for (text, client, expected) in [
            (format!("{ENDPOINT}{own}{platform}"), "platform", Some("p two")),
            (format!("{ENDPOINT}{own}{platform}"), "other", Some("cli one")),
            (format!("{ENDPOINT}{own}"), "platform", Some("cli one")),
            (format!("{ENDPOINT}{platform}"), "other", Some("p two")),
            (format!("{ENDPOINT}ClientID = 'cli'\nToken = ''"), "platform", None),
            ("Token = 'x'".to_owned(), "platform", None),
            (String::new(), "platform", None),
        ] {
            assert_eq!(token(&text, client).unwrap().as_deref(), expected, "{client}\n{text}");
        }
        assert!(CliFile::parse("Token = ").is_none());
    }

    #[test]
    fn a_token_that_is_not_used_has_a_reason() {
        let own = "ClientID = 'c'\nToken = 's3cr3t'\n";
        for (text, part) in [
            (format!("{ENDPOINT}ClientID = 'c'\nToken = 1"), "`Token` that is not a text"),
            (format!("{ENDPOINT}PlatformClientID = []"), "`PlatformClientID` that is not a text"),
            (own.to_owned(), "no `Endpoint`"),
            (format!("Endpoint = 1\n{own}"), "`Endpoint` that is not a text"),
            (
                format!("Endpoint = 'https://b.test/x'\n{own}"),
                "https://b.test, and not of https://cloud.test",
            ),
            (format!("Endpoint = 'https://cloud.test:8443'\n{own}"), "https://cloud.test:8443"),
        ] {
            let why = token(&text, "platform").unwrap_err();
            assert!(why.contains(part) && !why.contains("s3cr3t"), "{why}\n{text}");
        }
    }
}

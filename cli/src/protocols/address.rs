//! The address that a tool names: a URL, or a host with an optional port.

use authn::{Url, diagnostic::no_address};
use http::Uri;

use crate::exit::{Code, Failure};

/// Longest address that is read.
const LONGEST: usize = 8 * 1024;

/// The address that a tool asks about.
#[derive(Debug)]
pub(crate) struct Address {
    /// The ways to read it, most likely first.
    uris: Vec<Uri>,
    /// The user that it names.
    username: Option<String>,
}

impl Address {
    /// Reads a URL, such as `https://ann@git.example.com/things`.
    pub(crate) fn of_url(text: &str) -> Result<Self, Failure> {
        Self::of(parse(text).ok_or_else(malformed)?)
    }

    /// Takes a URL that was read.
    pub(crate) fn of(mut url: Url) -> Result<Self, Failure> {
        let username = decoded(url.username());
        // A password in an address is never sent anywhere.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        let uri = url.as_str().parse().map_err(|_| malformed())?;
        Ok(Self { uris: vec![uri], username })
    }

    /// Reads a URL or a host. A host without a scheme means `https`, and on the loopback interface also `http`.
    pub(crate) fn of_host(text: &str) -> Result<Self, Failure> {
        if text.contains("://") {
            return Self::of_url(text);
        }
        let secure = Self::of_url(&format!("https://{text}"))?;
        let plain = Self::of_url(&format!("http://{text}"))?;
        // Credentials are bound to plain addresses on the loopback interface alone.
        Ok(Self { uris: [secure.uris, plain.uris].concat(), username: secure.username })
    }

    /// Names the user, unless the address does.
    pub(crate) fn with_username(mut self, username: Option<&str>) -> Self {
        let named = username.filter(|name| !name.is_empty()).map(str::to_owned);
        self.username = self.username.or(named);
        self
    }

    pub(crate) fn uris(&self) -> &[Uri] {
        &self.uris
    }

    /// Returns the address as it was named.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uris[0]
    }

    pub(crate) fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }
}

/// Reads the URL of an argument of the command line, which `argument` names. The error does not repeat the URL, because it may
/// contain a password.
pub(crate) fn url(argument: &str, text: &str) -> Result<Url, Failure> {
    parse(text).ok_or_else(|| {
        let found = no_address(text);
        let message = format!("expected an address for `{argument}`, found {found}");
        Failure::new(Code::Usage, message).with_help("write it like `https://api.example.com/path`")
    })
}

fn parse(text: &str) -> Option<Url> {
    // The parser would drop line breaks and blanks.
    let is_plain = |letter: char| !letter.is_control() && letter != ' ' && letter != '\\';
    if text.len() > LONGEST || !text.chars().all(is_plain) {
        return None;
    }
    // It would also read `https:/host` and `https:///host`, where other parsers find another host or none.
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    if !is_web || rest.starts_with('/') {
        return None;
    }
    Url::parse(text).ok().filter(Url::has_host)
}

fn decoded(name: &str) -> Option<String> {
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    (!name.is_empty() && !name.contains(char::is_control)).then(|| name.into_owned())
}

/// The address is not repeated, because it may contain a password.
fn malformed() -> Failure {
    Failure::new(Code::Usage, "the tool asks about an address that is neither http nor https")
}

//! Format `git`: the attributes of a credential (git-credential(1)), of `git credential fill` or of a helper with `get`.

use authn::{Url, private::Process};
use zeroize::Zeroizing;

use super::{Answer, Unusable, text_of};
use crate::exec::{
    answer::{SCHEME, USERNAME},
    time::Seconds,
};

/// Asks about a server, and keeps git from asking at the terminal unless that is wanted.
pub(super) fn ask(process: Process, server: &Url, is_interactive: bool) -> Process {
    let process = process.input(question(server));
    if is_interactive {
        return process;
    }
    process.variable("GIT_TERMINAL_PROMPT", Zeroizing::new("0".to_owned()))
}

fn question(server: &Url) -> Zeroizing<Vec<u8>> {
    let host = server.host_str().unwrap_or_default();
    let port = server.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = server.path().trim_start_matches('/');
    let line = |name: &str, value: &str| match value {
        "" => String::new(),
        value => format!("{name}={value}\n"),
    };
    let text = [
        line("capability[]", "authtype"),
        line("protocol", server.scheme()),
        line("host", &format!("{host}{port}")),
        line("path", path),
        line("username", server.username()),
        "\n".to_owned(),
    ]
    .concat();
    Zeroizing::new(text.into_bytes())
}

#[derive(Default)]
struct Attributes<'a> {
    username: Option<&'a str>,
    password: Option<&'a str>,
    authtype: Option<&'a str>,
    credential: Option<&'a str>,
    expiry: Option<&'a str>,
    quit: Option<&'a str>,
}

/// An answer with a credential counts even if the command failed. A helper that has none prints nothing.
pub(super) fn read(output: &[u8], has_succeeded: bool) -> Result<Answer, Unusable> {
    let attributes = Attributes::parse(text_of(output)?)?;
    let owned = |text: &str| Zeroizing::new(text.to_owned());
    let answer = match attributes {
        Attributes { authtype: Some(scheme), credential: Some(credential), .. } => {
            let answer = Answer::new(owned(credential));
            // A bearer token goes wherever the configuration puts tokens.
            if scheme.eq_ignore_ascii_case("bearer") {
                answer
            } else {
                answer.with(SCHEME, owned(scheme))
            }
        }
        Attributes { password: Some(password), username, .. } => {
            let answer = Answer::new(owned(password));
            match username {
                Some(username) => answer.with(USERNAME, owned(username)),
                None => answer,
            }
        }
        Attributes { quit: Some("1" | "true"), .. } => return Err(Unusable::Refused),
        _ if has_succeeded => return Err(Unusable::NotFound),
        _ => return Err(Unusable::Invalid("it has no credential")),
    };
    let expiry = match attributes.expiry {
        None => None,
        Some(text) => Some(
            Seconds::Text(text.to_owned())
                .unix_time()
                .ok_or(Unusable::Invalid("its `password_expiry_utc` is not a Unix time"))?,
        ),
    };
    Ok(answer.with_expiry(expiry))
}

impl<'a> Attributes<'a> {
    /// Reads lines up to an empty one. The last value of an attribute counts, and unknown attributes are ignored.
    fn parse(text: &'a str) -> Result<Self, Unusable> {
        let mut attributes = Self::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once('=') else {
                return Err(Unusable::Invalid("a line has no `=`"));
            };
            let attribute = match name {
                "username" => &mut attributes.username,
                "password" => &mut attributes.password,
                "authtype" => &mut attributes.authtype,
                "credential" => &mut attributes.credential,
                "password_expiry_utc" => &mut attributes.expiry,
                "quit" => &mut attributes.quit,
                _ => continue,
            };
            *attribute = Some(value).filter(|value| !value.is_empty());
        }
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_for_by_its_parts() {
        for (server, expected) in [
            ("https://a.test", "protocol=https\nhost=a.test\n\n"),
            ("https://a.test:8443/", "protocol=https\nhost=a.test:8443\n\n"),
            (
                "https://u@a.test/x/y.git",
                "protocol=https\nhost=a.test\npath=x/y.git\nusername=u\n\n",
            ),
            (
                "https://a.test/x%0Ahost=evil.test",
                "protocol=https\nhost=a.test\npath=x%0Ahost=evil.test\n\n",
            ),
        ] {
            let question = question(&Url::parse(server).unwrap());
            let expected = format!("capability[]=authtype\n{expected}");
            assert_eq!(str::from_utf8(&question).unwrap(), expected, "{server}");
        }
    }
}

//! git's credential helper (`gitcredentials(7)`, `git-credential(1)`).

use std::fmt::Write as _;

use authn::private::Challenge;
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use zeroize::Zeroizing;

use super::{
    address::Address,
    answer::{Answer, Login},
    chosen::{Chosen, choose},
    input,
};
use crate::{app::App, exit::Failure, output, waiting};

/// The arguments of `git-credential`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("git.txt"))]
pub(crate) struct Arguments {
    /// What git wants: `get`, `store` or `erase`; anything else is ignored
    operation: String,
}

/// The names of the attributes that matter here.
const KEYS: [&str; 7] =
    ["protocol", "host", "username", "password", "credential", "capability[]", "wwwauth[]"];

/// The attributes that matter here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    protocol: Option<String>,
    host: Option<String>,
    username: Option<String>,
    password: Option<Zeroizing<String>>,
    credential: Option<Zeroizing<String>>,
    /// Whether git can send other schemes than Basic (git 2.46).
    takes_schemes: bool,
    /// What the server asks for (git 2.41).
    challenges: HeaderMap,
}

pub(crate) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    match arguments.operation.as_str() {
        "get" => get(app, &Attributes::parse(&input::all()?)?),
        "erase" => erase(app, &Attributes::parse(&input::all()?)?),
        // The session is stored already, and a helper ignores what it does not know.
        _ => Ok(()),
    }
}

fn get(app: &App, asked: &Attributes) -> Result<(), Failure> {
    let Some(chosen) = chosen(app, asked)? else { return Ok(()) };
    let answer = Answer::get(&chosen).and_then(|answer| attributes(&answer, asked));
    match answer {
        Ok(attributes) => Ok(output::data(attributes)?),
        Err(failure) => {
            // Otherwise git would ask for a user and a password, which can't help.
            output::line("quit=1")?;
            Err(failure)
        }
    }
}

fn attributes(answer: &Answer, asked: &Attributes) -> Result<Zeroizing<String>, Failure> {
    let (scheme, credential) = answer.scheme()?;
    // A string that grows leaves copies of the secret in memory.
    let mut text = Zeroizing::new(String::with_capacity(credential.len() + 16 * 1024));
    if asked.takes(scheme) && !scheme.eq_ignore_ascii_case("Basic") {
        let _ = write!(
            text,
            "capability[]=authtype\nauthtype={scheme}\ncredential={credential}\nephemeral=1\n"
        );
    } else {
        let Some(Login { username, password }) = answer.login()? else { return Ok(text) };
        if username.contains(['\n', '\0']) || password.contains(['\n', '\0']) {
            return Err(input::invalid("the user or the password has a line break"));
        }
        let _ = write!(text, "username={username}\npassword={}\n", *password);
    }
    if let Some(expiry) = answer.expiry() {
        let _ = writeln!(text, "password_expiry_utc={expiry}");
    }
    Ok(text)
}

/// Replaces the access token that a server has refused. The session stays.
fn erase(app: &App, asked: &Attributes) -> Result<(), Failure> {
    let refused = asked.credential.as_ref().or(asked.password.as_ref());
    match (refused, chosen(app, asked)?) {
        (Some(refused), Some(chosen)) => replace(&chosen, refused),
        _ => Ok(()),
    }
}

/// Exchanges for a new token if the stored one is the refused one.
fn replace(chosen: &Chosen, refused: &str) -> Result<(), Failure> {
    let credentials = &chosen.credentials;
    waiting::wait(credentials, async {
        if credentials.gives_tokens()
            && credentials.status().await?.has_token
            && credentials.token().await?.secret() == refused
        {
            credentials.refresh().await?;
        }
        Ok::<_, authn::Error>(())
    })
}

fn chosen(app: &App, asked: &Attributes) -> Result<Option<Chosen>, Failure> {
    match asked.address()? {
        Some(address) => choose(app, &address),
        None => Ok(None),
    }
}

impl Attributes {
    /// Reads lines of `key=value`, up to an empty line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let mut found = Self::default();
        for line in bytes.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
            let at = line.iter().position(|byte| *byte == b'=');
            let at = at.ok_or_else(|| input::invalid("a line is not `key=value`"))?;
            // Others may have any bytes.
            let Some(key) = KEYS.iter().find(|key| key.as_bytes() == &line[..at]) else { continue };
            let value = str::from_utf8(&line[at + 1..]).ok();
            let is_secret = matches!(*key, "password" | "credential");
            let value = value.filter(|value| is_secret || !value.contains(char::is_control));
            found.add(key, value.ok_or_else(|| input::invalid("a value is not text"))?)?;
        }
        Ok(found)
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        let place = match key {
            "protocol" => &mut self.protocol,
            "host" => &mut self.host,
            "username" => &mut self.username,
            "password" => return once(&mut self.password, Zeroizing::new(value.to_owned())),
            "credential" => return once(&mut self.credential, Zeroizing::new(value.to_owned())),
            "capability[]" => {
                self.takes_schemes |= value == "authtype";
                return Ok(());
            }
            "wwwauth[]" => {
                // What is no value of a header is no challenge.
                if let Ok(value) = HeaderValue::from_str(value) {
                    self.challenges.append(WWW_AUTHENTICATE, value);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        once(place, value.to_owned())
    }

    /// Returns whether git can send a scheme and the server takes it. Many servers of git ask for a password alone, and
    /// refuse the same token as `Bearer`.
    fn takes(&self, scheme: &str) -> bool {
        let challenges = Challenge::all(&self.challenges);
        let asks_for = |scheme: &str| challenges.iter().any(|challenge| challenge.is(scheme));
        self.takes_schemes && (asks_for(scheme) || !asks_for("Basic"))
    }

    /// Returns the address that git asks about; `None` for other protocols, such as `cert`.
    pub(super) fn address(&self) -> Result<Option<Address>, Failure> {
        let (Some(protocol), Some(host)) = (&self.protocol, &self.host) else { return Ok(None) };
        if !matches!(protocol.as_str(), "http" | "https") || host.is_empty() {
            return Ok(None);
        }
        let is_host = |letter: char| !matches!(letter, '/' | '?' | '#' | '@' | '\\');
        if !host.chars().all(is_host) {
            return Err(input::invalid("`host` is not a host"));
        }
        // The path decides nothing, and may have letters that a URL can't have.
        let address = Address::of_url(&format!("{protocol}://{host}/"))?;
        Ok(Some(address.with_username(self.username.as_deref())))
    }
}

/// Sets an attribute. Which of two values git means is not known, and one may be another server's.
fn once<T: PartialEq>(place: &mut Option<T>, value: T) -> Result<(), Failure> {
    if place.as_ref().is_some_and(|known| *known != value) {
        return Err(input::invalid("an attribute has two values"));
    }
    *place = Some(value);
    Ok(())
}

//! Format `json`: a document with a token and an expiry, in members that the configuration names or that are usual.

use serde_json::Value;
use std::time::Duration;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Answer, Fields, Unusable, parsed};
use crate::exec::time::{Expiry, Seconds, guessed, rfc_3339};

const TOKENS: [&str; 3] = ["access_token", "token", "accessToken"];

const EXPIRIES: [&str; 5] = ["expires_in", "expires_at", "expiry", "expires_on", "expiresOn"];

/// The member that is a lifetime, whatever its number is.
const LIFETIMES: [&str; 2] = ["expires_in", "expiresIn"];

pub(super) fn read(output: &[u8], fields: &Fields<'_>) -> Result<Answer, Unusable> {
    let document = Document(parsed(output)?);
    let token = match fields.token {
        Some(path) => document.get(path).and_then(text),
        None => TOKENS.iter().find_map(|name| document.get(name).and_then(text)),
    };
    let token = token.ok_or(Unusable::Invalid("it has no text as the token"))?;
    let expiry = match fields.expiry {
        Some(path) => Some(
            document
                .get(path)
                .and_then(|value| expiry(path, value))
                .ok_or(Unusable::Invalid("it has no time as the expiry"))?,
        ),
        None => EXPIRIES
            .iter()
            .find_map(|name| document.get(name).and_then(|value| expiry(name, value))),
    };
    Ok(Answer::new(token).with_expiry(expiry))
}

/// A JSON document, whose texts are wiped when it is dropped.
struct Document(Value);

impl Document {
    /// Returns what a path leads to: names of members and indices of lists, with dots between them.
    fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.0, |value, part| match value {
            Value::Object(members) => members.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

fn text(value: &Value) -> Option<Zeroizing<String>> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(Zeroizing::new(text.to_owned()))
}

fn expiry(path: &str, value: &Value) -> Option<Expiry> {
    let seconds = match value {
        Value::Number(number) => Seconds::Number(number.clone()),
        Value::String(text) => match rfc_3339(text) {
            Some(time) => return Some(time),
            None => Seconds::Text(text.clone()),
        },
        _ => return None,
    };
    let number = seconds.whole()?;
    let name = path.rsplit('.').next().unwrap_or(path);
    Some(if LIFETIMES.contains(&name) {
        Expiry::In(Duration::from_secs(number))
    } else {
        guessed(number)
    })
}

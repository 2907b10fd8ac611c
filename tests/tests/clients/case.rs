//! `Case`: what a file of `cases` says.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) about: String,
    /// Clients for which it does not hold, with the reason.
    #[serde(default)]
    pub(crate) except: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) credentials: Setup,
    pub(crate) requests: Vec<Sent>,
    /// In the order in which requests reach the servers.
    #[serde(default)]
    pub(crate) answers: Vec<Answer>,
    #[serde(default)]
    pub(crate) received: Vec<Received>,
    /// How many tokens are requested.
    pub(crate) exchanges: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Setup {
    pub(crate) place: Place,
    /// The header or the parameter of the token.
    pub(crate) name: String,
    pub(crate) exchange: Exchange,
    pub(crate) reaction: Asks,
    pub(crate) step_up: bool,
    /// Whether they are for the other server, too.
    pub(crate) for_other: bool,
    pub(crate) if_available: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    #[default]
    Usual,
    Header,
    Query,
    Body,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exchange {
    #[default]
    Works,
    Fails,
    LoggedOut,
    /// It does not end before a request that waits for it is cancelled.
    Waits,
}

/// What the provider asks for after an answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Asks {
    #[default]
    Nothing,
    /// Another try with the nonce of the answer.
    Nonce,
    /// Another try after each answer.
    Always,
    /// A token with the scope `more` after a 403, if the program allows it.
    Scope,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    #[serde(default = "get")]
    pub(crate) method: String,
    /// Such as `api:/path`, or `other:/path`.
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// A body that streams: what follows the first part is there only once the server has that.
    #[serde(default)]
    pub(crate) parts: Vec<String>,
    /// The length of a large body.
    #[serde(default)]
    pub(crate) length: usize,
    #[serde(default)]
    pub(crate) replay: Replay,
    #[serde(default)]
    pub(crate) credentials: Whose,
    #[serde(default)]
    pub(crate) cancel: Option<Cancel>,
    /// How it ends: with a status, or with the kind of an error.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) error: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

/// How a body that streams is sent once more by a client that lets the program choose.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Replay {
    #[default]
    Buffer,
    Once,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Whose {
    #[default]
    Own,
    Withheld,
    Other,
}

/// When a request is dropped.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cancel {
    /// While the server has it.
    Sent,
    /// While it waits for a token.
    Exchange,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `{api}` and `{other}` stand for the addresses of the servers.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
    /// A body that streams: what follows the first part is sent only once the client has that.
    pub(crate) parts: Vec<String>,
    /// It never comes.
    pub(crate) hangs: bool,
}

/// What a server has received. What is not named is not compared; for a call of gRPC neither are method and target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Received {
    #[serde(default = "api")]
    pub(crate) at: String,
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) target: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Headers that it has not.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    #[serde(default)]
    pub(crate) body: Option<String>,
}

fn api() -> String {
    "api".to_owned()
}

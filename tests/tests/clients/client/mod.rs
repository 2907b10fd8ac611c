//! The clients that send the requests of the cases.

mod blocking;
mod execute;
mod reqwest;
mod tonic;
mod tower;

use authn::Error;

use crate::{case::Sent, scene::Scene};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Client {
    /// `authn::reqwest::Client`, by its request builder.
    Reqwest,
    /// The same by `execute`, with extensions.
    Execute,
    Blocking,
    /// `authn::tower::AuthLayer` over the client of hyper-util.
    Tower,
    /// `authn::tonic::AuthLayer` over a channel.
    Tonic,
}

pub(crate) const CLIENTS: [Client; 5] =
    [Client::Reqwest, Client::Execute, Client::Blocking, Client::Tower, Client::Tonic];

/// How a request ends.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    Answered {
        status: u16,
        text: String,
    },
    /// With the kind of the error.
    Failed(String),
    Cancelled,
}

/// A client with its connections, for the requests of one case.
pub(crate) enum Connected {
    Reqwest(authn::reqwest::Client),
    Execute(authn::reqwest::Client),
    Blocking(authn::blocking::reqwest::Client),
    Tower(Box<tower::Connected>),
    Tonic(tonic::Connected),
}

impl Client {
    /// Returns its name in `except`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reqwest => "reqwest",
            Self::Execute => "execute",
            Self::Blocking => "blocking",
            Self::Tower => "tower",
            Self::Tonic => "tonic",
        }
    }

    pub(crate) fn connect(self, scene: &Scene) -> Connected {
        match self {
            Self::Reqwest => Connected::Reqwest(reqwest::client(scene)),
            Self::Execute => Connected::Execute(reqwest::client(scene)),
            Self::Blocking => Connected::Blocking(blocking::client(scene)),
            Self::Tower => Connected::Tower(Box::new(tower::Connected::new(scene))),
            Self::Tonic => Connected::Tonic(tonic::Connected::new(scene)),
        }
    }
}

impl Connected {
    pub(crate) async fn send(&self, scene: &Scene, sent: &Sent) -> End {
        match self {
            Self::Reqwest(client) => reqwest::send(client, scene, sent).await,
            Self::Execute(client) => execute::send(client, scene, sent).await,
            Self::Blocking(client) => blocking::send(client.clone(), scene, sent).await,
            Self::Tower(client) => client.send(scene, sent).await,
            Self::Tonic(client) => client.send(scene, sent).await,
        }
    }
}

/// Returns the end of a request that was not authorised.
fn failed(error: &Error) -> End {
    End::Failed(format!("{:?}", error.kind()))
}

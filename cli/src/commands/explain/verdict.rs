//! Whether credentials would be sent, and which provider of a chain would send them.

use authn::Explained;
use serde::Serialize;

/// Whether credentials would be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sent {
    Yes,
    No,
    /// It depends on more than the configuration.
    Depends,
}

impl Sent {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Yes => "sent",
            Self::No => "not sent",
            Self::Depends => "could be sent",
        }
    }
}

/// Whether a provider would serve.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) sent: Sent,
    /// Why it would not, or what it depends on.
    pub(super) reason: Option<String>,
}

impl Verdict {
    pub(super) fn no(reason: impl Into<String>) -> Self {
        Self { sent: Sent::No, reason: Some(reason.into()) }
    }

    /// Returns the verdict if the origin is known only once a server has named it.
    pub(super) fn if_discovered(self) -> Self {
        match self.sent {
            Sent::No => self,
            Sent::Yes | Sent::Depends => Self {
                sent: Sent::Depends,
                reason: Some(
                    "it depends on discovery: the server names the origins, and is not asked here"
                        .to_owned(),
                ),
            },
        }
    }

    /// Returns the verdict on a provider, also on a chain as a whole.
    pub(super) fn of(explained: &Explained) -> Self {
        let depends = |on: &str| Self { sent: Sent::Depends, reason: Some(on.to_owned()) };
        if let Some(reason) = explained.absence.as_ref().or(explained.refusal.as_ref()) {
            return Self::no(reason);
        }
        if !explained.links.is_empty() {
            return Self::of_chain(&explained.links);
        }
        match explained {
            _ if explained.is_per_request => {
                depends("it applies while a request with a token is served")
            }
            _ if explained.needs_login => {
                depends("it applies if a user is logged in, and the token store is not opened here")
            }
            _ => match explained.depends_on {
                Some(on) => depends(on),
                None => Self { sent: Sent::Yes, reason: None },
            },
        }
    }

    fn of_chain(links: &[Explained]) -> Self {
        let mut depends = false;
        for link in links {
            match Self::of(link).sent {
                Sent::Yes => return Self { sent: Sent::Yes, reason: None },
                // A value that it can't use stops the chain.
                Sent::No if link.absence.is_none() && link.refusal.is_some() => {
                    return Self::no(format!("`{}` fails", link.key));
                }
                Sent::No => {}
                Sent::Depends => depends = true,
            }
        }
        if depends {
            let reason = "it depends on which provider of the chain applies";
            return Self { sent: Sent::Depends, reason: Some(reason.to_owned()) };
        }
        Self::no("no provider of the chain applies")
    }

    /// Returns whether a chain stops at this provider, so that the ones after it are not asked.
    pub(super) fn ends_chain(&self, explained: &Explained) -> bool {
        self.sent == Sent::Yes || (explained.absence.is_none() && explained.refusal.is_some())
    }
}

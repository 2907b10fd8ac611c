//! `OfMachine`: which services of the machine are known to be here, or not to be here.
//!
//! A machine without such a service lets a request wait for nothing, so each address is asked once in a process. A service
//! that has answered once stays here, however slow it is later.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use url::Url;

use super::{Reach, client::shown, options::HttpOptions};
use crate::{Result, per_process::PerProcess};

/// Most addresses that are remembered. A program asks few.
const MOST: usize = 64;

/// What is known in this process, by address and kind of the service.
static KNOWN: PerProcess<ArcSwap<Known>> = PerProcess::new();

type Known = BTreeMap<(String, &'static str), bool>;

/// The address of a service of the machine.
#[doc(hidden)]
#[derive(Clone)]
pub struct OfMachine {
    url: Url,
    /// Which service it is. Another one can have the same address on another kind of machine.
    kind: &'static str,
}

impl OfMachine {
    /// Fails if the URL is not one of a service of the machine: plain http to a literal loopback or link-local address,
    /// `localhost` or `metadata.google.internal`.
    pub fn new(url: Url, kind: &'static str) -> Result<Self> {
        Reach::Machine.check(&url, &HttpOptions::default())?;
        Ok(Self { url, kind })
    }

    /// Returns the URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns scheme, host and port.
    pub fn place(&self) -> String {
        shown(&self.url)
    }

    /// Returns whether the service is here; `None` if it was not asked in this process.
    pub fn is_here(&self) -> Option<bool> {
        KNOWN.get(of_parent).value.load().get(&self.key()).copied()
    }

    /// Notes whether the service is here. One that was here stays here.
    pub fn note(&self, is_here: bool) {
        KNOWN.get(of_parent).value.rcu(|known| {
            let mut known = Known::clone(known);
            if known.len() < MOST || known.contains_key(&self.key()) {
                *known.entry(self.key()).or_default() |= is_here;
            }
            known
        });
    }

    fn key(&self) -> (String, &'static str) {
        (self.place(), self.kind)
    }
}

/// A forked child is on the same machine as its parent.
fn of_parent(known: Option<&ArcSwap<Known>>) -> ArcSwap<Known> {
    known.map_or_else(ArcSwap::default, |known| ArcSwap::new(Arc::clone(&known.load())))
}

impl fmt::Debug for OfMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OfMachine").field(&self.place()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(url: &str, kind: &'static str) -> Result<OfMachine> {
        OfMachine::new(url.parse().unwrap(), kind)
    }

    #[test]
    fn only_literal_addresses_of_the_machine_are_services_of_it() {
        for url in [
            "http://169.254.169.254/token",
            "http://127.0.0.1:41999/msi/token?a=b",
            "http://[fe80::a9fe:a9fe]/",
            "http://[::1]:8081/",
            "http://localhost:42356/msi/token",
            "http://metadata.google.internal/",
            "http://metadata.google.internal:8080/",
        ] {
            assert!(service(url, "a").is_ok(), "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "http://169.253.169.254/",
            "http://8.8.8.8/",
            "http://[fd20:ce::254]/",
            "http://[::ffff:169.254.169.254]/",
            "http://metadata.google.internal.example.com/",
            "http://metadata/",
            "http://169.254.169.254.example.com/",
            "https://169.254.169.254/",
            "http://ann:s3cr3t@169.254.169.254/",
            "ftp://169.254.169.254/",
            "unix:/run/service",
        ] {
            let error = service(url, "a").unwrap_err();
            assert!(error.message().contains("is not the address of a service"), "{url}: {error}");
            assert!(!error.to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn each_service_at_an_address_is_known_once() {
        let [here, other] =
            ["here", "other"].map(|kind| service("http://[::1]:1/a", kind).unwrap());
        assert_eq!(here.is_here(), None);
        here.note(false);
        assert_eq!(service("http://[::1]:1/b", "here").unwrap().is_here(), Some(false));
        assert_eq!(other.is_here(), None);
        here.note(true);
        here.note(false);
        assert_eq!(here.is_here(), Some(true), "a service that is slow once is still here");
        assert_eq!(
            of_parent(Some(&KNOWN.get(of_parent).value)).load().get(&here.key()),
            Some(&true)
        );
    }
}

//! `Absent`: what a provider of a chain lacked when the configuration was loaded.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Result, SecretString};

/// The secrets that were absent, until they are there and the provider has been checked.
#[derive(Debug)]
pub(super) struct Absent {
    secrets: Vec<SecretString>,
    is_over: AtomicBool,
}

impl Absent {
    pub(super) fn new(secrets: &[SecretString]) -> Self {
        Self { secrets: secrets.to_vec(), is_over: AtomicBool::new(false) }
    }

    /// Returns whether the provider has been checked.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Notes that the provider has been checked.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Resolves each secret. Fails if one is still absent.
    pub(super) async fn resolve(&self) -> Result<()> {
        for secret in &self.secrets {
            secret.resolve().await?;
        }
        Ok(())
    }
}

//! The modes of a console of Windows: Ctrl-C ends the read, which then restores them.

use std::{future::pending, io};

use rpassword::ConfigBuilder;

/// As on Unix, where these are the modes without echo.
#[derive(Debug)]
pub(super) struct Modes;

impl Modes {
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn without_echo(_question: &str, _ends_by_itself: bool) -> io::Result<Self> {
        Ok(Self)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn input(&self) -> io::Result<Input> {
        Ok(Input)
    }

    pub(super) async fn cancelled(&mut self) {
        pending().await
    }

    pub(super) fn answered(&mut self) {}
}

/// Returns whether a typed Ctrl-C ends the program, by the signal that it causes.
pub(super) fn interrupt_ends() -> bool {
    false
}

/// The console.
pub(super) struct Input;

impl Input {
    pub(super) fn of(self, config: ConfigBuilder) -> ConfigBuilder {
        config
    }
}

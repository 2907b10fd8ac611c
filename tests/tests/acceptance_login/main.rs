//! `authn login` as a user runs it, from the first link to the logout, at real servers and by the real program.
//!
//! - [`browser`]: headless Chromium; [`session`]: the session, from the login to its end
//! - [`giving_up`]: exit codes, and the state after a failed login
//! - [`together`]: other logins and a logout meanwhile; [`strangers`]: other connections to the port
//! - [`keycloak`]: realms in Keycloak's shape; [`keyring`]: sessions in a keyring
//! - [`surroundings`]: SSH, `BROWSER`, WSL; [`secrets`]: the sweep for secrets
//!
//! What is shown is in the tests `terminal_login`; servers and browsers are in the tests `login`.

#![cfg(unix)]

mod browser;
mod giving_up;
mod keycloak;
mod keyring;
mod scene;
mod secrets;
mod session;
mod strangers;
mod surroundings;
mod together;

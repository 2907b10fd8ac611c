//! `authn login` as a person uses it, from the first link to the logout, at real servers and by the real program.
//!
//! - [`browser`]: headless Chromium; [`session`]: what a login begins, and how it ends
//! - [`giving_up`]: exit codes, and what is left of a login that came to nothing
//! - [`together`]: other logins and a logout meanwhile; [`strangers`]: who else comes to the port
//! - [`keycloak`]: realms in Keycloak's shape; [`keyring`]: sessions in a keyring
//! - [`surroundings`]: SSH, `BROWSER`, WSL; [`secrets`]: the sweep for secrets
//!
//! What is shown is in the tests `terminal_login`; what a server or a browser may do is in the tests `login`.

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

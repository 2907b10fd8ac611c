//! Stands in for servers in tests: of an application that uses credentials, and of a provider. (Feature `testing`.)
//!
//! | to test … | use |
//! |---|---|
//! | code that gets [`Credentials`] as an argument | [`Stub`] |
//! | that it copes with a failure, a logout or an expiry | [`Stub::then`], [`Stub::failing`], [`ManualClock`] |
//! | requests and token requests as they are on the wire | [`TokenServer`] |
//! | what happens after a refresh in the background | [`settled`] |
//! | a provider's options, defaults and secrets | [`conformance::check`], [`conformance::rejects`] |
//! | a token store | [`conformance::check_store`] |
//!
//! Nothing here sleeps: time passes when a test moves a [`ManualClock`]. The repository's `docs/testing.md` is the guide.
//!
//! ```
//! use authn::{Credentials, testing::Stub};
//!
//! /// The code to test.
//! async fn greet(credentials: &Credentials) -> authn::Result<String> {
//!     let token = credentials.token().await?;
//!     Ok(format!("a token of {} characters", token.secret().len()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
//! let stub = Stub::token("abc");
//! assert_eq!(greet(&stub.credentials()?).await?, "a token of 3 characters");
//! assert_eq!(stub.exchanges(), 1);
//! # Ok(()) }
//! ```
//!
//! [`ManualClock`]: crate::time::ManualClock
//! [`conformance::check`]: crate::conformance::check
//! [`conformance::rejects`]: crate::conformance::rejects
//! [`conformance::check_store`]: crate::conformance::check_store

mod stub;
mod token_server;

pub use stub::Stub;
pub use token_server::{TokenRequest, TokenServer};

use crate::Credentials;

/// Waits until no exchange of these credentials is under way, such as a refresh in the background.
///
/// ```
/// use authn::{Token, testing::{self, Stub}, time::{Clock, ManualClock}};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> authn::Result<()> {
/// let token = |text| Token::new(text).map(|token| token.with_expires_in(Duration::from_mins(10)));
/// let (stub, clock) = (Stub::new(token("first")?).then(token("second")), ManualClock::new());
/// let credentials = stub.builder().clock(Clock::custom(clock.clone())).build()?;
/// assert_eq!(credentials.token().await?.secret(), "first");
///
/// clock.advance(Duration::from_mins(9));
/// assert_eq!(credentials.token().await?.secret(), "first"); // it starts a refresh
/// testing::settled(&credentials).await;
/// assert_eq!(credentials.token().await?.secret(), "second");
/// # Ok(()) }
/// ```
pub async fn settled(credentials: &Credentials) {
    credentials.settled().await;
}

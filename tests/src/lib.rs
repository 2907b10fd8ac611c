//! The harness for tests that cross crates or talk to a real server.
//!
//! The tests themselves are in `tests/tests`. They use what is here:
//!
//! - [`rig`]: a real authorization server and resource server, one for each test;
//! - [`keyring`]: a keyring of a desktop's kind, one for each test;
//! - [`redis`]: servers of Redis, alone, in a cluster, or with sentinels;
//! - [`command`]: a program of the workspace, run with nothing of this machine's environment;
//! - [`h2o_cloud`]: an H2O AI Cloud, one for each test;
//! - [`browser`]: a user and a browser, for a program that logs in;
//! - [`terminal`]: a program in a terminal of a given size, with keys and a screen;
//! - [`snapshot`]: screens compared with files;
//! - [`tools`]: servers of other tools, such as a repository of git, and these tools themselves;
//! - [`logs`]: everything that all crates of a test's process log;
//! - [`waiting`]: waiting for another process;
//! - [`document`]: the documents of the repository.
//!
//! The made-up secret that is searched for in every output is [`authn::conformance::Canary`].
//!
//! Everything here panics when it can't do its work, because a test has nothing better to do then. The message says
//! what to do.

#![expect(clippy::missing_panics_doc, reason = "everything here panics, as the page above says")]

pub mod browser;
pub mod command;
pub mod document;
pub mod h2o_cloud;
pub mod keyring;
pub mod logs;
#[cfg(unix)]
pub mod redis;
pub mod rig;
#[cfg(unix)]
mod sgr;
pub mod snapshot;
#[cfg(unix)]
pub mod terminal;
#[cfg(unix)]
pub mod tools;
pub mod waiting;

/// The README: its Rust is compiled by the test of this package's documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct Readme;

/// The guide to logins: its Rust is compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../../docs/login.md")]
#[derive(Debug)]
pub struct LoginGuide;

/// The guide to exchanges, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/token-exchange.md")]
#[derive(Debug)]
pub struct TokenExchangeGuide;

/// The guide to OAuth 1, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/oauth1.md")]
#[derive(Debug)]
pub struct OAuth1Guide;

/// The guide to H2O AI Cloud, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/h2o-cloud.md")]
#[derive(Debug)]
pub struct H2oCloudGuide;

/// The guide to tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
#[derive(Debug)]
pub struct TestingGuide;

/// The guide to servers that deviate, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/servers.md")]
#[derive(Debug)]
pub struct ServersGuide;

/// The guide to clients, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/clients.md")]
#[derive(Debug)]
pub struct ClientsGuide;

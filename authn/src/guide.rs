//! Guides: how to write a provider, and how the framework decides.
//!
//! | guide | subject |
//! |---|---|
//! | [`writing_a_provider`] | a provider of your own, from ten lines |
//! | [`signing_requests`] | a provider that signs requests, reacts to answers, or keeps secrets between calls |
//! | [`refresh_timing`] | when a token is refreshed, with every threshold and its reason |
//! | [`layers`] | where a configured value comes from, and what overrides it |
//! | [`sessions`] | what of a session is stored, where, and how several processes share it |
//! | [`stores`] | a token store of your own, and leases that can be lost |
//!
//! The guides for operators are in the folder `docs` of the repository.

#[doc = include_str!("../guide/writing_a_provider.md")]
pub mod writing_a_provider {}

#[doc = include_str!("../guide/signing_requests.md")]
pub mod signing_requests {}

#[doc = include_str!("../guide/refresh_timing.md")]
pub mod refresh_timing {}

#[doc = include_str!("../guide/layers.md")]
pub mod layers {}

#[doc = include_str!("../guide/sessions.md")]
pub mod sessions {}

#[doc = include_str!("../guide/stores.md")]
pub mod stores {}

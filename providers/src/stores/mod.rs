//! Token stores that are not part of the framework itself.

mod keyring;
